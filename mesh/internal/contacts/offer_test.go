package contacts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

var (
	left  = peer.Instance{7, 1} // two neighbours
	right = peer.Instance{7, 2}
)

// linkedTo returns the table of a page that is linked to two neighbours.
func linkedTo(neighbours ...peer.Instance) *Table {
	s := table()
	for _, in := range neighbours {
		s.Linked(noon, in, noAddr, nil)
	}
	return s
}

func reach(to peer.Instance, over ...peer.Instance) Reach {
	return Reach{To: to, Over: over, Teller: &budget.Bucket{Burst: 1000}}
}

// TestOfferIsADial holds that whom members reach is offered a link at once,
// whoever of the two is lower, and again when that came to nothing: later each
// time, up to four minutes.
func TestOfferIsADial(t *testing.T) {
	for _, to := range []peer.Instance{lower, upper} {
		s := linkedTo(left)
		s.Reached(noon, []Reach{reach(to, left)})
		now := noon
		var waits []time.Duration
		for range 14 {
			d := s.one(t, now)
			if d.Instance != to || d.Over != left || len(d.Addrs) > 0 {
				t.Fatalf("dial %+v", d)
			}
			if len(s.Due(now)) > 0 {
				t.Fatal("a second one is begun beside it")
			}
			s.Ended(now, d, peer.ErrUDP)
			next := s.Wake(now)
			waits = append(waits, next.Sub(now))
			now = next
		}
		if waits[0] > firstRetry || waits[1] <= waits[0] {
			t.Errorf("the first waits are %v", waits[:2])
		}
		if last := waits[len(waits)-1]; last > lastOffer || last < lastOffer*3/4 {
			t.Errorf("the last wait is %v, want about %v", last, lastOffer)
		}
		d := s.one(t, now)
		s.Linked(now, to, noAddr, nil)
		s.Ended(now, d, nil)
		if len(s.Due(now)) > 0 || !s.Wake(now).IsZero() {
			t.Error("who is linked is offered a link")
		}
		s.Unlinked(now.Add(time.Minute), to, true)
		s.one(t, now.Add(time.Minute)) // at once
	}
}

// TestOfferGoesAnotherWay holds that after one in vain another neighbour carries
// the next.
func TestOfferGoesAnotherWay(t *testing.T) {
	s := linkedTo(left, right)
	s.Reached(noon, []Reach{reach(upper, left, right)})
	now := noon
	for i, want := range []peer.Instance{left, right, left} {
		d := s.one(t, now)
		if d.Over != want {
			t.Errorf("offer %d goes over %v, want %v", i, d.Over, want)
		}
		s.Ended(now, d, peer.ErrTimeout)
		now = s.Wake(now)
	}
}

// TestOfferAfterAnotherWayCame holds that a retry that is far off comes soon when
// another neighbour reaches the instance, but not more than once a second.
func TestOfferAfterAnotherWayCame(t *testing.T) {
	s := linkedTo(left, right)
	s.Reached(noon, []Reach{reach(upper, left)})
	now := noon
	for range 12 {
		s.Ended(now, s.one(t, now), peer.ErrUDP)
		now = s.Wake(now)
	}
	last := now
	s.Ended(now, s.one(t, now), peer.ErrUDP)
	now = now.Add(100 * time.Millisecond)
	s.Reached(now, []Reach{reach(upper, left)})
	if next := s.Wake(now); next.Sub(now) < time.Minute {
		t.Errorf("nothing has changed, and the next is due in %v", next.Sub(now))
	}
	for range 5 {
		s.Reached(now, []Reach{reach(upper, left, right)})
		s.Reached(now, []Reach{reach(upper, left)})
	}
	s.Reached(now, []Reach{reach(upper, left, right)})
	if next := s.Wake(now); next.Sub(last) != sightedRetry {
		t.Errorf("with another way the next is due after %v, want %v", next.Sub(last), sightedRetry)
	}
}

