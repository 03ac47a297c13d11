package contacts

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Due returns the dials to begin now, which are under way from then on.
func (t *Table) Due(now time.Time) []*Dial {
	var out []*Dial
	for {
		d := t.dueByHand(now)
		if d == nil {
			break
		}
		out = append(out, d)
	}
	return append(out, t.dueContacts(now)...)
}

// Wake returns when to ask for what is due again; zero: not before a dial has
// ended or something is heard.
func (t *Table) Wake(now time.Time) time.Time {
	next := earlier(t.dials.wake(now), t.byHand.wake(now))
	room := t.room(now)
	for _, c := range t.contacts {
		if c.wants() && room.admits(c.inVain()) {
			next = earlier(next, t.due(now, c))
		}
	}
	return earlier(next, t.wakeByHand(now))
}

// shuffled is within which time the order of dials is left to chance. What begins
// at once, many nodes each dialing all of the others, must not begin everywhere
// with the same ones; who was heard of a second earlier comes first all the same,
// or those that somebody goes on inventing would keep it waiting.
const shuffled = time.Second

// room returns what may be dialed now of the contacts.
func (t *Table) room(now time.Time) vacancy { return t.dials.vacancy(now, t.window.dials(now)) }

// dueContacts begins the dials to contacts as far as there is room. Who was met
// where another was meant comes first, of the others the one with the fewest
// failures, and retries leave half of the places to those that never failed: a
// network full of the dead must not delay the living.
func (t *Table) dueContacts(now time.Time) []*Dial {
	type turn struct {
		*contact
		place time.Time
	}
	var ready []turn
	for _, c := range t.contacts {
		if !c.wants() {
			continue
		}
		if due := t.due(now, c); !due.After(now) {
			ready = append(ready, turn{c, due.Add(c.draw)})
		}
	}
	slices.SortStableFunc(ready, func(a, b turn) int {
		if met := a.answers.IsValid(); met != b.answers.IsValid() {
			if met {
				return -1
			}
			return 1
		}
		return cmp.Or(a.inVain()-b.inVain(), a.place.Compare(b.place), bytes.Compare(a.instance[:], b.instance[:]))
	})
	var out []*Dial
	room := t.room(now)
	for _, turn := range ready {
		c := turn.contact
		if !room.admits(c.inVain()) {
			continue
		}
		d, wait := t.begin(now, c, room.addrs)
		if d == nil {
			c.next = now.Add(wait)
			continue
		}
		room.dials--
		room.addrs -= len(d.Addrs)
		if c.inVain() > 0 {
			room.retries--
		}
		t.dials.begin(now, d, len(d.Addrs), c.inVain() > 0)
		d.usual = t.window.dialTakes(now)
		c.answers = netip.AddrPort{}
		c.dial = d
		c.dialed = now
		out = append(out, d)
	}
	return out
}

// begin returns the dial to a contact. If there may be none yet, it returns nil
// and how long not.
func (t *Table) begin(now time.Time, c *contact, limit int) (d *Dial, wait time.Duration) {
	if c.isOffered() {
		return t.offer(c), addrInterval
	}
	if d, wait = t.admit(now, c, limit); len(d.Addrs) == 0 {
		return nil, wait
	}
	return d, wait
}

// addrInterval is the least time between two dials of one address. On hosts
// with the same bridge address everybody advertises it; whoever answers there
// must not be asked once for each of them.
const addrInterval = 150 * time.Millisecond

// admit returns a dial to those of a contact's addresses that may be dialed now,
// at most limit. If there are none, it returns how long not.
func (t *Table) admit(now time.Time, c *contact, limit int) (d *Dial, wait time.Duration) {
	wait, d, c.held = lastRetry, &Dial{Instance: c.instance}, netip.Addr{}
	for _, a := range t.ordered(now, c) {
		if len(d.Addrs) == limit {
			break
		}
		if since := now.Sub(t.recent[a]); since < addrInterval && a != c.answers {
			wait = min(wait, addrInterval-since)
			continue
		}
		// Before it is counted where it goes: what the pace holds back is no dial.
		if t.pace.Wait(now, 1) > 0 {
			wait = min(wait, addrInterval)
			break
		}
		// Where it had a link, it was itself: nobody else's word is in that. Where
		// it was met, the dial that met it is counted.
		if a != c.found && a != c.answers {
			blocked, vain := t.places.take(now, a.Addr())
			if blocked > 0 {
				wait, c.held = min(wait, max(blocked, addrInterval)), a.Addr()
				continue
			}
			d.Once = d.Once || vain
			d.counted = append(d.counted, a)
		}
		t.pace.Take(now, 1)
		t.recent[a] = now
		d.Addrs = append(d.Addrs, a)
	}
	return d, wait
}

// ordered returns where to dial a contact, the likeliest first: where it did not
// answer last time, and where another is that we are linked to, come last.
func (t *Table) ordered(now time.Time, c *contact) []netip.AddrPort {
	var good, poor []netip.AddrPort
	for _, a := range c.addrs() {
		if c.isClosed(now, a.Addr()) {
			continue
		}
		owner, owned := t.owners[a]
		if slices.Contains(c.poor, a) || owned && owner != c.instance && t.isLinked(owner) {
			poor = append(poor, a)
			continue
		}
		good = append(good, a)
	}
	return append(good, poor...)
}

// earlier returns the earlier of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
