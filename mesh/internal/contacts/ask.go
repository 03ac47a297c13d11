package contacts

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// IsGone reports whether the instance will never come back.
func (t *Table) IsGone(instance peer.Instance) bool {
	c := t.contacts[instance]
	return c != nil && !c.departed.IsZero()
}

// IsSighted reports whether discovery shows the instance.
func (t *Table) IsSighted(instance peer.Instance) bool {
	c := t.contacts[instance]
	return c != nil && !c.seen.IsZero()
}

// DialTakes returns what a dial that makes a link takes at present, 0 if that is
// not known: an idle machine makes one in some 10 ms, a busy one in seconds.
func (t *Table) DialTakes(now time.Time) time.Duration { return t.window.dialTakes(now) }

// Known returns since when the instance has been heard of, and whether it has.
func (t *Table) Known(instance peer.Instance) (since time.Time, ok bool) {
	c := t.contacts[instance]
	if c == nil {
		return time.Time{}, false
	}
	return c.known, true
}

// Of returns what is known of an instance.
func (t *Table) Of(instance peer.Instance) (Contact, bool) {
	c := t.contacts[instance]
	if c == nil {
		return Contact{}, false
	}
	return c.view(), true
}

// Len returns how many instances are known.
func (t *Table) Len() int { return len(t.contacts) }

// All returns who is not linked, and the addresses given by hand at which nobody
// is linked.
func (t *Table) All() []Contact {
	var out []Contact
	for _, c := range t.contacts {
		if !c.linked && c.departed.IsZero() {
			out = append(out, c.view())
		}
	}
	return append(out, t.unlinkedByHand()...)
}

// Expected returns whom discovery says to be here who is not linked, unless a
// dial has found that it is nobody of this room.
func (t *Table) Expected() []peer.Instance {
	var out []peer.Instance
	for instance, c := range t.contacts {
		if c.expected() {
			out = append(out, instance)
		}
	}
	return out
}

// Unanswered returns the addresses given by hand whose first dial has not ended.
func (t *Table) Unanswered() []Contact {
	return slices.DeleteFunc(t.unlinkedByHand(), func(c Contact) bool { return c.Err != nil || !c.Instance.IsZero() })
}
