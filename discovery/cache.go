package discovery

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of what is remembered, and how fast it may change.
const (
	maxInstances = 1024
	maxPerSource = 256 // instances from one address: processes of one host

	// New instances a second, after a burst: to push the oldest out of a full
	// cache takes a flood of half a minute, and then those go first that were
	// heard but once.
	newRate  = 32
	newBurst = 256

	// refreshEvery is how often a sighting is repeated when nothing is new.
	refreshEvery = 20 * time.Second

	// Changes of one instance, so that two packets that contradict each other
	// over and over do not make us dial as often.
	changeRate  = 1
	changeBurst = 4

	// confirmAfter is when a second packet about an instance counts as
	// independent of the first.
	confirmAfter = 500 * time.Millisecond

	// maxTTL bounds what a packet may ask of our memory (RFC 6762 section 10
	// has 75 minutes for the longest-lived records).
	maxTTL = 75 * time.Minute
)

// path is what we heard of an instance on one interface.
type path struct {
	addrs []netip.AddrPort
	at    time.Time
	ttl   time.Duration
}

func (p path) expired(now time.Time) bool { return now.Sub(p.at) >= p.ttl }

// entry is an instance we heard of.
type entry struct {
	instance  string
	room      string
	port      uint16
	source    netip.Addr
	paths     map[int]path // by interface index
	first     time.Time
	heard     time.Time
	confirmed bool
	yielded   time.Time
	changes   *rate.Limiter
}

// cache remembers who was heard of.
type cache struct {
	entries map[string]*entry
	fresh   *rate.Limiter
	left    map[string]time.Time // when somebody said goodbye who was known
}

// lateFor is how long after a goodbye an answer to us alone may still be older:
// a lookup takes a tenth of a second to tell what it found, and each socket has a
// reader of its own. Who has not left says so to everybody.
const lateFor = time.Second

func newCache() *cache {
	return &cache{entries: make(map[string]*entry), fresh: rate.NewLimiter(newRate, newBurst), left: make(map[string]time.Time)}
}

// observe notes a complete sighting with the addresses that may be dialed, and
// reports whether it is worth telling.
func (c *cache) observe(now time.Time, index int, from netip.Addr, s sighting, addrs []netip.Addr) (Instance, bool) {
	e := c.entries[s.instance]
	isNew := e == nil
	if isNew {
		if !c.fresh.AllowN(now, 1) {
			return Instance{}, false
		}
		c.makeRoom(from)
		e = &entry{instance: s.instance, source: from, first: now, paths: make(map[int]path), changes: rate.NewLimiter(changeRate, changeBurst)}
		c.entries[s.instance] = e
	}
	before := e.view()
	e.update(now, index, s, addrs)
	after := e.view()
	changed := isNew || !after.equal(before)
	switch {
	case changed && e.changes.AllowN(now, 1):
	case now.Sub(e.yielded) >= refreshEvery:
	default:
		return Instance{}, false
	}
	e.yielded = now
	return after, true
}

func (e *entry) update(now time.Time, index int, s sighting, addrs []netip.Addr) {
	e.heard = now
	e.confirmed = e.confirmed || now.Sub(e.first) >= confirmAfter
	e.room, e.port = s.room, s.port
	var list []netip.AddrPort
	for _, a := range addrs {
		list = append(list, netip.AddrPortFrom(a, s.port))
	}
	if !s.flush {
		// An answer to us alone may not have all of them.
		for _, ap := range e.paths[index].addrs {
			if ap.Port() == s.port && !slices.Contains(list, ap) {
				list = append(list, ap)
			}
		}
	}
	ttl := min(time.Duration(s.ttl)*time.Second, maxTTL)
	e.paths[index] = path{addrs: list[:min(len(list), MaxAddrs)], at: now, ttl: ttl}
}

