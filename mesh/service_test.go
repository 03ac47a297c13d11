package mesh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// open has one node listen for a service and the other dial it.
func open(t testing.TB, from, to *mesh.Node, service string) (near, far net.Conn) {
	t.Helper()
	l, err := to.Listen(service)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err = from.Dial(t.Context(), to.Self().Member, service)
	if err != nil {
		t.Fatal(err)
	}
	far, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near, far
}

// swap sends bytes both ways and ends both directions.
func swap(t testing.TB, near, far net.Conn) {
	t.Helper()
	want := bytes.Repeat([]byte("0123456789"), 200_000)
	for _, ends := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			ends[0].Write(want)
			ends[0].(interface{ CloseWrite() error }).CloseWrite()
		}()
		if got, err := io.ReadAll(ends[1]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came as %d, %v", len(want), len(got), err)
		}
	}
}

func TestDialService(t *testing.T) {
	inRoom(t, func(r *room) {
		t := r.T
		a, b := r.join("ana", nil), r.join("bo", nil)
		near, far := open(t, a.Node, b.Node, "notes/1")
		if got := near.RemoteAddr(); got != (mesh.Addr{Member: b.Self().Member, Service: "notes/1"}) {
			t.Errorf("the near end goes to %v", got)
		}
		if got := far.RemoteAddr(); got != (mesh.Addr{Member: a.Self().Member, Service: "notes/1"}) {
			t.Errorf("the far end goes to %v", got)
		}
		swap(t, near, far)
		if _, err := a.Dial(t.Context(), b.Self().Member, "other"); !errors.Is(err, mesh.ErrNoService) {
			t.Errorf("nobody listens: %v", err)
		}
		if _, err := a.Dial(t.Context(), mesh.Member{}, "notes/1"); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("nobody there: %v", err)
		}
	})
}

// two starts two nodes on this machine's loopback interface that have met. They
// leave no goroutine behind.
func two(t testing.TB) (a, b *mesh.Node) {
	t.Helper()
	if testing.Short() {
		t.Skip("real sockets are not for short runs")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		settle(ctx, t, before)
		cancel()
	})
	var nodes []*mesh.Node
	for _, name := range []string{"ana", "bo"} {
		n, err := mesh.Join(ctx, mesh.Config{
			Name: name, Room: fmt.Sprint(t.Name(), os.Getpid()), Interfaces: []string{loopback(t)},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		if _, err := n.Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return nodes[0], nodes[1]
}

// TestDialServiceOnThisMachine sends bytes over real sockets.
func TestDialServiceOnThisMachine(t *testing.T) {
	a, b := two(t)
	near, far := open(t, a, b, "notes/1")
	swap(t, near, far)
}

// TestStreamsAreConns has the streams of both transports pass for net.Conns.
func TestStreamsAreConns(t *testing.T) {
	t.Run("meshtest", func(t *testing.T) {
		lan := meshtest.NewLAN()
		var nodes []*mesh.Node
		for _, name := range []string{"ana", "bo"} {
			n, err := mesh.Join(t.Context(), mesh.Config{Name: name, Network: lan.Host(name)})
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			nodes = append(nodes, n)
		}
		await(t.Context(), t, nodes[0], joined)
		await(t.Context(), t, nodes[1], joined)
		nettest.TestConn(t, pipes(nodes[0], nodes[1]))
	})
	t.Run("tcp", func(t *testing.T) {
		a, b := two(t)
		nettest.TestConn(t, pipes(a, b))
	})
}

// pipes makes streams as nettest wants them.
func pipes(from, to *mesh.Node) nettest.MakePipe {
	return func() (near, far net.Conn, stop func(), err error) {
		l, err := to.Listen("pipe")
		if err != nil {
			return nil, nil, nil, err
		}
		defer l.Close()
		if near, err = from.Dial(context.Background(), to.Self().Member, "pipe"); err != nil {
			return nil, nil, nil, err
		}
		if far, err = l.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return near, far, func() {
			near.Close()
			far.Close()
		}, nil
	}
}

// TestListensSoonAfterItsStart has a program be dialed before it listens: it could not
// before it had joined, and others know of it then.
func TestListensSoonAfterItsStart(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		dialed := make(chan error)
		go func() {
			c, err := a.Dial(r.Context(), b.Self().Member, "notes/1")
			if err == nil {
				c.Close()
			}
			dialed <- err
		}()
		time.Sleep(100 * time.Millisecond)
		r.listenFor(b, "notes/1")
		if err := <-dialed; err != nil {
			r.Error(err)
		}
		time.Sleep(time.Second)
		began := time.Now()
		if _, err := a.Dial(r.Context(), b.Self().Member, "other"); !errors.Is(err, mesh.ErrNoService) || time.Since(began) > time.Second/2 {
			r.Errorf("nobody listens: %v after %v", err, time.Since(began))
		}
	})
}
