package mesh_test

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

var trafficFlag = flag.Int("traffic", 32, "count what a room of so many tells, and of a half, a quarter and so on")

// trafficSize is the size of the largest room: what is counted does not depend on
// races.
func trafficSize() int {
	if raceEnabled {
		return min(*trafficFlag, 16)
	}
	return *trafficFlag
}

// traffic counts frames that links carry.
type traffic struct {
	mu      sync.Mutex // guards what follows
	frames  map[byte]int
	entries map[byte]int
	bytes   map[byte]int
}

// count counts what is told from now on.
func (r *room) count() *traffic {
	c := &traffic{frames: make(map[byte]int), entries: make(map[byte]int), bytes: make(map[byte]int)}
	r.lan.Tap(func(_, _ *meshtest.Host, p []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for len(p) > 0 {
			f, rest, err := wire.Next(p)
			if err != nil {
				return
			}
			c.add(f)
			p = rest
		}
	})
	return c
}

func (c *traffic) add(f wire.Frame) {
	c.frames[f.Type]++
	c.bytes[f.Type] += wire.FrameHeader + len(f.Payload)
	switch f.Type {
	case wire.TypeReach:
		if r, err := wire.ParseReach(f.Payload); err == nil {
			c.entries[f.Type] += len(r.Routes)
		}
	case wire.TypePeers:
		if list, err := wire.ParsePeers(f.Payload); err == nil {
			c.entries[f.Type] += len(list)
		}
	}
}

// of returns how many frames of a type there were, and entries in them.
func (c *traffic) of(kind byte) (frames, entries, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frames[kind], c.entries[kind], c.bytes[kind]
}

// TestReachOfARoomThatForms holds that what everybody tells everybody of whom it
// reaches, when all start at once, grows by the number of links alone: a few
// frames for each side of a link, and next to no lists. When each link of
// everybody was told everybody it was:
//
//	nodes  frames  entries  bytes      before: frames  entries  bytes
//	8      98      149      2,663      111             358      3,842
//	16     464     345      9,281      477             3,792    39,740
//	32     1,947   648      31,303     1,979           36,474   397,998
//	64     7,992   2,018    125,850    8,053           340,980  4,008,128
//	64*    8,204   10,813   213,593    8,115           338,415  3,977,443
//	* one pair blocked
func TestReachOfARoomThatForms(t *testing.T) {
	long(t)
	for size := 8; size <= trafficSize(); size *= 2 {
		for _, blocked := range []int{0, 1} {
			t.Run(fmt.Sprintf("%d nodes, %d pairs blocked", size, blocked), func(t *testing.T) {
				inRoom(t, func(r *room) {
					for i := range blocked {
						r.lan.Cut(r.lan.Host(fmt.Sprint("n", 2*i)), r.lan.Host(fmt.Sprint("n", 2*i+1)))
					}
					c := r.count()
					for i := range size {
						r.joinSilently(fmt.Sprint("n", i), nil).unread()
					}
					pass(20 * time.Second)
					for _, a := range r.actors {
						if n := len(a.Members()); n != size-1 {
							t.Errorf("%s sees %d", a.Self().Name, n)
						}
					}
					frames, entries, bytes := c.of(wire.TypeReach)
					sides := size * (size - 1)
					t.Logf("reach: %d frames, %d entries, %d bytes; %.1f frames and %.1f entries for each side of a link",
						frames, entries, bytes, float64(frames)/float64(sides), float64(entries)/float64(sides))
					if most := 4 * sides; frames > most {
						t.Errorf("%d frames, want %d at the most", frames, most)
					}
					if most := (4 + 4*blocked) * sides; entries > most {
						t.Errorf("%d entries, want %d at the most", entries, most)
					}
					pass(time.Minute)
					if n, _, _ := c.of(wire.TypeReach); n > frames {
						t.Errorf("%d more in a quiet minute", n-frames)
					}
				})
			})
		}
	}
}

// TestPeersOfARoomThatForms holds that nobody is told of whom it finds by itself,
// and that where discovery does not work each is told of each a few times at the
// most. When everybody told everybody of all, the entries grew with the third power:
//
//	nodes  discovery: frames  entries      by hand: frames  entries
//	8                 54      288                   74      233
//	16                127     1,680                 346     2,228
//	32                568     15,061                1,772   20,149
//	64                3,385   203,064               7,498   170,020
//
// Now it is some 10 entries in a room of 32 with discovery, and 1,000 without: how
// many depends on who runs when, and in one of 100 runs beside others it was 600
// frames and 5,500 entries.
func TestPeersOfARoomThatForms(t *testing.T) {
	long(t)
	tests := []struct {
		name    string
		edit    func(*mesh.Config)
		frames  int // in all, for each node
		entries int // for each pair of nodes, in percent
	}{
		{"discovery", nil, 1, 20},
		{"one address by hand", byHand("10.0.0.1"), 30, 800},
	}
	for _, tt := range tests {
		for size := 8; size <= trafficSize(); size *= 2 {
			t.Run(fmt.Sprintf("%s, %d nodes", tt.name, size), func(t *testing.T) {
				inRoom(t, func(r *room) {
					r.lan.SetMulticast(tt.edit == nil)
					c := r.count()
					for i := range size {
						r.joinSilently(fmt.Sprint("n", i), tt.edit).unread()
					}
					pass(time.Minute)
					for _, a := range r.actors {
						if n := len(a.Members()); n != size-1 {
							t.Errorf("%s sees %d", a.Self().Name, n)
						}
					}
					frames, entries, _ := c.of(wire.TypePeers)
					t.Logf("peers: %d frames, %d entries", frames, entries)
					if most := tt.frames * size; frames > most {
						t.Errorf("%d frames, want %d at the most", frames, most)
					}
					if most := tt.entries * size * size / 100; entries > most {
						t.Errorf("%d entries, want %d at the most", entries, most)
					}
				})
			})
		}
	}
}
