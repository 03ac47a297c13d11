//go:build !js

package discovery

import (
	"context"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyap/lanyap/peer/logger"
)

// network is what a LAN needs of the system; tests have one in memory.
type network struct {
	watch   func(context.Context) iter.Seq[[]Interface]
	group   func(Interface, family) (socket, error) // hears and speaks to the group
	answers func(Interface, family) (socket, error) // a port of its own
	serve   func() *responder                       // nil: no hashicorp server
	lookup  func(context.Context, Interface) []sighting
	any     bool // group also hears what was not sent to the group
}

// system is the network of this machine.
func system(names []string) network {
	return network{
		watch:   func(ctx context.Context) iter.Seq[[]Interface] { return changes(ctx, names) },
		group:   listenGroup,
		answers: listenAnswers,
		serve:   newResponder,
		lookup:  lookup,
		any:     !groupOnly,
	}
}

// packetQueue is how many parsed packets wait for the loop; what comes when it
// is full is lost, as it would be in the socket's buffer.
const packetQueue = 256

// packet is a parsed packet with where it came from.
type packet struct {
	key     linkKey
	from    netip.AddrPort
	toUs    bool // an answer to us alone from the link, or found by a lookup
	message message
}

func open(cfg Config, n network, ifaces []Interface) *LAN {
	log := cfg.Logger
	if log == nil {
		log = logger.Discard()
	}
	l := &LAN{
		log:         log,
		network:     n,
		packets:     make(chan packet, packetQueue),
		changes:     make(chan []Interface),
		announces:   make(chan announceRequest),
		known:       newCache(),
		subscribers: make(map[*subscriber]struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	s := &station{LAN: l, links: make(map[linkKey]*link), answersLeft: rate.NewLimiter(answerRate, answerBurst), askers: newSources(askerRate, askerBurst)}
	s.update(time.Now(), ifaces)
	l.work.Go(s.run)
	l.work.Go(l.follow)
	return l
}

// follow hands changes of the interfaces to the loop.
func (l *LAN) follow() {
	for ifaces := range l.network.watch(l.ctx) {
		select {
		case l.changes <- ifaces:
		case <-l.ctx.Done():
			return
		}
	}
}

// station is what the loop alone touches: the links and what is sent on them.
type station struct {
	*LAN
	links       map[linkKey]*link
	self        *Service // nil: nothing is announced
	responder   *responder
	lookupAt    time.Time
	answersLeft *rate.Limiter
	askers      *sources // who was answered by unicast
}

// run is the loop. Everything that is decided is decided here, in order.
func (s *station) run() {
	defer s.leave()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case p := <-s.packets:
			s.receive(time.Now(), p)
		case r := <-s.announces:
			s.announce(time.Now(), r)
		case ifaces := <-s.changes:
			s.update(time.Now(), ifaces)
		case <-timer.C:
		}
		s.act(time.Now())
		timer.Reset(s.wait(time.Now()))
	}
}

// wait is how long nothing is to be done.
func (s *station) wait(now time.Time) time.Duration {
	next := s.lookupAt
	for _, k := range s.links {
		next = earliest(next, k.next())
	}
	if next.IsZero() {
		return time.Hour
	}
	return max(0, next.Sub(now))
}

// act does what is due.
func (s *station) act(now time.Time) {
	for _, k := range s.links {
		if due(k.retryAt, now) {
			s.begin(now, k)
		}
		if due(k.rejoinAt, now) {
			s.rejoin(now, k)
		}
		if due(k.announceAt, now) {
			s.sendAnnouncement(now, k)
		}
		if due(k.answerAt, now) {
			s.sendAnswer(now, k)
		}
		if due(k.queryAt, now) {
			s.sendQuery(now, k)
		}
	}
	if due(s.lookupAt, now) {
		s.lookUp(now)
	}
	s.judge()
}

// judge finds out whether anything works.
func (s *station) judge() {
	var trouble error
	for _, k := range s.links {
		if k.err == nil {
			trouble = nil
			break
		}
		trouble = k.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = trouble
}

// announce takes a new self.
func (s *station) announce(now time.Time, r announceRequest) {
	if s.self != nil && s.self.Instance != r.self.Instance {
		s.sendGoodbye()
	}
	s.self = &r.self
	s.mu.Lock()
	s.known.goodbye(now, r.self.Instance)
	for sub := range s.subscribers {
		sub.drop(r.self.Instance)
	}
	s.mu.Unlock()
	for _, k := range s.links {
		if k.socket != nil && k.retryAt.IsZero() {
			k.startAnnouncing(now)
		}
	}
	s.act(now)
	close(r.done)
	s.serve()
}

// serve starts hashicorp's server, if it is not there. It comes after the
// announcement, for others wait for that.
func (s *station) serve() {
	if s.responder == nil && s.self != nil && s.network.serve != nil {
		s.responder = s.network.serve()
	}
}

// leave says goodbye and ends everything the loop started.
func (s *station) leave() {
	if s.responder != nil {
		s.responder.drop() // an answer after the goodbye would take it back
	}
	s.sendGoodbye()
	if s.responder != nil {
		s.responder.Close()
	}
	for _, k := range s.links {
		k.close()
	}
}

// update follows a change of the interfaces, or of something about them that
// does not show, such as an address that became usable.
func (s *station) update(now time.Time, ifaces []Interface) {
	want := make(map[linkKey]Interface)
	for _, i := range ifaces {
		for _, f := range families {
			if i.speaks(f) {
				want[linkKey{i.Index, f}] = i
			}
		}
	}
	var changed []*link
	for key, k := range s.links {
		i, ok := want[key]
		delete(want, key)
		if ok && i.equal(k.iface) {
			continue
		}
		changed = append(changed, k)
		if !ok || !k.survives(i) {
			k.close()
			delete(s.links, key)
		}
		if ok && k.socket == nil {
			want[key] = i
		}
		k.iface = i
	}
	for key, i := range want {
		k := &link{key: key, iface: i}
		s.links[key] = k
		changed = append(changed, k)
	}
	s.renew(now, changed)
}

// renew begins anew on links that have changed, where the network may be
// another one, and on those that failed.
func (s *station) renew(now time.Time, changed []*link) {
	s.mu.Lock()
	for _, k := range changed {
		s.known.forget(k.key.index)
	}
	s.mu.Unlock()
	for _, k := range s.links {
		if !k.retryAt.IsZero() || slices.Contains(changed, k) {
			s.begin(now, k)
		}
	}
	if len(changed) == 0 {
		return
	}
	s.lookupAt = now.Add(lookupDelay)
	s.act(now)
	s.serve()
}

// interfaces lists those with a link.
func (s *station) interfaces() []Interface {
	var list []Interface
	for _, key := range slices.SortedFunc(maps.Keys(s.links), linkKey.compare) {
		i := s.links[key].iface
		if len(list) == 0 || list[len(list)-1].Index != i.Index {
			list = append(list, i)
		}
	}
	return list
}
