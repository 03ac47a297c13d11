package tunnel

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/hpke"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

var room = wire.NewRoomKey("lan")

// end is a member with one end of a tunnel.
type end struct {
	*Tunnel
	id     *peer.Identity
	record []byte
	window atomic.Int64
	woken  chan struct{}
}

func newEnd(id *peer.Identity, self wire.Member, to wire.Member) *end {
	key, err := hpke.NewKey()
	if err != nil {
		panic(err)
	}
	e := &end{id: id, woken: make(chan struct{}, 1)}
	e.window.Store(MaxWindow)
	e.record = wire.AppendRecord(nil, room, wire.Record{Member: self, Key: key.Public()}, id.Sign)
	e.Tunnel = New(Config{
		Room: room, Self: self, Sign: id.Sign, Key: key, To: to.Instance, Window: &e.window,
		Wake: func() {
			select {
			case e.woken <- struct{}{}:
			default:
			}
		},
	}, time.Now())
	return e
}

// memberOf is a start of an ID with the zero salt.
func memberOf(id *peer.Identity) wire.Member {
	return wire.Member{ID: id.ID(), Instance: wire.InstanceOf(id.ID(), [wire.SaltSize]byte{})}
}

// pair is the two ends of a tunnel that is not up.
func pair() (a, b *end) {
	ids := [2]*peer.Identity{peer.NewIdentity(), peer.NewIdentity()}
	ana, bo := memberOf(ids[0]), memberOf(ids[1])
	return newEnd(ids[0], ana, bo), newEnd(ids[1], bo, ana)
}

// open makes a tunnel of a pair.
func open(t *testing.T, a, b *end) {
	t.Helper()
	ofA, ofB := a.keys(t, b), b.keys(t, a)
	if !b.Agree(ofA, time.Now()) || !a.Agree(ofB, time.Now()) {
		t.Fatal("the keys are refused")
	}
}