// view is the entry as the user sees it.
func (e *entry) view() Instance {
	in := Instance{Instance: e.instance, Room: e.room}
	indexes := make([]int, 0, len(e.paths))
	for index := range e.paths {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		for _, ap := range e.paths[index].addrs {
			if !slices.Contains(in.Addrs, ap) {
				in.Addrs = append(in.Addrs, ap)
			}
		}
	}
	slices.SortStableFunc(in.Addrs, func(a, b netip.AddrPort) int { return cmp.Compare(rank(a.Addr()), rank(b.Addr())) })
	in.Addrs = in.Addrs[:min(len(in.Addrs), MaxAddrs)]
	return in
}

func (in Instance) equal(o Instance) bool {
	return in.Instance == o.Instance && in.Room == o.Room && slices.Equal(in.Addrs, o.Addrs)
}

// makeRoom evicts so that one more fits: first from a source that has more
// than its share, then what was heard but once, then the oldest.
func (c *cache) makeRoom(from netip.Addr) {
	share := 0
	for _, e := range c.entries {
		if e.source == from {
			share++
		}
	}
	if share >= maxPerSource {
		c.evict(func(e *entry) bool { return e.source == from })
		return
	}
	if len(c.entries) < maxInstances {
		return
	}
	if !c.evict(func(e *entry) bool { return !e.confirmed }) {
		c.evict(func(*entry) bool { return true })
	}
}

// evict forgets the one of those that was not heard of for longest.
func (c *cache) evict(among func(*entry) bool) bool {
	var oldest *entry
	for _, e := range c.entries {
		if among(e) && (oldest == nil || e.heard.Before(oldest.heard)) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	delete(c.entries, oldest.instance)
	return true
}

// goodbye forgets an instance; false when it was not known.
func (c *cache) goodbye(now time.Time, instance string) (Instance, bool) {
	e := c.entries[instance]
	if e == nil {
		return Instance{}, false
	}
	delete(c.entries, instance)
	maps.DeleteFunc(c.left, func(_ string, at time.Time) bool { return now.Sub(at) >= lateFor })
	c.left[instance] = now
	in := e.view()
	in.Gone = true
	return in, true
}

// justLeft reports whether an answer to us alone that names an instance may be
// from before its goodbye.
func (c *cache) justLeft(now time.Time, instance string) bool {
	at, ok := c.left[instance]
	return ok && now.Sub(at) < lateFor
}

// forget drops what was heard on an interface, whose network may be another
// one now.
func (c *cache) forget(index int) {
	for instance, e := range c.entries {
		delete(e.paths, index)
		if len(e.paths) == 0 {
			delete(c.entries, instance)
		}
	}
}

// expire forgets what has not been heard of for as long as it was good for.
func (c *cache) expire(now time.Time) {
	for instance, e := range c.entries {
		for index, p := range e.paths {
			if p.expired(now) {
				delete(e.paths, index)
			}
		}
		if len(e.paths) == 0 {
			delete(c.entries, instance)
		}
	}
}

// known lists who need not answer on an interface: those of whom more than
// half of the time is left (RFC 6762 section 7.1). The list is bounded, the
// freshest first.
func (c *cache) known(now time.Time, index int) []knownAnswer {
	var list []knownAnswer
	for instance, e := range c.entries {
		p, ok := e.paths[index]
		left := p.ttl - now.Sub(p.at)
		if ok && left > p.ttl/2 {
			list = append(list, knownAnswer{instance, uint32(left / time.Second)})
		}
	}
	slices.SortFunc(list, func(a, b knownAnswer) int {
		return cmp.Or(cmp.Compare(b.ttl, a.ttl), cmp.Compare(a.instance, b.instance))
	})
	return list[:min(len(list), maxKnown)]
}

// all returns everyone known.
func (c *cache) all() []Instance {
	list := make([]Instance, 0, len(c.entries))
	for _, e := range c.entries {
		list = append(list, e.view())
	}
	slices.SortFunc(list, func(a, b Instance) int { return cmp.Compare(a.Instance, b.Instance) })
	return list
}

// rank orders addresses by how simple they are to dial.
func rank(a netip.Addr) int {
	switch {
	case a.Is4():
		return 0
	case !a.IsLinkLocalUnicast():
		return 1
	}
	return 2
}
