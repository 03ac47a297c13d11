package mesh_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// loopback returns the name of the loopback interface. A network namespace that
// nobody has set up has one that is down.
func loopback(t testing.TB) string {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return i.Name
		}
	}
	t.Skip("this machine has no loopback interface that is up")
	return ""
}

// await reads events until one fits.
func await(ctx context.Context, t testing.TB, n *mesh.Node, fits func(mesh.Event) bool) {
	t.Helper()
	for ev, err := range n.Events(ctx) {
		if err != nil {
			t.Fatalf("%s: %v", n.Self().Name, err)
		}
		if fits(ev) {
			return
		}
	}
	t.Fatalf("%s: the events have ended", n.Self().Name)
}

func joined(ev mesh.Event) bool { _, ok := ev.(mesh.Joined); return ok }

// TestMachine runs nodes on this machine's own network: WebRTC and mDNS on the
// loopback interface. The nodes leave no goroutine behind.
func TestMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets are not for short runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before := steady(ctx)
	alone := 0                                // goroutines of a node without links
	room := fmt.Sprint(t.Name(), os.Getpid()) // others may run this test on this machine
	var nodes []*mesh.Node
	logs := &logBook{}
	defer func() {
		if t.Failed() {
			t.Log(logs.String())
		}
	}()
	for _, name := range []string{"ana", "bo", "cy"} {
		n, err := mesh.Join(ctx, mesh.Config{
			Name:       name,
			Room:       room,
			Interfaces: []string{loopback(t)},
			Logger:     slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", name),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
		if alone == 0 {
			alone = runtime.NumGoroutine() - before
		}
	}
	for _, n := range nodes {
		for range 2 {
			await(ctx, t, n, joined)
		}
	}
	// Six ends of links, and nothing else once all dials have ended. What an earlier
	// test has left and ends meanwhile makes alone too small: less than one more for
	// each end is let pass.
	settle(ctx, t, before+3*alone+6*17+5)
	ana, bo := nodes[0], nodes[1]
	receipt, err := ana.Broadcast(ctx, []byte("hi"))
	if err != nil {
		t.Fatal(err)
	}
	if err := receipt.Delivered(ctx); err != nil || len(receipt.To()) != 2 {
		t.Errorf("delivered to %d: %v", len(receipt.To()), err)
	}
	for _, n := range nodes[1:] {
		await(ctx, t, n, func(ev mesh.Event) bool {
			m, ok := ev.(mesh.Message)
			return ok && string(m.Data) == "hi"
		})
	}
	if d, err := ana.Ping(ctx, bo.Self().Member); err != nil || d <= 0 {
		t.Errorf("ping: %v, %v", d, err)
	}
	if err := bo.Leave(ctx); err != nil {
		t.Error(err)
	}
	await(ctx, t, ana, func(ev mesh.Event) bool {
		left, ok := ev.(mesh.Left)
		return ok && left.Reason == nil && left.Peer.Member == bo.Self().Member
	})
	for _, n := range nodes {
		n.Close()
	}
	settle(ctx, t, before)
}

// steady returns how many goroutines run, once none of those that earlier tests
// have left has ended for a while.
func steady(ctx context.Context) int {
	n := runtime.NumGoroutine()
	for same := 0; same < 20 && ctx.Err() == nil; same++ {
		time.Sleep(10 * time.Millisecond)
		if now := runtime.NumGoroutine(); now != n {
			n, same = now, 0
		}
	}
	return n
}

// settle waits until no more goroutines run than that.
func settle(ctx context.Context, t testing.TB, limit int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > limit {
		select {
		case <-tick.C:
		case <-ctx.Done():
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left, want %d:\n%s", runtime.NumGoroutine(), limit, buf[:runtime.Stack(buf, true)])
		}
	}
}
