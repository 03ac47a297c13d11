package mesh_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// curious is a log handler that does something for each record.
type curious struct {
	slog.Handler
	do func()
}

func (c curious) Enabled(context.Context, slog.Level) bool { return true }

func (c curious) Handle(context.Context, slog.Record) error {
	c.do()
	return nil
}

// TestLogHandlerMayCallTheNode has a handler ask the node who is here, and say
// something, whenever anything is logged.
func TestLogHandlerMayCallTheNode(t *testing.T) {
	inRoom(t, func(r *room) {
		var node atomic.Pointer[mesh.Node]
		handler := curious{slog.DiscardHandler, func() {
			if n := node.Load(); n != nil {
				n.Members()
				n.Sightings()
				_, _ = n.Broadcast(context.Background(), []byte("logged"))
			}
		}}
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Logger = slog.New(handler) })
		node.Store(ana.Node)
		bo := r.join("bo", nil)
		pass(time.Second)
		bo.host.Kill()
		pass(10 * time.Second)
		r.heard(ana, "joined bo", "lost bo")
		if len(ana.Members()) > 0 {
			t.Errorf("still here: %v", ana.Members())
		}
	})
}

// TestStuckLogHandlerHoldsNobody has a handler that never returns.
func TestStuckLogHandlerHoldsNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		stuck := make(chan struct{})
		handler := curious{slog.DiscardHandler, func() { <-stuck }}
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Logger = slog.New(handler) })
		defer close(stuck)
		for i := range 30 {
			bo := r.join(fmt.Sprint("bo", i), nil)
			r.delivered(r.say(bo, "hi"))
			r.delivered(r.say(ana, "hi"))
			bo.host.Kill()
			pass(time.Second)
		}
		synctest.Wait()
	})
}

// TestStuckLogHandlerLinks is the same with links over this machine's network,
// where more is logged than what the mesh has to say.
func TestStuckLogHandlerLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets are not for short runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stuck := make(chan struct{})
	handler := curious{slog.DiscardHandler, func() { <-stuck }}
	var nodes []*mesh.Node
	var peers []string
	for _, name := range []string{"ana", "bo"} {
		n, err := mesh.Join(ctx, mesh.Config{
			Name:       name,
			Room:       fmt.Sprint(t.Name(), os.Getpid()),
			Interfaces: []string{loopback(t)},
			Peers:      peers,
			Logger:     slog.New(handler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
		peers = []string{n.Addrs()[0].String()}
	}
	defer close(stuck)
	for _, n := range nodes {
		await(ctx, t, n, joined)
	}
}
