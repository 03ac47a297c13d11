//go:build linux

package hosts

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
)

// mostGained is how much memory a node may gain, in bytes, while each of eight has it
// keep 128 KiB as a stranger, and 2 MiB as a member, in chunks of a byte that cost 15
// times that. All that comes of 44 MiB to 48 is garbage for the most part.
const mostGained = 128 << 20

// TestSCTPAttackers has eight send what is never delivered, in chunks of one byte,
// before they said who they are and after: they are thrown out before it costs much,
// and members lose nothing.
func TestSCTPAttackers(t *testing.T) {
	t.Parallel()
	const attackers = 8
	for _, do := range hostile.Attacks() {
		if who, _, ofSCTP := strings.Cut(do, " "); !ofSCTP || who != "stranger" && who != "member" {
			continue
		}
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, 1)
			target := s.nodes[0]
			before := target.RSS()
			f := startFoe(t, s.foes[0])
			for range attackers {
				f.order(at(target, hostile.Order{Do: do}))
			}
			most := 0
			s.Await(3*patience, "each was thrown out, and is back", func() bool {
				most = max(most, target.RSS())
				return f.count("in") >= 2*attackers || f.Ended()
			})
			if f.Ended() {
				t.Fatalf("nobody attacks: %s", f.Stderr())
			}
			s.chat(time.Second)
			t.Logf("%v; it gained %.1f MiB", f.counts(), float64(most-before)/(1<<20))
			if gained := most - before; gained > mostGained {
				t.Errorf("it gained %d MiB of memory, want at most %d", gained>>20, mostGained>>20)
			}
			f.Kill()
			s.ends()
		})
	}
}
