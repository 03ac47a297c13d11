package discovery

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// recordTTL is how long others may believe us, in seconds. RFC 6762
	// section 10 has 120 s for what dies with the host; all our records do,
	// for an instance is one start of a program. Half of it is how often a
	// stable network hears of each node.
	recordTTL = 120

	// legacyTTL is the same for those who are not multicast DNS and would
	// never hear a goodbye (RFC 6762 section 6.7).
	legacyTTL = 10

	// maxAdvertised keeps a packet well under 400 bytes: a burst of longer
	// answers overflows the receive buffer an ordinary user gets.
	maxAdvertised = 8

	// queryRoom is for the known answers of one packet: what an Ethernet
	// frame holds after IPv6, UDP and the question.
	queryRoom = 1400

	// knownSize is at most what one known answer takes, compressed.
	knownSize = 2 + 10 + 1 + 16 + 2
)

// response describes a packet that tells of us.
type response struct {
	self   Service
	addrs  []netip.Addr
	answer subject // what goes into the answer section; the rest is additional
	ttl    uint32
	flush  bool      // mark the records of which there are no others (RFC 6762 section 10.2)
	legacy *question // repeat this one, for a resolver that is not multicast DNS
	id     uint16
}

// announcement is the packet that nobody asked for (RFC 6762 section 8.3).
func announcement(self Service, addrs []netip.Addr) response {
	return response{self: self, addrs: addrs, answer: aboutService | aboutInstance | aboutHost, ttl: recordTTL, flush: true}
}

// goodbye is the packet that takes everything back (RFC 6762 section 10.1).
func goodbye(self Service, addrs []netip.Addr) response {
	r := announcement(self, addrs)
	r.ttl = 0
	return r
}

// pack builds the packet.
func (r response) pack() ([]byte, error) {
	b := dnsmessage.NewBuilder(make([]byte, 0, 512), dnsmessage.Header{ID: r.id, Response: true, Authoritative: true})
	b.EnableCompression()
	w := recordWriter{builder: &b, response: r}
	if r.legacy != nil {
		w.do(b.StartQuestions())
		w.do(b.Question(r.legacy.raw))
	}
	w.do(b.StartAnswers())
	w.write(r.answer)
	w.do(b.StartAdditionals())
	// The list of types is for those who ask for it.
	w.write((aboutService | aboutInstance | aboutHost) &^ r.answer)
	if w.err != nil {
		return nil, fmt.Errorf("discovery: build response: %w", w.err)
	}
	return b.Finish()
}

// recordWriter keeps the first error, so that one packet is one page of code.
type recordWriter struct {
	builder *dnsmessage.Builder
	response
	err error
}

func (w *recordWriter) do(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *recordWriter) name(s string) dnsmessage.Name {
	n, err := dnsmessage.NewName(s)
	w.do(err)
	return n
}

func (w *recordWriter) header(name string, shared bool) dnsmessage.ResourceHeader {
	class := dnsmessage.ClassINET
	if w.flush && !shared {
		class |= topBit
	}
	return dnsmessage.ResourceHeader{Name: w.name(name), Class: class, TTL: w.ttl}
}

func (w *recordWriter) write(what subject) {
	b := w.builder
	instance, host := w.self.Instance+"."+serviceName, w.self.Instance+localDomain
	if what&aboutType != 0 {
		w.do(b.PTRResource(w.header(typesName, true), dnsmessage.PTRResource{PTR: w.name(serviceName)}))
	}
	if what&aboutService != 0 {
		w.do(b.PTRResource(w.header(serviceName, true), dnsmessage.PTRResource{PTR: w.name(instance)}))
	}
	if what&aboutSRV != 0 {
		w.do(b.SRVResource(w.header(instance, false), dnsmessage.SRVResource{Port: w.self.Port, Target: w.name(host)}))
	}
	if what&aboutTXT != 0 {
		txt := []string{"v=1", "i=" + w.self.Instance, "r=" + w.self.Room}
		w.do(b.TXTResource(w.header(instance, false), dnsmessage.TXTResource{TXT: txt}))
	}
	for _, addr := range w.addrs[:min(len(w.addrs), maxAdvertised)] {
		switch {
		case addr.Is4() && what&aboutA != 0:
			w.do(b.AResource(w.header(host, false), dnsmessage.AResource{A: addr.As4()}))
		case addr.Is6() && what&aboutAAAA != 0:
			w.do(b.AAAAResource(w.header(host, false), dnsmessage.AAAAResource{AAAA: addr.As16()}))
		}
	}
}

// knownAnswer is a line of a query: this one need not answer.
type knownAnswer struct {
	instance string
	ttl      uint32 // seconds left
}

// query builds the question for the service with what is known, in as many
// packets as that takes; all but the last are marked truncated (RFC 6762
// section 7.2).
func query(unicast bool, known []knownAnswer) ([][]byte, error) {
	var packets [][]byte
	for {
		n := min(len(known), queryRoom/knownSize)
		last := n == len(known)
		packet, err := packQuery(unicast, len(packets) == 0, !last, known[:n])
		if err != nil {
			return nil, fmt.Errorf("discovery: build query: %w", err)
		}
		packets = append(packets, packet)
		if last {
			return packets, nil
		}
		known = known[n:]
	}
}

func packQuery(unicast, ask, truncated bool, known []knownAnswer) ([]byte, error) {
	b := dnsmessage.NewBuilder(make([]byte, 0, 64+len(known)*knownSize), dnsmessage.Header{Truncated: truncated})
	b.EnableCompression()
	w := recordWriter{builder: &b}
	if ask {
		class := dnsmessage.ClassINET
		if unicast {
			class |= topBit
		}
		w.do(b.StartQuestions())
		w.do(b.Question(dnsmessage.Question{Name: w.name(serviceName), Type: dnsmessage.TypePTR, Class: class}))
	}
	w.do(b.StartAnswers())
	for _, k := range known {
		w.ttl = k.ttl
		w.do(b.PTRResource(w.header(serviceName, true), dnsmessage.PTRResource{PTR: w.name(k.instance + "." + serviceName)}))
	}
	if w.err != nil {
		return nil, w.err
	}
	return b.Finish()
}