// TestOffersAreForTheReached holds that nobody else is offered a link, that the
// departed are not, and that what cannot be reached is forgotten.
func TestOffersAreForTheReached(t *testing.T) {
	s := linkedTo(left)
	s.Reached(noon, []Reach{reach(upper, left), reach(lower, left), reach(me, left)})
	s.Departed(noon, lower)
	s.Reached(noon, []Reach{reach(lower, left)})
	if due := s.Due(noon); len(due) > 0 {
		t.Errorf("offered to %v", due[0].Instance)
	}
	s.Expire(noon)
	if s.contacts[upper] != nil || s.contacts[me] != nil {
		t.Error("who is not reached any more is remembered")
	}
	if s.contacts[lower] == nil || !s.IsGone(lower) {
		t.Error("who has said goodbye is forgotten")
	}
}

// TestLyingNeighbourKeepsOutNobody holds that one that reaches hundreds who are
// not there takes only its share of what is under way, and of what is remembered.
func TestLyingNeighbourKeepsOutNobody(t *testing.T) {
	s := linkedTo(left, right)
	teller := budget.Bucket{Burst: 256, PerSecond: 2}
	var all []Reach
	for i := range 600 {
		in, _ := numbered(i)
		all = append(all, Reach{To: in, Over: []peer.Instance{left}, Teller: &teller})
	}
	s.Reached(noon, all)
	if n := len(s.contacts); n > 2+256 {
		t.Errorf("%d are remembered", n)
	}
	now, made := noon, 0
	under := make(map[*Dial]time.Time)
	for range 2000 { // none is answered, each ends after 5 s
		for _, d := range s.Due(now) {
			under[d] = now
		}
		if n := s.under(left); n > maxUnderway/2 {
			t.Fatalf("%d offers are under way over one of two neighbours", n)
		}
		now = now.Add(20 * time.Millisecond)
		for d, began := range under {
			if now.Sub(began) >= 5*time.Second {
				s.Ended(now, d, peer.ErrTimeout)
				delete(under, d)
				made++
			}
		}
	}
	if made == 0 {
		t.Error("nobody is offered anything")
	}
	s.Reached(now, append(all, reach(upper, right)))
	for began := now; ; now = now.Add(20 * time.Millisecond) {
		if now.Sub(began) > 6*time.Second {
			t.Fatal("the one that is there is not offered a link")
		}
		due := s.Due(now)
		if len(due) > 0 && due[0].Instance == upper && due[0].Over == right {
			break
		}
		for d, began := range under {
			if now.Sub(began) >= 5*time.Second {
				s.Ended(now, d, peer.ErrTimeout)
				delete(under, d)
			}
		}
		for _, d := range due {
			under[d] = now
		}
	}
}

// TestPatienceWithOffers holds how long messages wait for the first offer to make
// a link, before they go through members.
func TestPatienceWithOffers(t *testing.T) {
	s := linkedTo(left)
	s.Reached(noon, []Reach{reach(upper, left)})
	d := s.one(t, noon)
	if !s.Pending(at(offerPatience-1), upper) || s.Pending(at(offerPatience), upper) {
		t.Errorf("an offer is not waited for for %v", offerPatience)
	}
	s.Ended(at(time.Second), d, peer.ErrUDP)
	if s.Pending(at(time.Second), upper) {
		t.Error("one that was in vain is waited for")
	}
}

// TestBrowsersAreNoBusyMachines holds that what a browser takes to look for its
// addresses does not count as a sign of a busy machine.
func TestBrowsersAreNoBusyMachines(t *testing.T) {
	s := linkedTo(left)
	now := noon
	for i := range 20 {
		in, _ := numbered(i)
		s.Reached(now, []Reach{reach(in, left)})
		d := s.one(t, now)
		now = now.Add(220 * time.Millisecond)
		s.Linked(now, in, noAddr, nil)
		s.Ended(now, d, nil)
	}
	if n := s.window.dials(now); n != mostDials {
		t.Errorf("%d at once, want %d", n, mostDials)
	}
	if took := s.DialTakes(now); took != 0 {
		t.Errorf("a dial is said to take %v", took)
	}
}
