package mesh

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

// sightings is the table of whom to dial and when: a state machine without
// goroutines or clocks of its own. Nothing in it was proven by anybody.
type sightings struct {
	self    peer.Instance
	entries map[peer.Instance]*sighting
	pace    budget.Bucket                // addresses dialed, over all
	places  places                       // the same by where they are
	recent  map[netip.AddrPort]time.Time // when an address was last dialed
	revived time.Time                    // when the lost were last dialed all at once
}

func newSightings(self peer.Instance) *sightings {
	return &sightings{
		self:    self,
		entries: make(map[peer.Instance]*sighting),
		pace:    budget.Bucket{Burst: 256, PerSecond: 128},
		places:  newPlaces(),
		recent:  make(map[netip.AddrPort]time.Time),
	}
}

// entry returns the sighting of an instance, a new one if need be, or nil if
// there is no room for it.
func (t *sightings) entry(now time.Time, instance peer.Instance) *sighting {
	if e, ok := t.entries[instance]; ok {
		return e
	}
	if len(t.entries) >= maxSightings && !t.evict() {
		return nil
	}
	return t.enter(now, instance)
}

func (t *sightings) enter(now time.Time, instance peer.Instance) *sighting {
	e := &sighting{instance: instance, known: now, next: now.Add(t.patience(instance))}
	t.entries[instance] = e
	return e
}

// patience is how long we leave dialing to the other side.
func (t *sightings) patience(instance peer.Instance) time.Duration {
	if bytes.Compare(t.self[:], instance[:]) > 0 {
		return higherWait
	}
	return 0
}

// evict drops the sighting that is worth least.
func (t *sightings) evict() bool {
	var worst *sighting
	for _, e := range t.entries {
		if !e.linked && e.dialing == nil && (worst == nil || e.worth(worst) < 0) {
			worst = e
		}
	}
	if worst == nil {
		return false
	}
	delete(t.entries, worst.instance)
	return true
}

// sighted takes in what discovery saw. addrs are fit to be dialed.
func (t *sightings) sighted(now time.Time, instance peer.Instance, otherRoom bool, addrs []netip.AddrPort) {
	if instance == t.self {
		return
	}
	e := t.entry(now, instance)
	if e == nil || !e.departed.IsZero() {
		return
	}
	e.lan = addrs[:min(len(addrs), maxAddrs)]
	e.seen = now
	e.otherRoom = otherRoom
	t.hurry(now, e)
}

// hurry makes a retry that is far off come soon.
func (t *sightings) hurry(now time.Time, e *sighting) {
	soon := now
	if again := e.dialed.Add(sightedRetry); again.After(soon) {
		soon = again
	}
	if e.next.After(soon.Add(higherWait)) {
		e.next = soon
		e.fails = min(e.fails, 1)
	}
}

// vanished takes in a goodbye that discovery saw. Anybody can forge one, so
// it ends what discovery said and nothing else.
func (t *sightings) vanished(instance peer.Instance) {
	e := t.entries[instance]
	if e == nil {
		return
	}
	e.lan = nil
	e.seen = time.Time{}
	if !e.linked && e.dialing == nil && e.lost.IsZero() && e.departed.IsZero() && len(e.told) == 0 {
		delete(t.entries, instance)
	}
}

// tell takes in what a member said of another; each new address costs it one
// of its budget.
func (t *sightings) tell(now time.Time, teller *budget.Bucket, instance peer.Instance, addrs []netip.AddrPort) {
	if instance == t.self {
		return
	}
	if e := t.entries[instance]; e != nil && (e.linked || !e.departed.IsZero()) {
		return
	}
	for _, a := range addrs {
		e := t.entries[instance]
		if e != nil && slices.Contains(e.addrs(), a) {
			continue
		}
		if !teller.Take(now, 1) {
			return
		}
		if e = t.entry(now, instance); e == nil {
			return
		}
		e.told = append(e.told, a)
		if len(e.told) > maxTold {
			e.told = e.told[1:]
		}
	}
}

// link says that a link lives, and what it told of the other's addresses.
func (t *sightings) link(now time.Time, instance peer.Instance, addrs []netip.AddrPort) {
	e := t.entry(now, instance)
	if e == nil {
		e = t.enter(now, instance) // links have a bound of their own
	}
	if !e.lost.IsZero() && e.fails > 0 {
		t.revive(now)
	}
	e.linked, e.replace = true, false
	e.answers = netip.AddrPort{}
	e.since = now
	e.link = addrs
	e.fails, e.err = 0, nil
	e.otherRoom = false
}

