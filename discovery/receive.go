package discovery

import (
	"net/netip"
	"time"
)

// Answers by unicast a second, ours and hashicorp's: a start of 128 nodes at
// once asks for about as many; beyond that we answer by multicast, or the
// asker asks again.
const (
	answerRate  = 100
	answerBurst = 512

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
	for _, q := range p.message.questions {
		s.question(now, k, p, q)
	}
}

// question answers, or plans to.
func (s *station) question(now time.Time, k *link, p packet, q question) {
	about := q.about
	if q.instance != "" && q.instance != s.self.Instance {
		return
	}
	if p.message.known[s.self.Instance] >= recordTTL/2 {
		about &^= aboutService
	}
	if about == 0 {
		return
	}
	if !q.unicast && p.from.Port() == mdnsPort {
		k.heardQuery(now, about, p.from, p.message.truncated)
		return
	}
	// Only those on the link get an answer of their own (RFC 6762 section
	// 5.5), or we could be made to send to anywhere.
	if !k.iface.onLink(p.from.Addr()) || !s.answersLeft.AllowN(now, 1) {
		return
	}
	r := response{self: *s.self, addrs: k.iface.Addrs, answer: about, ttl: recordTTL}
	if q.unicast && s.responder != nil {
		s.responder.admit(now, r)
		return
	}
	if p.from.Port() != mdnsPort {
		r.id, r.legacy, r.ttl = p.message.id, &q, legacyTTL
	}
	if err := s.send(k, r, p.from); err != nil {
		s.log.Debug("mdns answer", "to", p.from, "err", err)
	}
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
		if in, ok := s.known.goodbye(sg.instance); ok {
			s.tellLocked(in)
		}
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
// they say that we are gone, we say that we are not.
func (s *station) seeSelf(now time.Time, k *link, sg sighting) {
	if sg.gone {
		k.heardQuery(now, aboutService|aboutInstance|aboutHost, netip.AddrPort{}, false)
		return
	}
	if sg.ttl >= recordTTL && sg.port == s.self.Port {
		k.heardAnswer(now)
	}
}
