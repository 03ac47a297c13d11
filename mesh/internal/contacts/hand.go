package contacts

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

// handRecheck is how soon an address given by hand is asked again after it
// turned out to be our own, or that of somebody we are linked to already. A
// link that ends makes it sooner.
const handRecheck = 15 * time.Second

// hand is the list of the addresses given by hand.
type hand []*Address

// isLinked reports whether there is a direct link to the instance.
func (t *Table) isLinked(instance peer.Instance) bool {
	c := t.contacts[instance]
	return c != nil && c.linked
}

// dueByHand begins the dial to one address, as far as there is room. Of several
// it is the one with the fewest failures.
func (t *Table) dueByHand(now time.Time) *Dial {
	room := t.byHand.vacancy(now, firstDials)
	var first *Address
	for _, a := range t.hand {
		if !t.isVacant(a, room) || a.next.After(now) {
			continue
		}
		if first == nil || a.fails < first.fails || a.fails == first.fails && a.next.Before(first.next) {
			first = a
		}
	}
	if first == nil {
		return nil
	}
	first.dial = &Dial{Address: first, Once: first.fails > 0}
	t.byHand.begin(now, first.dial, 1, first.fails > 0)
	return first.dial
}

// isVacant reports whether an address is to be dialed when its time comes.
func (t *Table) isVacant(a *Address, room vacancy) bool {
	return a.dial == nil && !t.isLinked(a.instance) && room.admits(a.fails)
}

// wakeByHand returns when the next address is due; zero: not before another has
// ended.
func (t *Table) wakeByHand(now time.Time) time.Time {
	room := t.byHand.vacancy(now, firstDials)
	var first time.Time
	for _, a := range t.hand {
		if t.isVacant(a, room) && (first.IsZero() || a.next.Before(first)) {
			first = a.next
		}
	}
	return first
}

// hurry makes retries come soon: a link has ended, or our network has changed.
func (h hand) hurry(now time.Time) {
	for _, a := range h {
		a.fails = 0
		if soon := now.Add(firstRetry); a.next.After(soon) {
			a.next = soon
		}
	}
}

// unlinkedByHand returns the addresses at which nobody is linked, and which are
// not our own.
func (t *Table) unlinkedByHand() []Contact {
	var out []Contact
	for _, a := range t.hand {
		if !a.settled && !t.isLinked(a.instance) {
			out = append(out, Contact{Instance: a.instance, Addrs: a.addrs, Err: a.err, Step: a.dial.progress()})
		}
	}
	return out
}