// reviveEvery is the least time between two revivals.
const reviveEvery = time.Second

// revive makes the dials to all that were lost come at once: one of them that
// could not be reached is linked again, so the network may be whole again.
func (t *sightings) revive(now time.Time) {
	if now.Sub(t.revived) < reviveEvery {
		return
	}
	t.revived = now
	for _, e := range t.entries {
		if e.linked || e.lost.IsZero() || !e.departed.IsZero() {
			continue
		}
		if soon := now.Add(t.patience(e.instance)); e.next.After(soon) {
			e.next = soon
		}
		e.fails = min(e.fails, 1)
	}
}

// unlink says that the link has ended; member, that it was one worth to be
// remembered.
func (t *sightings) unlink(now time.Time, instance peer.Instance, member bool) {
	e := t.entries[instance]
	if e == nil {
		return
	}
	e.linked, e.replace = false, false
	e.next = now.Add(t.patience(instance))
	if member {
		e.lost = now
	}
	// Who breaks the protocol on each link is not to be dialed all the time.
	e.brief++
	if now.Sub(e.since) >= steadyAfter {
		e.brief = 0
	}
	if e.brief > 1 {
		e.next = now.Add(retryAfter(e.brief-1, lastRetry))
	}
}

// depart says that the instance said goodbye on its link.
func (t *sightings) depart(now time.Time, instance peer.Instance) {
	if e := t.entry(now, instance); e != nil {
		e.departed = now
	}
}

// departed reports whether the instance will never come back.
func (t *sightings) departed(instance peer.Instance) bool {
	e := t.entries[instance]
	return e != nil && !e.departed.IsZero()
}

// redial asks for a dial now.
func (t *sightings) redial(now time.Time, instance peer.Instance) {
	if e := t.entries[instance]; e != nil {
		e.next = now
		e.fails = 0
	}
}

// replace says whether the link is to be replaced: it runs over an address that
// this machine no longer has.
func (t *sightings) replace(now time.Time, instance peer.Instance, lost bool) {
	if e := t.entries[instance]; e != nil && e.linked {
		e.replace = lost
		e.next = now
	}
}

// reset makes every retry come soon: our own network has changed.
func (t *sightings) reset(now time.Time) {
	for _, e := range t.entries {
		e.fails = 0
		e.next = now.Add(t.patience(e.instance))
	}
	clear(t.recent)
	t.places = newPlaces()
}

// due returns whom to dial now, as far as there is room, and marks it as being
// dialed. Who was met where another was meant comes first, of the others the one
// with the fewest failures, and retries leave half of the places to those that
// never failed: a network full of the dead must not delay the living.
func (t *sightings) due(now time.Time, room vacancy) []*sighting {
	var ready []*sighting
	for _, e := range t.entries {
		if e.wants() && !e.next.After(now) {
			ready = append(ready, e)
		}
	}
	slices.SortFunc(ready, func(a, b *sighting) int {
		if met := a.answers.IsValid(); met != b.answers.IsValid() {
			if met {
				return -1
			}
			return 1
		}
		if a.fails != b.fails {
			return a.fails - b.fails
		}
		return a.next.Compare(b.next)
	})
	var out []*sighting
	for _, e := range ready {
		if !room.admits(e.fails) {
			continue
		}
		addrs, wait := t.admit(now, e, room.addrs)
		if len(addrs) == 0 {
			e.next = now.Add(wait)
			continue
		}
		room.dials--
		room.addrs -= len(addrs)
		if e.fails > 0 {
			room.retries--
		}
		e.answers = netip.AddrPort{}
		e.dialing = addrs
		e.dialed = now
		out = append(out, e)
	}
	return out
}

// addrInterval is the least time between two dials of one address. On hosts
// with the same bridge address everybody advertises it; whoever answers there
// must not be asked once for each of them.
const addrInterval = 150 * time.Millisecond

