package mesh_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// isolated is a client of an access point that keeps its clients apart. What
// its program has read is checked at once and not kept: it would be most of a
// gigabyte.
type isolated struct {
	*mesh.Node
	read chan struct{}

	mu    sync.Mutex             // guards what follows
	heard map[mesh.Member]uint64 // the last message of each
	wrong []string
}

// isolate joins a hub, and so many clients that reach it alone.
func (r *room) isolate(count int) (clients []*isolated) {
	r.Helper()
	for i := range count {
		for j := range i {
			r.lan.Cut(r.lan.Host(fmt.Sprint("c", i)), r.lan.Host(fmt.Sprint("c", j)))
		}
	}
	hub := r.join("hub", nil)
	hub.Forget()
	for i := range count {
		a := r.joinSilently(fmt.Sprint("c", i), nil).unread()
		c := &isolated{Node: a.Node, read: make(chan struct{}), heard: make(map[mesh.Member]uint64)}
		c.Forget()
		clients = append(clients, c)
		go c.listen()
		pass(50 * time.Millisecond)
	}
	pass(30 * time.Second)
	for _, c := range clients {
		if got := len(c.Members()); got != count {
			r.Fatalf("%s sees %d members, want %d", c.Self().Name, got, count)
		}
	}
	return clients
}

func (c *isolated) listen() {
	defer close(c.read)
	for ev, err := range c.Events(context.Background()) {
		if err != nil {
			return
		}
		c.mu.Lock()
		switch ev := ev.(type) {
		case mesh.Message:
			if last := c.heard[ev.From.Member]; ev.Seq != last+1 || len(ev.Data) != 64<<10 {
				c.wrong = append(c.wrong, fmt.Sprintf("message %d of %s after %d", ev.Seq, ev.From.Name, last))
			}
			c.heard[ev.From.Member] = ev.Seq
		case mesh.Left, mesh.Rerouted, mesh.Gap:
			c.wrong = append(c.wrong, fmt.Sprintf("%T %+v", ev, ev))
		}
		c.mu.Unlock()
	}
}

// TestIsolatedClientsAllSpeak has the clients of an access point that keeps
// them apart say 64 KiB each, all at once and several times: nobody loses a
// tunnel, and the hub, which relays it all, keeps no more than it may.
func TestIsolatedClientsAllSpeak(t *testing.T) {
	long(t)
	counts := []int{20, 60}
	if raceEnabled {
		counts = counts[:1] // the other takes 3 GB
	}
	for _, count := range counts {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			inRoom(t, func(r *room) { r.allSpeak(count, 3) })
		})
	}
}

func (r *room) allSpeak(count, rounds int) {
	clients := r.isolate(count)
	body := []byte(strings.Repeat("x", 64<<10))
	for range rounds {
		for _, c := range clients {
			if _, err := c.Broadcast(r.Context(), body); err != nil {
				r.Fatal(err)
			}
		}
		pass(10 * time.Second)
	}
	synctest.Wait()
	for _, c := range clients {
		c.mu.Lock()
		for _, what := range c.wrong {
			r.Errorf("%s: %s", c.Self().Name, what)
		}
		for _, from := range clients {
			if n := c.heard[from.Self().Member]; from != c && n != uint64(rounds) {
				r.Errorf("%s has read %d messages of %s", c.Self().Name, n, from.Self().Name)
			}
		}
		c.mu.Unlock()
	}
	for _, c := range clients {
		c.Close()
		<-c.read
	}
}
