package discovery

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// collector puts the records of one response together by instance; they may
// come in any order.
type collector struct {
	parser *dnsmessage.Parser
	order  []string
	byName map[string]*sighting
}

// readSightings reads the records of a response. An instance counts when the
// packet has all of it, as every packet of a node does; a goodbye needs only
// its name.
func (m *message) readSightings(p *dnsmessage.Parser) error {
	c := collector{parser: p, byName: make(map[string]*sighting)}
	if err := eachRecord(p.AnswerHeader, p.SkipAnswer, c.take); err != nil {
		return err
	}
	if err := p.SkipAllAuthorities(); err != nil {
		return errPacket
	}
	if err := eachRecord(p.AdditionalHeader, p.SkipAdditional, c.take); err != nil {
		return err
	}
	for _, instance := range c.order {
		if s := c.byName[instance]; s.gone || s.complete() {
			m.sightings = append(m.sightings, *s)
		}
	}
	return nil
}

// of returns the sighting of an instance; nil when the packet has too many.
func (c *collector) of(instance string) *sighting {
	if s := c.byName[instance]; s != nil {
		return s
	}
	if len(c.order) >= maxSightings {
		return nil
	}
	s := &sighting{instance: instance}
	c.byName[instance] = s
	c.order = append(c.order, instance)
	return s
}

func (c *collector) take(h dnsmessage.ResourceHeader) bool {
	if h.Class&^topBit != dnsmessage.ClassINET {
		return false
	}
	if h.Type == dnsmessage.TypePTR {
		return c.takePTR(h)
	}
	instance, host := instanceOf(h.Name.String())
	if instance == "" {
		return false
	}
	s := c.of(instance)
	if s == nil {
		return false
	}
	if host {
		return c.takeAddress(h, s)
	}
	switch h.Type {
	case dnsmessage.TypeSRV:
		return c.takeSRV(h, s)
	case dnsmessage.TypeTXT:
		return c.takeTXT(s)
	}
	return false
}

func (c *collector) takePTR(h dnsmessage.ResourceHeader) bool {
	if !strings.EqualFold(h.Name.String(), serviceName) {
		return false
	}
	ptr, err := c.parser.PTRResource()
	if err != nil {
		return false
	}
	instance, host := instanceOf(ptr.PTR.String())
	if instance == "" || host {
		return true
	}
	if s := c.of(instance); s != nil {
		s.gone = s.gone || h.TTL == 0
		s.ttl = h.TTL
	}
	return true
}

func (c *collector) takeSRV(h dnsmessage.ResourceHeader, s *sighting) bool {
	srv, err := c.parser.SRVResource()
	if err != nil {
		return false
	}
	target, host := instanceOf(srv.Target.String())
	if !host || target != s.instance {
		return true
	}
	s.gone = s.gone || h.TTL == 0
	s.port = srv.Port
	if s.ttl == 0 {
		s.ttl = h.TTL
	}
	return true
}

func (c *collector) takeTXT(s *sighting) bool {
	txt, err := c.parser.TXTResource()
	if err != nil {
		return false
	}
	s.room = roomOf(txt.TXT, s.instance)
	return true
}

// roomOf returns the room tag of a TXT record of this version that belongs to
// the instance, else nothing. Keys it does not know are for later versions; of
// a key that is there twice the first counts (RFC 6763 section 6.4).
func roomOf(txt []string, instance string) string {
	values := make(map[string]string, 3)
	for _, pair := range txt {
		key, value, _ := strings.Cut(pair, "=")
		key = strings.ToLower(key)
		if _, seen := values[key]; !seen && len(key) == 1 {
			values[key] = value
		}
	}
	if values["v"] != "1" || values["i"] != instance || !isHex(values["r"]) {
		return ""
	}
	return values["r"]
}

func (c *collector) takeAddress(h dnsmessage.ResourceHeader, s *sighting) bool {
	var addr netip.Addr
	switch h.Type {
	case dnsmessage.TypeA:
		a, err := c.parser.AResource()
		if err != nil {
			return false
		}
		addr = netip.AddrFrom4(a.A)
	case dnsmessage.TypeAAAA:
		aaaa, err := c.parser.AAAAResource()
		if err != nil {
			return false
		}
		addr = netip.AddrFrom16(aaaa.AAAA)
	default:
		return false
	}
	s.flush = s.flush || h.Class&topBit != 0
	if len(s.addrs) < MaxAddrs && !addr.Is4In6() {
		s.addrs = append(s.addrs, addr)
	}
	return true
}
