//go:build !js

package discovery

import (
	"net/netip"
	"slices"
	"time"
)

// Answers by unicast a second, to all and to each address: a start of 128
// nodes at once asks for about as many, and so it may on one host. Beyond that
// we answer by multicast.
const (
	answerRate  = 100
	answerBurst = 512
	askerRate   = 20
	askerBurst  = 128

	// askedAgo is how old our last question is when somebody else's can stand
	// for our next one; a younger one may be our own, looped back.
	askedAgo = 500 * time.Millisecond

	// partialFor is how long the rest of a question is waited for.
	partialFor = time.Second
)

// receive takes one packet.
func (s *station) receive(now time.Time, p packet) {
	k := s.links[p.key]
	if k == nil || k.socket == nil {
		return
	}
	if s.network.any && !p.toUs && !k.iface.onLink(p.from.Addr()) {
		return // RFC 6762 section 11: it may not have come to the group
	}
	if s.isFromOthers(p) {
		k.heard(now)
	}
	if p.message.response {
		for _, sg := range p.message.sightings {
			s.see(now, k, p, sg)
		}
		return
	}
	s.standIn(now, k, p)
	if s.self == nil {
		return
	}
	known, ours := p.message.known[s.self.Instance]
	if ours && known >= recordTTL/2 {
		k.heardKnown(p.from)
	}
	s.questions(now, k, p)
}

// isFromOthers reports whether a packet shows that the group brings us what
// others say. An answer to us alone does not, nor what a lookup found, nor our
// own words, whoever repeats them.
func (s *station) isFromOthers(p packet) bool {
	if p.toUs || s.isOwn(p.from.Addr().WithZone("")) {
		return false
	}
	about := p.message.sightings
	return len(about) == 0 || slices.ContainsFunc(about, func(sg sighting) bool {
		return s.self == nil || sg.instance != s.self.Instance
	})
}

// asked is what we have to say to a question.
func (s *station) asked(k *link, m message, q question) subject {
	if q.instance != "" && q.instance != s.self.Instance {
		return 0
	}
	about := q.about
	if m.known[s.self.Instance] >= recordTTL/2 {
		about &^= aboutService
	}
	if !k.iface.has(ip4) {
		about &^= aboutA
	}
	if !k.iface.has(ip6) {
		about &^= aboutAAAA
	}
	return about
}

// questions answers those of one packet, or plans to. What asks for an answer
// by unicast, or comes from a port that hears no other, is answered at once,
// all together.
func (s *station) questions(now time.Time, k *link, p packet) {
	var alone subject
	var first question
	for _, q := range p.message.questions {
		about := s.asked(k, p.message, q)
		switch {
		case about == 0:
		case !q.unicast && p.from.Port() == mdnsPort:
			k.heardQuery(now, about, p.from, p.message.truncated)
		case alone == 0:
			alone, first = about, q
		default:
			alone |= about
		}
	}
	if alone != 0 {
		s.answerAlone(now, k, p, alone, first)
	}
}

// answerAlone answers by unicast. Only those on the link get such an answer
// (RFC 6762 section 5.5), or we could be made to send to anywhere. When too
// many want one, all are told by multicast, which is at most once a second.
func (s *station) answerAlone(now time.Time, k *link, p packet, about subject, first question) {
	from := p.from
	if !k.iface.onLink(from.Addr()) {
		return
	}
	if !s.askers.allow(now, from.Addr()) || !s.answersLeft.AllowN(now, 1) {
		k.heardQuery(now, about, netip.AddrPort{}, false)
		return
	}
	r := response{self: *s.self, addrs: k.iface.Addrs, answer: about, ttl: recordTTL}
	if from.Port() != mdnsPort {
		r.id = p.message.id
	}
	socket := k.socket
	send := func(b []byte) {
		if err := socket.write(b, from); err != nil {
			s.log.Debug("mdns answer", "to", from, "err", err)
		}
	}
	if first.unicast && s.responder != nil && s.responder.answer(r, send) {
		return
	}
	if from.Port() != mdnsPort {
		r.legacy, r.ttl = &first, legacyTTL
	}
	b, err := r.pack()
	if err != nil {
		s.log.Error("mdns answer", "err", err)
		return
	}
	send(b)
}