// keys has an end meet the other, and returns what it answers.
func (e *end) keys(t *testing.T, other *end) wire.Keys {
	t.Helper()
	o, err := wire.ParseOpen(other.Hello(other.record)[1:])
	if err != nil || !o.Verify(room, e.cfg.Self.Instance, other.id.ID().Verify) {
		t.Fatalf("the open is no good: %v", err)
	}
	p, err := e.Meet(o)
	if err != nil {
		t.Fatal(err)
	}
	k, err := wire.ParseKeys(p[1:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// carry posts what comes from one end to the other, each after a delay, until
// both have ended. post returns what arrives in place of a record.
func carry(from, to *end, delay time.Duration, post func([]byte) [][]byte) {
	type parcel struct {
		record []byte
		due    time.Time
	}
	way := make(chan parcel, 1<<16)
	go func() {
		for p := range way {
			time.Sleep(time.Until(p.due))
			to.Open(p.record[1+wire.TagSize:], time.Now())
		}
	}()
	defer close(way)
	for {
		for record := from.Next(time.Now()); record != nil; record = from.Next(time.Now()) {
			for _, r := range post(record) {
				way <- parcel{r, time.Now().Add(delay)}
			}
		}
		select {
		case <-from.woken:
		case <-to.Done():
			return
		}
	}
}

func asItIs(record []byte) [][]byte { return [][]byte{record} }

// between runs a test with a pair that is connected.
func between(t *testing.T, delay time.Duration, post func([]byte) [][]byte, test func(t *testing.T, a, b *end)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := pair()
		open(t, a, b)
		go carry(a, b, delay, post)
		go carry(b, a, delay, asItIs)
		stop := make(chan struct{})
		go a.Watch(stop)
		go b.Watch(stop)
		test(t, a, b)
		close(stop)
		a.Close(errors.New("test is over"))
		b.Close(errors.New("test is over"))
		time.Sleep(time.Minute)
	})
}

// TestMessagesArrive sends messages of all sizes both ways, through windows of
// all sizes.
func TestMessagesArrive(t *testing.T) {
	sizes := []int{1, 100, MinWindow, partSize - 1, partSize, partSize + 1, wire.MaxMessage - 1000, wire.MaxMessage, 1, 1}
	for _, window := range []int64{0, MinWindow, 10_000, MaxWindow, 1 << 40} {
		between(t, 5*time.Millisecond, asItIs, func(t *testing.T, a, b *end) {
			a.window.Store(window)
			b.window.Store(window)
			for _, e := range []*end{a, b} {
				go func() {
					for i, n := range sizes {
						if err := e.WriteMessage(bytes.Repeat([]byte{byte(i)}, n)); err != nil {
							t.Error(err)
						}
					}
				}()
			}
			for _, e := range []*end{a, b} {
				for i, n := range sizes {
					p, err := e.ReadMessage()
					if err != nil || !bytes.Equal(p, bytes.Repeat([]byte{byte(i)}, n)) {
						t.Errorf("with a window of %d message %d has %d bytes, want %d: %v", window, i, len(p), n, err)
					}
				}
			}
		})
	}
}

// TestWriterWaits holds that no more is under way than the window, whether
// nobody carries it or nobody reads it, and that pings pass what waits.
func TestWriterWaits(t *testing.T) {
	const window = 20_000
	under := 0
	count := func(record []byte) [][]byte {
		under += len(record)
		return asItIs(record)
	}
	between(t, time.Millisecond, count, func(t *testing.T, a, b *end) {
		a.window.Store(window)
		wrote := 0
		go func() {
			for range 100 {
				if a.WriteMessage(make([]byte, 1000)) == nil {
					wrote++
				}
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if under > window+window/10 || wrote > window/1000 || b.inbox.size > window {
			t.Errorf("%d bytes are under way, %d messages written, %d bytes there", under, wrote, b.inbox.size)
		}
		if rtt, err := a.Ping(t.Context()); err != nil || rtt != 2*time.Millisecond {
			t.Errorf("ping: %v, %v", rtt, err)
		}
		for range 100 {
			if _, err := b.ReadMessage(); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if wrote != 100 {
			t.Errorf("%d messages are written when all are read", wrote)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a, b := pair()
		open(t, a, b)
		done := make(chan error)
		go func() { done <- a.WriteMessage(make([]byte, 1000)) }()
		select {
		case err := <-done:
			t.Errorf("what nobody fetched was written: %v", err)
		case <-time.After(time.Hour):
		}
		a.Close(errors.New("enough"))
		if err := <-done; err == nil || err.Error() != "enough" {
			t.Errorf("written with %v", err)
		}
	})
}

// TestUnreadMessagesAreCounted has a member fill its window with messages of one byte,
// each of which takes memory many times that: it may have so many under way, and no more.
func TestUnreadMessagesAreCounted(t *testing.T) {
	between(t, 0, asItIs, func(t *testing.T, a, b *end) {
		for range maxUnread {
			if err := a.WriteMessage([]byte{0}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if b.err != nil || len(b.messages) != maxUnread {
			t.Fatalf("%d messages wait, %v", len(b.messages), b.err)
		}
		for range 10 {
			_ = a.WriteMessage([]byte{0}) // it may have heard
			synctest.Wait()
		}
		if !errors.Is(b.err, ErrWindow) || len(b.messages) > maxUnread {
			t.Errorf("%d messages wait, %v", len(b.messages), b.err)
		}
	})
}

// TestBadWaysAreFoundOut does to records what relays may do: the tunnel ends,
// both sides know why, and what was read before is right.
func TestBadWaysAreFoundOut(t *testing.T) {
	var early, tenth []byte
	for name, treat := range map[string]func(n int, r []byte) [][]byte{
		"lost":     func(int, []byte) [][]byte { return nil },
		"altered":  func(_ int, r []byte) [][]byte { r[len(r)-1] ^= 1; return asItIs(r) },
		"cut":      func(_ int, r []byte) [][]byte { return asItIs(r[:len(r)-1]) },
		"empty":    func(_ int, r []byte) [][]byte { return asItIs(r[:1+wire.TagSize]) },
		"doubled":  func(_ int, r []byte) [][]byte { return [][]byte{r, r} },
		"replayed": func(_ int, r []byte) [][]byte { return [][]byte{r, early} },
		"swapped": func(n int, r []byte) [][]byte {
			if n == 10 {
				tenth = r
				return nil
			}
			return [][]byte{r, tenth}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			some := func(r []byte) [][]byte {
				if n++; n == 5 {
					early = bytes.Clone(r)
				}
				if n == 10 || n == 11 && name == "swapped" {
					return treat(n, r)
				}
				return asItIs(r)
			}
			between(t, time.Millisecond, some, func(t *testing.T, a, b *end) {
				go func() {
					for i := range 30 {
						_ = a.WriteMessage([]byte{byte(i)})
					}
				}()
				for i := 0; ; i++ {
					p, err := b.ReadMessage()
					if err != nil {
						if !errors.Is(err, ErrSeal) || i > 10 {
							t.Errorf("after %d messages: %v", i, err)
						}
						break
					}
					if p[0] != byte(i) {
						t.Errorf("message %d is %d", i, p[0])
					}
				}
				_, err := a.ReadMessage()
				var closed *peer.CloseError
				if !errors.As(err, &closed) || closed.Reason != ErrSeal.Error() {
					t.Errorf("the other side ended with %v", err)
				}
			})
		})
	}
}

// TestForgedKeys holds that a tunnel comes up with keys of the member that was
// met, for this tunnel, alone.
func TestForgedKeys(t *testing.T) {
	a, b := pair()
	mallory := newEnd(peer.NewIdentity(), b.cfg.Self, a.cfg.Self)
	good := b.keys(t, a)
	a.keys(t, b)
	bad := mallory.keys(t, a)
	bad.Nonce = b.nonce
	old := b.keys(t, a)
	old.Other = [wire.NonceSize]byte{1}
	for name, k := range map[string]wire.Keys{"another's": bad, "of another tunnel": old} {
		if a.Agree(k, time.Now()) || a.Up() {
			t.Errorf("keys that are %s are taken", name)
		}
	}
	if !a.Agree(good, time.Now()) || !a.Up() || a.Agree(good, time.Now()) {
		t.Error("the right keys are to be taken, once")
	}
}

// TestForgedKeysAreBounded holds that a tunnel ends when too many keys came for it that
// nobody signed, each of which takes a check.
func TestForgedKeysAreBounded(t *testing.T) {
	for forged, want := range map[int]bool{maxForged - 1: true, maxForged: false} {
		a, b := pair()
		mallory := newEnd(peer.NewIdentity(), b.cfg.Self, a.cfg.Self)
		good := b.keys(t, a)
		a.keys(t, b)
		bad := mallory.keys(t, a)
		bad.Nonce = b.nonce
		for range forged {
			if a.Agree(bad, time.Now()) {
				t.Fatal("forged keys are taken")
			}
		}
		if got := a.Agree(good, time.Now()); got != want {
			t.Errorf("after %d forged keys the right ones are taken: %v, want %v", forged, got, want)
		}
	}
}

// TestEndsAreTold holds what the other side's ReadMessage returns at last.
func TestEndsAreTold(t *testing.T) {
	between(t, time.Millisecond, asItIs, func(t *testing.T, a, b *end) {
		_ = a.WriteMessage([]byte("last"))
		a.Close(errors.New("for a reason"))
		if p, err := b.ReadMessage(); err != nil || string(p) != "last" {
			t.Errorf("read %q, %v", p, err)
		}
		var closed *peer.CloseError
		if _, err := b.ReadMessage(); !errors.As(err, &closed) || closed.Reason != "for a reason" {
			t.Errorf("ended with %v", err)
		}
	})
	between(t, time.Millisecond, asItIs, func(t *testing.T, a, b *end) {
		_ = a.CloseAs(errors.New("another link"), Replaced)
		if _, err := b.ReadMessage(); !errors.Is(err, peer.ErrReplaced) {
			t.Errorf("ended with %v", err)
		}
		if err := b.WriteMessage([]byte("late")); !errors.Is(err, peer.ErrReplaced) {
			t.Errorf("written with %v", err)
		}
		if _, err := b.Ping(t.Context()); err == nil {
			t.Error("pinged")
		}
	})
}

// TestPingEndsWithItsContext holds that a ping that nobody waits for is
// forgotten.
func TestPingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair()
		open(t, a, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ping: %v", err)
		}
		if a.Due() || len(a.waits) > 0 {
			t.Error("the ping is still to go out")
		}
	})
}