// admit returns those of a sighting's addresses that may be dialed now, at most
// limit. If there are none, it returns how long not.
func (t *sightings) admit(now time.Time, e *sighting, limit int) (out []netip.AddrPort, wait time.Duration) {
	wait, e.once, e.counted = lastRetry, false, nil
	for _, a := range e.addrs() {
		if len(out) == limit {
			break
		}
		if since := now.Sub(t.recent[a]); since < addrInterval && a != e.answers {
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
		if a != e.found && a != e.answers {
			blocked, vain := t.places.take(now, a.Addr())
			if blocked > 0 {
				wait = min(wait, max(blocked, addrInterval))
				continue
			}
			e.once = e.once || vain
			e.counted = append(e.counted, a)
		}
		t.pace.Take(now, 1)
		t.recent[a] = now
		out = append(out, a)
	}
	return out, wait
}

// instead says that who answers at an address is not the instance meant. If it is
// one to dial as well, that is next, and goes there on the count of the dial that
// found it: otherwise those that are only said to be there would use up what the
// living one is to be dialed with. Each count is good for one such dial.
func (t *sightings) instead(now time.Time, meant, who peer.Instance, at netip.AddrPort) {
	asked, e := t.entries[meant], t.entries[who]
	if asked == nil || e == nil || !e.wants() || !slices.Contains(e.addrs(), at) {
		return
	}
	i := slices.Index(asked.counted, at)
	if i < 0 {
		return
	}
	asked.counted = slices.Delete(asked.counted, i, i+1)
	e.answers = at
	t.hurry(now, e)
}

// tried says which addresses a dial got to before it ended, which one that an
// early address answers does not go on from. The others do not count. None at
// all means that the transport does not tell.
func (t *sightings) tried(instance peer.Instance, addrs []netip.AddrPort) {
	e := t.entries[instance]
	if e == nil || len(addrs) == 0 {
		return
	}
	for _, a := range e.dialing {
		if slices.Contains(addrs, a) {
			continue
		}
		t.pace.Restore(1)
		delete(t.recent, a)
		if slices.Contains(e.counted, a) {
			t.places.restore(a.Addr())
		}
	}
}

// answered says that a dial was turned down soon, for a link that there is or
// will be: it does not count where it went. One that was only kept waiting does.
func (t *sightings) answered(instance peer.Instance, at netip.AddrPort) {
	if e := t.entries[instance]; e != nil && slices.Contains(e.counted, at) {
		t.places.restore(at.Addr())
	}
}

// found says that a link to an instance was made at an address.
func (t *sightings) found(instance peer.Instance, at netip.AddrPort) {
	if !at.IsValid() {
		return
	}
	t.places.restore(at.Addr())
	if e := t.entries[instance]; e != nil {
		e.found = at
	}
}

// wake returns when the next dial is due; zero: not before another has ended.
func (t *sightings) wake(room vacancy) time.Time {
	var first time.Time
	for _, e := range t.entries {
		if e.wants() && room.admits(e.fails) {
			first = earlier(first, e.next)
		}
	}
	return first
}

// dialedTo takes in how a dial ended. A link that came of it has been told of
// already.
func (t *sightings) dialedTo(now time.Time, instance peer.Instance, err error) {
	e := t.entries[instance]
	if e == nil {
		return
	}
	e.dialing, e.attempt = nil, nil
	if err == nil {
		return
	}
	if errors.Is(err, peer.ErrInstance) && !e.lost.IsZero() {
		e.departed = now // its process is gone: somebody else has its port
		return
	}
	e.fails++
	wait := retryAfter(e.fails, e.worstRetry(now))
	switch {
	case errors.Is(err, peer.ErrLinked):
		// The other side's dial goes first, or a link to us that it still
		// believes in is being found out. No failure: it would cost the
		// sighting its place before those that nobody answers for.
		wait = min(wait, linkedRetry)
		e.fails--
	case errors.Is(err, peer.ErrRoom), errors.Is(err, peer.ErrVersion):
		wait = staleRetry
		e.err = err
	default:
		e.err = err
	}
	if e.seen.After(e.dialed) {
		wait = min(wait, sightedRetry) // it came, or came back, meanwhile
	}
	e.next = now.Add(wait)
}

// expire forgets what is not worth keeping.
func (t *sightings) expire(now time.Time) {
	for instance, e := range t.entries {
		if !e.linked && e.dialing == nil && e.stale(now) {
			delete(t.entries, instance)
		}
	}
	t.places.expire(now)
	for a, at := range t.recent {
		if now.Sub(at) >= addrInterval {
			delete(t.recent, a)
		}
	}
}

// list returns the sightings that are not linked.
func (t *sightings) list() []Sighting {
	var out []Sighting
	for _, e := range t.entries {
		if e.linked || !e.departed.IsZero() {
			continue
		}
		out = append(out, Sighting{
			Instance:  e.instance.String(),
			Addrs:     e.addrs(),
			OtherRoom: e.otherRoom,
			Step:      e.attempt.progress(),
			Err:       e.err,
		})
	}
	return out
}
