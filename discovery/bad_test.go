package discovery

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// rawPacket is a header with these counts of questions and answers, and a body.
func rawPacket(response bool, questions, answers int, body string) []byte {
	b := make([]byte, 12)
	if response {
		b[2] = 0x84
	}
	binary.BigEndian.PutUint16(b[4:], uint16(questions))
	binary.BigEndian.PutUint16(b[6:], uint16(answers))
	return append(b, body...)
}

// label is one label of a name as the wire has it.
func label(s string) string { return string(rune(len(s))) + s }

const (
	classIN = "\x00\x01"
	typePTR = "\x00\x0c"
	typeSRV = "\x00\x21"
	record  = "\x00\x00\x00\x78" // lives for two minutes; the length follows
)

// badPackets are what somebody may send to break a parser.
var badPackets = map[string][]byte{
	"nothing":                      {},
	"half a header":                {0, 0, 0},
	"10,000 questions announced":   rawPacket(false, 10_000, 0, ""),
	"10,000 questions":             rawPacket(false, 10_000, 0, strings.Repeat("\x00"+typePTR+classIN, 10_000)),
	"1,700 questions that fit":     rawPacket(false, 1700, 0, strings.Repeat("\x00"+typePTR+classIN, 1700)),
	"65,535 answers announced":     rawPacket(true, 0, 65535, ""),
	"a name that points at itself": rawPacket(false, 1, 0, "\xc0\x0c"+typePTR+classIN),
	"two that point at each other": rawPacket(false, 2, 0, "\xc0\x12"+typePTR+classIN+"\xc0\x0c"+typePTR+classIN),
	"a pointer past the end":       rawPacket(false, 1, 0, "\xff\xff"+typePTR+classIN),
	"a label past the end":         rawPacket(false, 1, 0, "\x3fabc"),
	"NUL, LF and dots in a name":   rawPacket(true, 0, 1, label("a\x00b\nc.d")+label("_lanyap")+label("_tcp")+label("local")+"\x00"+typeSRV+classIN+record+"\x00\x00"),
	"no UTF-8":                     rawPacket(true, 0, 1, label("\xff\xfe\xfd")+label("local")+"\x00"+typeSRV+classIN+record+"\x00\x07\x00\x00\x00\x00\x1d\x33\x00"),
	"labels of 63 bytes":           rawPacket(false, 1, 0, strings.Repeat(label(strings.Repeat("x", 63)), 3)+label("local")+"\x00"+typePTR+classIN),
	"a name beyond 255 bytes":      rawPacket(false, 1, 0, strings.Repeat(label(strings.Repeat("x", 63)), 5)+"\x00"+typePTR+classIN),
	"a record longer than it is":   rawPacket(true, 0, 1, label("local")+"\x00"+typeSRV+classIN+record+"\xff\xff\x00"),
}

// Whatever comes is neither told to anybody nor answered, and a question right
// after it is.
func TestBadPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		time.Sleep(time.Minute)
		near := b.stranger(t, "10.0.0.99:5353")
		for name, packet := range badPackets {
			near.heard()
			near.say(t, packet)
			if got := near.heard(); sightingsOf(got, node.service.Instance) != 0 {
				t.Errorf("%s: answered with %+v", name, got)
			}
			near.say(t, serviceQuery(t, true)...)
			if got := sightingsOf(near.heard(), node.service.Instance); got != 1 {
				t.Errorf("after %s: %d answers, want 1", name, got)
			}
			time.Sleep(time.Second)
		}
		if seen := node.sees(); len(seen) != 0 {
			t.Errorf("sees %v", seen)
		}
	})
}

// deafSocket counts what is sent.
type deafSocket struct{ sent []netip.AddrPort }

func (s *deafSocket) read([]byte) (int, netip.AddrPort, error) { panic("nobody reads") }
func (s *deafSocket) write(_ []byte, to netip.AddrPort) error {
	s.sent = append(s.sent, to)
	return nil
}
func (s *deafSocket) join() error  { return nil }
func (s *deafSocket) leave() error { return nil }
func (s *deafSocket) Close() error { return nil }

// FuzzReceive: whatever a packet holds, it draws one packet at most at once,
// to where it came from, and only if that is on the link.
func FuzzReceive(f *testing.F) {
	for _, packet := range badPackets {
		f.Add(packet, true, true)
	}
	f.Add(mustPack(f, announcement(self, addrs)), true, true)
	f.Add(mustPack(f, goodbye(self, addrs)), true, false)
	questions, err := query(true, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(questions[0], true, true)
	f.Add(questions[0], false, true)
	f.Fuzz(func(t *testing.T, b []byte, near, multicaster bool) {
		m, err := parse(b)
		if err != nil {
			return
		}
		lan := &LAN{known: newCache(), subscribers: make(map[*subscriber]struct{})}
		s := &station{LAN: lan, links: make(map[linkKey]*link), answersLeft: rate.NewLimiter(answerRate, answerBurst), askers: newSources(askerRate, askerBurst)}
		s.self = &Service{Instance: self.Instance, Room: self.Room, Port: self.Port}
		socket := &deafSocket{}
		key := linkKey{2, ip4}
		s.links[key] = &link{key: key, iface: iface(1), socket: socket}
		from := netip.MustParseAddr("192.0.2.7")
		if near {
			from = netip.MustParseAddr("10.0.0.99")
		}
		port := uint16(mdnsPort)
		if !multicaster {
			port = 41000
		}
		p := packet{key: key, from: netip.AddrPortFrom(from, port), message: m}
		s.receive(epoch, p)
		if len(socket.sent) > 1 || len(socket.sent) == 1 && (!near || socket.sent[0] != p.from) {
			t.Fatalf("a packet from %v drew packets to %v", p.from, socket.sent)
		}
		for instance, e := range lan.known.entries {
			if !isHex(instance) || instance == self.Instance || len(e.view().Addrs) == 0 {
				t.Fatalf("took %q: %+v", instance, e.view())
			}
		}
	})
}
