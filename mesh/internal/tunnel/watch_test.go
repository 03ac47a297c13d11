package tunnel

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// TestSilentRelayIsFoundOut has a relay that drops everything from a moment on:
// with traffic the tunnel ends in six seconds and a turn, without any when it is
// asked for the next time.
func TestSilentRelayIsFoundOut(t *testing.T) {
	for name, talks := range map[string]bool{"talking": true, "idle": false} {
		t.Run(name, func(t *testing.T) {
			var drops atomic.Bool
			post := func(r []byte) [][]byte {
				if drops.Load() {
					return nil
				}
				return asItIs(r)
			}
			between(t, time.Millisecond, post, func(t *testing.T, a, b *end) {
				time.Sleep(10 * time.Minute)
				drops.Store(true)
				start, most := time.Now(), Idle+Dead+Quiet
				if talks {
					most = Dead + Quiet
					_ = a.WriteMessage([]byte("anybody?"))
				}
				<-a.Done()
				if took := time.Since(start); took > most || took < Dead {
					t.Errorf("it ended after %v", took)
				}
				_, err := a.ReadMessage()
				var closed *peer.CloseError // the other side may have noticed first
				if !errors.Is(err, ErrSilent) && !(errors.As(err, &closed) && closed.Reason == ErrSilent.Error()) {
					t.Errorf("it ended with %v", err)
				}
			})
		})
	}
}

// TestIdleTunnelsAskSeldom counts the records of an hour in which nobody says
// anything, and when the pings of the first minutes come.
func TestIdleTunnelsAskSeldom(t *testing.T) {
	var count atomic.Int64
	post := func(r []byte) [][]byte {
		count.Add(1)
		return asItIs(r)
	}
	between(t, time.Millisecond, post, func(t *testing.T, a, b *end) {
		time.Sleep(time.Hour)
		if most := 2*int64(time.Hour/Idle) + 10; count.Load() > most || count.Load() < most/8 {
			t.Errorf("%d records in an hour, want at most %d", count.Load(), most)
		}
	})
	w := newWatch(time.Time{})
	now := time.Time{}
	var pings []time.Duration
	for len(pings) < 7 {
		ask, dead, next := w.turn(now)
		if dead {
			t.Fatal("given up, though all pings were answered")
		}
		if ask {
			pings = append(pings, now.Sub(time.Time{}))
			w.owe(now)
			w.hear(now)
		}
		now = next
	}
	want := []time.Duration{2, 6, 14, 30, 62, 94, 126}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(pings, want) {
		t.Errorf("pings after %v, want %v", pings, want)
	}
}

// TestFloodEndsTheTunnel has the other side send far more than it may.
func TestFloodEndsTheTunnel(t *testing.T) {
	for name, kind := range map[string]byte{"messages": wire.SealedMessage, "one without an end": wire.SealedPart} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := pair()
				open(t, a, b)
				for range 100 {
					b.Open(a.sealLocked(kind, make([]byte, partSize))[1+wire.TagSize:], time.Now())
				}
				if b.err == nil || b.inbox.size > MaxWindow+wire.MaxMessage+partSize {
					t.Errorf("it holds %d bytes and has ended with %v", b.inbox.size, b.err)
				}
			})
		})
	}
}

// FuzzSealed gives a tunnel whatever the other side may have sealed. The first
// byte of each chunk is its kind, the second its length.
func FuzzSealed(f *testing.F) {
	f.Add([]byte{wire.SealedMessage, 2, 'h', 'i', wire.SealedPart, 0, wire.SealedMessage, 0, wire.SealedClose, 1, '\n'})
	f.Add([]byte{wire.SealedCredit, 8, 255, 255, 255, 255, 255, 255, 255, 255, wire.SealedPing, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{wire.SealedPong, 8, 0, 0, 0, 0, 0, 0, 0, 0, 99, 1, 2})
	f.Fuzz(func(t *testing.T, p []byte) {
		var a, b *end
		a, b = pair()
		ofA := a.keys(t, b)
		b.keys(t, a)
		b.Agree(ofA, time.Now())
		for len(p) >= 2 {
			n := min(int(p[1]), len(p)-2)
			b.Open(a.sealLocked(p[0], p[2:2+n])[1+wire.TagSize:], time.Now())
			p = p[2+n:]
			for _, m := range b.messages {
				if len(m) == 0 {
					t.Fatal("an empty message")
				}
			}
			if b.taken < b.had || b.read > b.sent || len(b.pongs) > maxPongs {
				t.Fatalf("taken %d, had %d; read %d, sent %d; %d pongs", b.taken, b.had, b.read, b.sent, len(b.pongs))
			}
		}
	})
}