// standIn takes somebody's question for our next one if it asks what ours
// would (RFC 6762 section 7.3): by multicast, and without a known answer that
// we would not list as well.
func (s *station) standIn(now time.Time, k *link, p packet) {
	asks := false
	for _, q := range p.message.questions {
		asks = asks || q.about&aboutService != 0 && !q.unicast && p.from.Port() == mdnsPort
	}
	known := p.message.known
	part := &k.partial
	switch {
	case asks && p.message.truncated:
		*part = partialQuestion{from: p.from, at: now, known: known}
		return
	case !asks && part.from == p.from && now.Sub(part.at) < partialFor:
		if !part.add(known) || p.message.truncated {
			return
		}
		known = part.known
		*part = partialQuestion{}
	case !asks:
		return
	}
	if k.queryAt.IsZero() || now.Sub(k.lastAsked) < askedAgo {
		return
	}
	ours := make(map[string]bool)
	for _, a := range s.knownOn(now, k) {
		ours[a.instance] = true
	}
	for instance := range known {
		if !ours[instance] {
			return
		}
	}
	k.didQuery(now)
}

// add adds the known answers of another packet; false when they are too many.
func (q *partialQuestion) add(known map[string]uint32) bool {
	if len(q.known)+len(known) > maxKnown {
		*q = partialQuestion{}
		return false
	}
	for instance, ttl := range known {
		if q.known == nil {
			q.known = make(map[string]uint32)
		}
		q.known[instance] = ttl
	}
	return true
}

// see takes what a packet says of one instance.
func (s *station) see(now time.Time, k *link, p packet, sg sighting) {
	if s.self != nil && sg.instance == s.self.Instance {
		if !p.toUs {
			s.seeSelf(now, k, sg)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sg.gone {
		if in, ok := s.known.goodbye(now, sg.instance); ok {
			s.tellLocked(in)
		}
		return
	}
	if p.toUs && s.known.justLeft(now, sg.instance) {
		return
	}
	addrs := make([]netip.Addr, 0, len(sg.addrs))
	for _, a := range sg.addrs {
		if a, ok := k.iface.dialable(a); ok {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return
	}
	if in, ok := s.known.observe(now, k.key.index, p.from.Addr(), sg, addrs); ok {
		s.tellLocked(in)
	}
}

// seeSelf takes what somebody says of us: usually ourselves, looped back. If
// they say that we are gone, or elsewhere, we say where we are (RFC 6762
// section 9): our instance is a random number that nobody else comes upon, so
// there is nobody to settle it with.
func (s *station) seeSelf(now time.Time, k *link, sg sighting) {
	switch {
	case !sg.gone && s.says(sg, k.iface.Addrs):
		k.heardAnswer(now)
	case !sg.gone && s.says(sg, nil):
		// Our own words for another interface, which is on this network too.
	default:
		k.heardQuery(now, aboutService|aboutInstance|aboutHost, netip.AddrPort{}, false)
	}
}

// says reports whether a sighting of us says what we would: all of addrs and
// no other, or if there are none, any that this machine has.
func (s *station) says(sg sighting, addrs []netip.Addr) bool {
	if sg.port != s.self.Port || sg.room != s.self.Room || sg.ttl < recordTTL {
		return false
	}
	if addrs == nil {
		return !slices.ContainsFunc(sg.addrs, func(a netip.Addr) bool { return !s.isOwn(a) })
	}
	addrs = addrs[:min(len(addrs), maxAdvertised)]
	return slices.EqualFunc(sg.addrs, addrs, func(said, a netip.Addr) bool { return said == a.WithZone("") })
}

// isOwn reports whether this machine has an address on some link.
func (s *station) isOwn(a netip.Addr) bool {
	for _, k := range s.links {
		if slices.ContainsFunc(k.iface.Addrs, func(own netip.Addr) bool { return own.WithZone("") == a }) {
			return true
		}
	}
	return false
}
