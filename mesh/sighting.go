package mesh

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Sighting is a node that was discovered, or named by hand, and is not linked.
type Sighting struct {
	Instance  string // empty for an address given by hand that never answered
	Addrs     []netip.AddrPort
	OtherRoom bool      // advertised for another room, and not dialed
	Step      peer.Step // how far the dial under way is; 0: none is, it waits for its turn or for the other side to dial
	Err       error     // why the last dial did not get through, nil before it ended; see peer's errors
	Via       *Peer     // a member that reaches it; nil: none is known
}

// Bounds of what others can make a node remember and dial.
const (
	maxSightings = 512
	maxAddrs     = 16 // per sighting: what a peer.Target is given
	maxTold      = 4  // addresses per sighting that members told of
)

const (
	// higherWait is how long the node with the higher instance leaves the
	// dialing to the lower one. Two dials that cross cost a PeerConnection
	// each before one gives way; a dial on a LAN takes 5 to 10 ms. When the
	// lower side does not see us, or does not get through, we dial after all.
	higherWait = 40 * time.Millisecond
	// firstRetry doubles up to lastRetry, and up to staleRetry for those that
	// nobody has sighted for a while.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	staleRetry = 30 * time.Second
	staleAfter = time.Minute
	// sightedRetry is how soon after a dial a fresh sighting may cause another.
	sightedRetry = time.Second
	// linkedRetry bounds the wait after the other side said that it has a link
	// to us: it finds out within 2 s when that is not so.
	linkedRetry = time.Second
	// steadyAfter is how long a link has to last for the next to be dialed at
	// once when it ends.
	steadyAfter = 5 * time.Second
	// forgetAfter is how long a node is remembered that is sighted no more.
	// Discovery repeats itself every 20 s.
	forgetAfter = 2 * time.Minute
	// rememberFor is how long a former member is dialed and its state kept.
	rememberFor = 15 * time.Minute
	// toldTries is how often an address that only members told of is dialed.
	toldTries = 4
)

// sighting is what is known of where an instance answers.
type sighting struct {
	instance  peer.Instance
	lan       []netip.AddrPort // from discovery
	link      []netip.AddrPort // from a link of ours: where it was found, then what it says
	told      []netip.AddrPort // from members
	otherRoom bool
	replace   bool // linked, but over an address that we no longer have

	known    time.Time // since when we have heard of it
	seen     time.Time // when discovery last named it
	linked   bool
	since    time.Time // when the link came
	brief    int       // how many links in a row ended soon after they came
	lost     time.Time // when the last link ended
	departed time.Time // when it said goodbye: an instance never comes back

	found   netip.AddrPort   // where a link to it was; invalid: nowhere yet
	answers netip.AddrPort   // where it was met when another was meant; invalid: nowhere since its last dial
	dialing []netip.AddrPort // where it is being dialed; nil: it is not
	counted []netip.AddrPort // of these, which places has counted
	attempt *attempt         // that dial
	once    bool             // without haste: somebody was dialed there in vain lately
	dialed  time.Time
	fails   int
	next    time.Time // when to dial
	err     error
}

// addrs returns where to dial, the likeliest first.
func (e *sighting) addrs() []netip.AddrPort {
	var out []netip.AddrPort
	for _, list := range [][]netip.AddrPort{e.link[:min(1, len(e.link))], e.lan, e.told, e.link} {
		for _, a := range list {
			if len(out) < maxAddrs && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// onlyTold reports whether members' words are all there is.
func (e *sighting) onlyTold() bool { return len(e.lan) == 0 && len(e.link) == 0 }

// wants reports whether the sighting is one to dial at all.
func (e *sighting) wants() bool {
	if e.dialing != nil || e.otherRoom || !e.departed.IsZero() || e.linked && !e.replace {
		return false
	}
	return len(e.lan) > 0 || len(e.link) > 0 || len(e.told) > 0
}

func (e *sighting) worstRetry(now time.Time) time.Duration {
	if now.Sub(e.seen) > staleAfter && now.Sub(e.lost) > staleAfter {
		return staleRetry
	}
	return lastRetry
}

// retryAfter is the wait before a dial after so many failures, with up to a
// quarter of jitter so that nodes that failed together do not retry together.
func retryAfter(fails int, longest time.Duration) time.Duration {
	wait := min(firstRetry<<min(fails-1, 10), longest)
	return wait - rand.N(wait/4)
}

func (e *sighting) stale(now time.Time) bool {
	if !e.departed.IsZero() {
		return now.Sub(e.departed) > rememberFor
	}
	if now.Sub(e.seen) <= forgetAfter || now.Sub(e.lost) <= rememberFor {
		return false
	}
	return e.lost.IsZero() && e.fails >= toldTries || !e.seen.IsZero() || !e.lost.IsZero()
}

// worth compares how much a sighting should be kept.
func (e *sighting) worth(other *sighting) int {
	rank := func(e *sighting) int {
		switch {
		case !e.departed.IsZero(), e.otherRoom:
			return 0
		case e.onlyTold():
			return 1
		case e.lost.IsZero():
			return 2
		}
		return 3
	}
	if d := rank(e) - rank(other); d != 0 {
		return d
	}
	if d := other.fails - e.fails; d != 0 {
		return d
	}
	return e.seen.Compare(other.seen)
}
