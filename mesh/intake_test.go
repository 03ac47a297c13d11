package mesh_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// repeated is the liar's first message as often as a batch has room for it. All but
// the first are repeats, which cost a node nothing but reading them.
func (l *liar) repeated() (batch []byte, frames int) {
	one := l.says(nil)
	frames = (16 << 10) / len(one)
	return bytes.Repeat(one, frames), frames
}

// flood has a liar write a link message so often, and one to ana alone behind them.
func (l *liar) flood(message []byte, count int) {
	for range count {
		if l.WriteMessage(message) != nil {
			return
		}
	}
	l.WriteMessage(l.says(func(m *wire.Message) { m.Kind, m.To, m.Body = wire.Private, l.to, []byte("the end") }))
}

// TestStormIsNotSlowed has a member send for three seconds twice what the quickest one
// was measured to, and holds that it never waits.
func TestStormIsNotSlowed(t *testing.T) {
	const (
		tick     = 10 * time.Millisecond
		frames   = 2 * 17_300 // a second, as in the comment of intake.go
		messages = 2 * 1_200
		size     = 2 * 41 << 20
	)
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(time.Second)
		one := l.says(nil)
		batch := bytes.Repeat(one, frames/messages)
		long := wire.AppendRelay(nil, wire.Relay{To: l.self.Instance, From: l.self.Instance, Hops: 1, Payload: make([]byte, 60<<10)})
		for range 3 * time.Second / tick {
			for range messages * tick / time.Second {
				l.WriteMessage(batch)
			}
			for range size * int64(tick) / int64(time.Second) / int64(len(long)) {
				l.WriteMessage(long)
			}
			time.Sleep(tick)
		}
		start := time.Now()
		l.WriteMessage(l.says(func(m *wire.Message) {
			m.Seq, m.Previous, m.Body = 2, wire.Digest(one[wire.FrameHeader:]), []byte("ho")
		}))
		for ana.texts() != "hi ho" {
			time.Sleep(time.Millisecond)
			if time.Since(start) > time.Second {
				t.Fatalf("behind the storm %q is read", ana.texts())
			}
		}
		if d := time.Since(start); d > tick {
			t.Errorf("what was said behind it took %v", d)
		}
		r.unpunished(l)
	})
}

// TestFloodIsReadSlowly has a member send more than anybody honest does, of each kind
// that there is a bound for: it is read at that rate, keeps its link, and delays no
// other's messages.
func TestFloodIsReadSlowly(t *testing.T) {
	long(t)
	sealed := func(l *liar, from peer.Instance) []byte {
		one := wire.AppendRelay(nil, wire.Relay{To: l.to.Instance, From: from, Hops: 1, Payload: []byte{wire.TunnelSealed}})
		return bytes.Repeat(one, (16<<10)/len(one))
	}
	tests := []struct {
		name  string
		flood func(l *liar) (message []byte, count int)
		least time.Duration
	}{
		{"empty link messages", func(*liar) ([]byte, int) { return nil, 300_000 }, 10 * time.Second},
		{"its own messages again", func(l *liar) ([]byte, int) {
			batch, frames := l.repeated()
			return batch, 1_000_000 / frames
		}, 7 * time.Second},
		{"records of tunnels", func(l *liar) ([]byte, int) {
			return sealed(l, l.self.Instance), 2000 // of some 700
		}, 9 * time.Second},
		{"records of others' tunnels", func(l *liar) ([]byte, int) {
			return sealed(l, newInstance()), 4000
		}, 4 * time.Second},
		{"bytes", func(l *liar) ([]byte, int) {
			return wire.AppendRelay(nil, wire.Relay{To: l.to.Instance, From: l.self.Instance, Hops: 1, Payload: make([]byte, 60<<10)}), 10_000
		}, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				pass(time.Second)
				message, count := tt.flood(l)
				before := heap()
				began := time.Now()
				go l.flood(message, count)
				for i := range 10 {
					time.Sleep(tt.least / 20)
					start := time.Now()
					if err := r.say(bo, "on it goes").Delivered(r.Context()); err != nil {
						t.Fatal(err)
					}
					if d := time.Since(start); d > 100*time.Millisecond {
						t.Errorf("message %d took %v", i, d)
					}
				}
				if grown := heap() - before; grown > 32<<20 {
					t.Errorf("%d bytes are kept of it", grown)
				}
				for !strings.Contains(ana.texts(), "the end") {
					if time.Sleep(time.Second); time.Since(began) > 10*tt.least {
						t.Fatal("the end of it is not read")
					}
				}
				if took := time.Since(began); took < tt.least {
					t.Errorf("all was read within %v, want %v and more", took, tt.least)
				}
				r.unpunished(l)
			})
		})
	}
}
