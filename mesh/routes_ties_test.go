package mesh_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// TestQuietRoomFallsSilent has two halves of a room, joined by two members that
// all reach: to everybody in the other half there are two ways of one length.
// Once that is told nothing more is.
func TestQuietRoomFallsSilent(t *testing.T) {
	long(t)
	const size = 10
	inRoom(t, func(r *room) {
		var a, b []*actor
		for i := range size {
			a = append(a, r.join(fmt.Sprint("a", i), nil))
			b = append(b, r.join(fmt.Sprint("b", i), nil))
		}
		for _, x := range a[2:] {
			for _, y := range b {
				r.lan.Cut(x.host, y.host)
			}
		}
		c := r.count()
		r.join("late", nil)
		pass(time.Minute)
		before, _, _ := c.of(wire.TypeReach)
		if before == 0 {
			t.Fatal("nothing was told at all")
		}
		pass(time.Minute)
		if n, _, _ := c.of(wire.TypeReach); n > before {
			t.Errorf("%d reach frames in a quiet minute", n-before)
		}
	})
}

// TestNoRelayedFrameOvertakes sends frames to a member that two relays reach,
// one of them faster than the other.
func TestNoRelayedFrameOvertakes(t *testing.T) {
	inRoom(t, func(r *room) {
		relay, slow, fast := r.join("relay", nil), r.join("slow", nil), r.join("fast", nil)
		for _, pair := range [][2]string{{"to", "relay"}, {"from", "slow"}, {"from", "fast"}, {"from", "to"}} {
			r.lan.Cut(r.lan.Host(pair[0]), r.lan.Host(pair[1]))
		}
		from := r.lieFrom("from", relay)
		from.WriteMessage(hello())
		to := r.lieFrom("to", slow)
		ends := []*liar{to, r.lieTo(to, fast)}
		r.lan.Delay(r.lan.Host("to"), slow.host, 20*time.Millisecond)
		defer r.lan.Delay(r.lan.Host("to"), slow.host, 0) // goodbyes at the end of the bubble take no time
		const kind = 99
		var got []uint64
		for _, end := range ends {
			end.WriteMessage(hello())
			end.on(wire.TypeRelay, func(p []byte) []byte {
				f, err := wire.ParseRelay(p)
				if err == nil && len(f.Payload) == 9 && f.Payload[0] == kind {
					to.mu.Lock() // of both ends
					got = append(got, binary.BigEndian.Uint64(f.Payload[1:]))
					to.mu.Unlock()
				}
				return nil
			})
		}
		pass(5 * time.Second)
		const count = 200
		for i := range uint64(count) {
			from.WriteMessage(wire.AppendRelay(nil, wire.Relay{
				To: to.self.Instance, From: from.self.Instance, Hops: wire.MaxHops,
				Payload: binary.BigEndian.AppendUint64([]byte{kind}, i),
			}))
			time.Sleep(time.Millisecond)
		}
		pass(time.Second)
		to.mu.Lock()
		defer to.mu.Unlock()
		if len(got) != count {
			t.Errorf("%d frames of %d arrived", len(got), count)
		}
		for i, n := range got {
			if n != uint64(i) {
				t.Errorf("frame %d arrived as number %d", n, i)
				return
			}
		}
	})
}
