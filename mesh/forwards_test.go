package mesh

import (
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/tunnel"
	"github.com/lanyap/lanyap/peer"
)

// TestRelayKeepsWhatHonestMembersSend has all members of a room of each size fill
// the windows of tunnels to all others, through one that sends nothing on, beside
// one that floods it: only that one loses anything, and the memory is bounded.
func TestRelayKeepsWhatHonestMembersSend(t *testing.T) {
	for _, members := range []int{3, 20, 60, maxMembers + 1} {
		b := burden{limit: limitsFor(1 << 40).relayed}
		lines := make([]forwards, members-1)
		flood := func() (kept bool) {
			before := b.size
			lines[0].push(make([]byte, 1<<10), peer.Instance{0xff}, &b, members-1)
			return b.size > before
		}
		for flood() {
		}
		tunnels := members - 2
		window := min(max(spread/members/tunnels, tunnel.MinWindow), tunnel.MaxWindow)
		part := (window + 1) / 2
		for from := range members - 2 {
			for to := range tunnels {
				for sent := 0; sent < window; sent += part {
					before := b.size
					lines[to].push(make([]byte, part+70), peer.Instance{1, byte(from)}, &b, members-1)
					if b.size == before {
						t.Fatalf("of %d members number %d loses a part to %d after %d bytes", members, from, to, sent)
					}
				}
			}
		}
		if flood() || b.size > 2*b.limit {
			t.Errorf("with %d members %d bytes are kept", members, b.size)
		}
		for i := range lines {
			lines[i].end(&b)
		}
		if b.size != 0 || len(b.from) != 0 {
			t.Errorf("%d bytes of %d neighbours are kept when all links have ended", b.size, len(b.from))
		}
	}
}
