package discovery

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Names of DNS-SD (RFC 6763 sections 4.1 and 9). Everything we send or look
// at ends in one of them.
const (
	serviceName = "_lanyap._tcp.local."
	typesName   = "_services._dns-sd._udp.local."
	localDomain = ".local."
)

// Bounds of one packet. The first is the longest a multicast DNS message may
// be (RFC 6762 section 17); the others are far beyond what a node sends.
const (
	maxPacket    = 9000
	maxQuestions = 16
	maxLooked    = 256 // questions looked at, whatever they are about
	maxSightings = 64
	maxKnown     = 256
)

// topBit of a record's class means "flush what you had", of a question's
// class "by unicast, please" (RFC 6762 sections 10.2 and 5.4).
const topBit = 1 << 15

var errPacket = errors.New("discovery: packet: malformed")

// subject is a set of our records.
type subject uint8

const (
	aboutService subject = 1 << iota // PTR from the service type to an instance
	aboutType                        // PTR from the list of types to the service type
	aboutSRV
	aboutTXT
	aboutA
	aboutAAAA

	aboutInstance = aboutSRV | aboutTXT
	aboutHost     = aboutA | aboutAAAA
	aboutShared   = aboutService | aboutType // many nodes have records of that name
)

// question is one that a node like us can answer.
type question struct {
	raw      dnsmessage.Question
	about    subject
	instance string // which one it asks about, where it asks about one
	unicast  bool   // QU
}

// sighting is what one packet says of one instance.
type sighting struct {
	instance string
	room     string
	port     uint16
	addrs    []netip.Addr // as written: no zones, not checked against the interface
	ttl      uint32       // seconds
	flush    bool         // addrs are all there are on that interface
	gone     bool
}

func (s sighting) complete() bool {
	return s.port != 0 && s.room != "" && len(s.addrs) > 0
}

// message is what concerns us in a packet.
type message struct {
	id        uint16
	response  bool
	truncated bool
	questions []question
	known     map[string]uint32 // known answers of a query: instance to seconds left
	sightings []sighting        // of a response
}

// parse reads a packet. It returns an error for a malformed one, and an empty
// message for one that is about something else.
func parse(packet []byte) (message, error) {
	if len(packet) > maxPacket {
		return message{}, errPacket
	}
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil {
		return message{}, errPacket
	}
	// RFC 6762 sections 18.3 and 18.11: other codes are silently ignored.
	if header.OpCode != 0 || header.RCode != 0 {
		return message{}, nil
	}
	m := message{id: header.ID, response: header.Response, truncated: header.Truncated}
	if err := m.readQuestions(&p); err != nil {
		return message{}, err
	}
	if !m.response {
		return m, m.readKnown(&p)
	}
	return m, m.readSightings(&p)
}

func (m *message) readQuestions(p *dnsmessage.Parser) error {
	for range maxLooked {
		raw, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err != nil {
			// A name that dnsmessage does not take, such as one with a dot
			// in a label, belongs to some other service.
			if err := p.SkipQuestion(); err != nil {
				return errPacket
			}
			continue
		}
		q, ok := readQuestion(raw)
		if ok && !m.response && len(m.questions) < maxQuestions {
			m.questions = append(m.questions, q)
		}
	}
	if err := p.SkipAllQuestions(); err != nil {
		return errPacket
	}
	return nil
}

func readQuestion(raw dnsmessage.Question) (question, bool) {
	q := question{raw: raw, unicast: raw.Class&topBit != 0}
	class := raw.Class &^ topBit
	if class != dnsmessage.ClassINET && class != dnsmessage.ClassANY {
		return q, false
	}
	name := strings.ToLower(raw.Name.String())
	of := func(t dnsmessage.Type, s subject) subject {
		if raw.Type == t || raw.Type == dnsmessage.TypeALL {
			return s
		}
		return 0
	}
	switch name {
	case serviceName:
		q.about = of(dnsmessage.TypePTR, aboutService)
	case typesName:
		q.about = of(dnsmessage.TypePTR, aboutType)
	default:
		var host bool
		q.instance, host = instanceOf(name)
		if q.instance == "" {
			return q, false
		}
		q.about = of(dnsmessage.TypeSRV, aboutSRV) | of(dnsmessage.TypeTXT, aboutTXT)
		if host {
			q.about = of(dnsmessage.TypeA, aboutA) | of(dnsmessage.TypeAAAA, aboutAAAA)
		}
	}
	return q, q.about != 0
}

// instanceOf returns the instance in the name of a service instance or of its
// host, and which of the two it is; empty for any other name.
func instanceOf(name string) (instance string, host bool) {
	name = strings.ToLower(name)
	if label, ok := strings.CutSuffix(name, "."+serviceName); ok && isHex(label) {
		return label, false
	}
	if label, ok := strings.CutSuffix(name, localDomain); ok && isHex(label) {
		return label, true
	}
	return "", false
}

// isHex reports whether s is 64 bits as this package writes them: 16
// lower-case hex digits. Nothing else is ever taken for an instance or a room.
func isHex(s string) bool {
	if len(s) != 16 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// readKnown reads the known answers of a query (RFC 6762 section 7.1).
func (m *message) readKnown(p *dnsmessage.Parser) error {
	return eachRecord(p.AnswerHeader, p.SkipAnswer, func(h dnsmessage.ResourceHeader) bool {
		if h.Type != dnsmessage.TypePTR || !strings.EqualFold(h.Name.String(), serviceName) {
			return false
		}
		ptr, err := p.PTRResource()
		if err != nil {
			return false
		}
		instance, host := instanceOf(ptr.PTR.String())
		if instance == "" || host || len(m.known) >= maxKnown {
			return true
		}
		if m.known == nil {
			m.known = make(map[string]uint32)
		}
		m.known[instance] = h.TTL
		return true
	})
}

// eachRecord calls take for every record of a section whose header can be
// read; take says whether it consumed the record.
func eachRecord(header func() (dnsmessage.ResourceHeader, error), skip func() error, take func(dnsmessage.ResourceHeader) bool) error {
	for {
		h, err := header()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if err == nil && take(h) {
			continue
		}
		if err := skip(); err != nil {
			return errPacket
		}
	}
}
