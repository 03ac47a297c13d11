package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

// room is a LAN in memory with the nodes of a test on it, in a bubble where
// time passes only when nothing else can happen.
type room struct {
	*testing.T
	lan    *meshtest.LAN
	actors []*actor
	logs   *logBook
	secret peer.Secret // of the room, unless a test gives a node another; zero: none
}

// inRoom runs a test in a room and closes what it leaves.
func inRoom(t *testing.T, test func(r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{T: t, lan: meshtest.NewLAN(), logs: &logBook{}}
		defer func() {
			for _, a := range r.actors {
				a.Close()
				<-a.read
			}
		}()
		test(r)
	})
}

// actor is a node and what its program has read.
type actor struct {
	*mesh.Node
	host *meshtest.Host
	read chan struct{} // closed when Events has ended
	last error         // what it ended with

	mu   sync.Mutex // guards what follows
	past []mesh.Event
}

// join starts a node on the host of that name; edit may be nil.
func (r *room) join(name string, edit func(*mesh.Config)) *actor {
	r.Helper()
	a := r.joinSilently(name, edit)
	go func() {
		defer close(a.read)
		for ev, err := range a.Events(context.Background()) {
			if err != nil {
				a.last = err
				return
			}
			a.mu.Lock()
			a.past = append(a.past, ev)
			a.mu.Unlock()
		}
	}()
	pass(100 * time.Millisecond)
	return a
}

// joinSilently starts a node whose program does not read its events.
func (r *room) joinSilently(name string, edit func(*mesh.Config)) *actor {
	r.Helper()
	host := r.lan.Host(name)
	cfg := mesh.Config{Name: name, Network: host, Logger: slog.New(slog.NewTextHandler(r.logs, nil))}
	mesh.SetSecret(&cfg, r.secret)
	if edit != nil {
		edit(&cfg)
	}
	n, err := mesh.Join(r.Context(), cfg)
	if err != nil {
		r.Fatal(err)
	}
	a := &actor{Node: n, host: host, read: make(chan struct{})}
	r.actors = append(r.actors, a)
	return a
}

// key is what all that is signed in the room is bound to.
func (r *room) key() wire.RoomKey { return r.secret.RoomKey(peer.DefaultRoom) }

// unread marks a node as one whose events the test reads itself, or not at all.
func (a *actor) unread() *actor {
	close(a.read)
	return a
}

// long leaves a test out of short runs, which are there to be many: one that does
// the same a thousand times, or in a room of twenty, has chances enough for a
// race in one.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("floods and large rooms are not for short runs")
	}
}

// pass lets time pass and everything settle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// say broadcasts, or fails the test.
func (r *room) say(a *actor, text string) *mesh.Receipt {
	r.Helper()
	receipt, err := a.Broadcast(r.Context(), []byte(text))
	if err != nil {
		r.Fatalf("%s: broadcast: %v", a.Self().Name, err)
	}
	return receipt
}

// events returns what the program has read so far.
func (a *actor) events() []mesh.Event {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.past
}

// story returns what the program has read so far as lines. Members that joined
// one right after the other are sorted: who of them is first is chance.
func (a *actor) story() []string {
	var lines []string
	for _, ev := range a.events() {
		if _, ok := ev.(mesh.Rerouted); !ok { // not a part of what was said: see reroutes
			lines = append(lines, line(ev))
		}
	}
	for i := range lines {
		for j := i; j > 0 && isJoined(lines[j]) && isJoined(lines[j-1]) && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
	return lines
}

func isJoined(line string) bool { return strings.HasPrefix(line, "joined ") }

func line(ev mesh.Event) string {
	switch ev := ev.(type) {
	case mesh.Joined:
		return "joined " + ev.Peer.Name
	case mesh.Left:
		if ev.Reason != nil {
			return "lost " + ev.Peer.Name
		}
		return "left " + ev.Peer.Name
	case mesh.Message:
		if ev.History {
			return fmt.Sprintf("%s %d earlier: %s", ev.From.Name, ev.Seq, ev.Data)
		}
		if ev.Private {
			return fmt.Sprintf("%s %d privately: %s", ev.From.Name, ev.Seq, ev.Data)
		}
		return fmt.Sprintf("%s %d: %s", ev.From.Name, ev.Seq, ev.Data)
	case mesh.Gap:
		return fmt.Sprintf("gap %s %d", ev.From.Name, ev.Count)
	case mesh.Conflict:
		return fmt.Sprintf("conflict %s %d", ev.From.Name, ev.Seq)
	}
	return "?"
}

// heard fails the test unless the program has read exactly this.
func (r *room) heard(a *actor, want ...string) {
	r.Helper()
	if got := a.story(); !reflect.DeepEqual(got, want) {
		r.Errorf("%s has read\n\t%s\nwant\n\t%s", a.Self().Name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// names returns the names of peers as one string.
func names(peers []mesh.Peer) string {
	var list []string
	for _, p := range peers {
		list = append(list, p.Name)
	}
	return strings.Join(list, " ")
}

// present fails the test unless these are the members, in this order.
func (r *room) present(a *actor, want string) {
	r.Helper()
	synctest.Wait()
	if got := names(a.Members()); got != want {
		r.Errorf("%s sees %q, want %q", a.Self().Name, got, want)
	}
}

// delivered fails the test unless everybody has confirmed already.
func (r *room) delivered(receipt *mesh.Receipt) {
	r.Helper()
	if err := settled(receipt); err != nil {
		r.Errorf("message %d: %v; pending: %q", receipt.Seq(), err, names(receipt.Pending()))
	}
}

// undelivered fails the test unless exactly these left without confirming.
func (r *room) undelivered(receipt *mesh.Receipt, want string) {
	r.Helper()
	err := settled(receipt)
	var un *mesh.UndeliveredError
	if !errors.As(err, &un) || names(un.Left) != want {
		r.Errorf("message %d: got %v, want an UndeliveredError for %q", receipt.Seq(), err, want)
	}
}

// settled returns how a message fared until now.
func settled(receipt *mesh.Receipt) error {
	synctest.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return receipt.Delivered(ctx)
}

// logBook keeps what nodes log.
type logBook struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
