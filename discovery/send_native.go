//go:build !js

package discovery

import (
	"errors"
	"net/netip"
	"time"
)

// send sends what a response describes.
func (s *station) send(k *link, r response, to netip.AddrPort) error {
	b, err := r.pack()
	if err == nil {
		err = k.socket.write(b, to)
	}
	return err
}

// sent notes how a multicast went.
func (s *station) sent(now time.Time, k *link, what string, err error) bool {
	if err != nil {
		s.failed(now, k, what, err)
		return false
	}
	k.wait, k.err = 0, nil
	return true
}

func (s *station) sendAnnouncement(now time.Time, k *link) {
	err := s.send(k, announcement(*s.self, k.iface.Addrs), k.key.family.group(k.iface))
	if s.sent(now, k, "announce", err) {
		k.didAnnounce(now)
	}
}

// sendAnswer multicasts what was asked for. It is a full announcement, plus
// the list of types if that was asked for: whoever hears it is up to date.
func (s *station) sendAnswer(now time.Time, k *link) {
	r := announcement(*s.self, k.iface.Addrs)
	r.answer |= k.answer & aboutType
	err := s.send(k, r, k.key.family.group(k.iface))
	if s.sent(now, k, "answer", err) {
		k.didAnswer(now)
	}
}

// sendQuery asks who is here and says whom we know.
func (s *station) sendQuery(now time.Time, k *link) {
	packets, err := query(false, s.knownOn(now, k))
	for _, b := range packets {
		err = errors.Join(err, k.socket.write(b, k.key.family.group(k.iface)))
	}
	if s.sent(now, k, "query", err) {
		k.lastAsked = now
		k.didQuery(now)
	}
}

// knownOn lists who need not answer on a link; we ourselves come first.
func (s *station) knownOn(now time.Time, k *link) []knownAnswer {
	var list []knownAnswer
	if s.self != nil {
		list = append(list, knownAnswer{s.self.Instance, recordTTL})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.expire(now)
	return append(list, s.known.known(now, k.key.index)...)
}

func (s *station) sendGoodbye() {
	if s.self == nil {
		return
	}
	for _, k := range s.links {
		if k.socket != nil {
			// What is not heard of it is found out by those who are linked.
			_ = s.send(k, goodbye(*s.self, k.iface.Addrs), k.key.family.group(k.iface))
		}
	}
}
