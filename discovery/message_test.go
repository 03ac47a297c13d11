package discovery

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

var (
	self  = Service{Instance: "0123456789abcdef", Room: "00000000000000aa", Port: 7475}
	addrs = []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("fd00::7"), netip.MustParseAddr("fe80::7%eth0")}
)

func mustPack(t testing.TB, r response) []byte {
	t.Helper()
	b, err := r.pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustParse(t testing.TB, b []byte) message {
	t.Helper()
	m, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// packet builds any packet; each part is called when its section is open.
func buildPacket(t testing.TB, h dnsmessage.Header, questions, answers, additionals func(*dnsmessage.Builder) error) []byte {
	t.Helper()
	b := dnsmessage.NewBuilder(nil, h)
	b.EnableCompression()
	steps := []func() error{b.StartQuestions, b.StartAnswers, b.StartAdditionals}
	for n, fill := range []func(*dnsmessage.Builder) error{questions, answers, additionals} {
		err := steps[n]()
		if err == nil && fill != nil {
			err = fill(&b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	packet, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestAnnouncementRoundTrip(t *testing.T) {
	got := mustParse(t, mustPack(t, announcement(self, addrs)))
	want := message{response: true, sightings: []sighting{{
		instance: self.Instance, room: self.Room, port: self.Port, ttl: recordTTL, flush: true,
		addrs: []netip.Addr{addrs[0], addrs[1], addrs[2].WithZone("")},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestGoodbyeRoundTrip(t *testing.T) {
	got := mustParse(t, mustPack(t, goodbye(self, addrs)))
	if len(got.sightings) != 1 || !got.sightings[0].gone || got.sightings[0].instance != self.Instance {
		t.Errorf("got %+v, want one goodbye of %s", got, self.Instance)
	}
}

// Whatever is asked for, the whole instance is in the packet, once.
func TestAnswerIsComplete(t *testing.T) {
	for _, answer := range []subject{0, aboutService, aboutType, aboutSRV, aboutTXT, aboutA, aboutAAAA, aboutShared | aboutHost} {
		b := mustPack(t, response{self: self, addrs: addrs, answer: answer, ttl: recordTTL})
		m := mustParse(t, b)
		if len(m.sightings) != 1 || len(m.sightings[0].addrs) != len(addrs) || m.sightings[0].flush {
			t.Errorf("answer %06b: got %+v", answer, m)
		}
	}
}

func TestAnswerIsShort(t *testing.T) {
	many := make([]netip.Addr, 100)
	for n := range many {
		many[n] = netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(n)})
	}
	r := announcement(self, many)
	r.answer |= aboutType
	if b := mustPack(t, r); len(b) > 450 {
		t.Errorf("an answer with %d addresses is %d bytes, want about 400", len(many), len(b))
	}
	if b := mustPack(t, announcement(self, addrs)); len(b) > 300 {
		t.Errorf("an answer with %d addresses is %d bytes", len(addrs), len(b))
	}
}

func TestLegacyAnswerRepeatsQuestion(t *testing.T) {
	ask := mustParse(t, buildPacket(t, dnsmessage.Header{ID: 77}, func(b *dnsmessage.Builder) error {
		return b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(serviceName), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET})
	}, nil, nil))
	b := mustPack(t, response{self: self, addrs: addrs, answer: aboutService, ttl: legacyTTL, legacy: &ask.questions[0], id: ask.id})
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil {
		t.Fatal(err)
	}
	if m.ID != 77 || len(m.Questions) != 1 || m.Questions[0] != ask.questions[0].raw {
		t.Errorf("got ID %d, questions %v", m.ID, m.Questions)
	}
	for _, r := range append(m.Answers, m.Additionals...) {
		if r.Header.TTL != legacyTTL || r.Header.Class != dnsmessage.ClassINET {
			t.Errorf("%v: TTL %d, class %v", r.Header.Name, r.Header.TTL, r.Header.Class)
		}
	}
	if len(m.Answers) != 1 {
		t.Errorf("%d answers to one question, want 1", len(m.Answers))
	}
}

func TestQuestions(t *testing.T) {
	const qu = topBit
	instance, host := self.Instance+"."+serviceName, self.Instance+localDomain
	tests := []struct {
		name  string
		typ   dnsmessage.Type
		class dnsmessage.Class
		want  subject
	}{
		{serviceName, dnsmessage.TypePTR, dnsmessage.ClassINET, aboutService},
		{serviceName, dnsmessage.TypePTR, dnsmessage.ClassINET | qu, aboutService},
		{strings.ToUpper(serviceName), dnsmessage.TypePTR, dnsmessage.ClassANY, aboutService},
		{serviceName, dnsmessage.TypeALL, dnsmessage.ClassINET, aboutService},
		{serviceName, dnsmessage.TypeSRV, dnsmessage.ClassINET, 0},
		{serviceName, dnsmessage.TypePTR, dnsmessage.ClassCHAOS, 0},
		{typesName, dnsmessage.TypePTR, dnsmessage.ClassINET, aboutType},
		{instance, dnsmessage.TypeSRV, dnsmessage.ClassINET, aboutSRV},
		{strings.ToUpper(instance), dnsmessage.TypeTXT, dnsmessage.ClassINET, aboutTXT},
		{instance, dnsmessage.TypeALL, dnsmessage.ClassINET, aboutInstance},
		{instance, dnsmessage.TypeA, dnsmessage.ClassINET, 0},
		{host, dnsmessage.TypeA, dnsmessage.ClassINET, aboutA},
		{host, dnsmessage.TypeAAAA, dnsmessage.ClassINET | qu, aboutAAAA},
		{host, dnsmessage.TypeALL, dnsmessage.ClassINET, aboutHost},
		{"printer._ipp._tcp.local.", dnsmessage.TypeSRV, dnsmessage.ClassINET, 0},
		{"_lanyap._tcp.example.", dnsmessage.TypePTR, dnsmessage.ClassINET, 0},
		{"laptop.local.", dnsmessage.TypeA, dnsmessage.ClassINET, 0},
		{".", dnsmessage.TypeALL, dnsmessage.ClassANY, 0},
	}
	for _, tt := range tests {
		m := mustParse(t, buildPacket(t, dnsmessage.Header{}, func(b *dnsmessage.Builder) error {
			return b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(tt.name), Type: tt.typ, Class: tt.class})
		}, nil, nil))
		if tt.want == 0 {
			if len(m.questions) != 0 {
				t.Errorf("%s %v: got %+v, want nothing", tt.name, tt.typ, m.questions)
			}
			continue
		}
		if len(m.questions) != 1 || m.questions[0].about != tt.want || m.questions[0].unicast != (tt.class&qu != 0) {
			t.Errorf("%s %v: got %+v, want %06b", tt.name, tt.typ, m.questions, tt.want)
		}
	}
}

func TestKnownAnswers(t *testing.T) {
	for _, n := range []int{0, 1, 45, 46, 200} {
		var known []knownAnswer
		for i := range n {
			known = append(known, knownAnswer{instance: strings.Repeat("0", 13) + string("0123456789abcdef"[i>>8&15]) + string("0123456789abcdef"[i>>4&15]) + string("0123456789abcdef"[i&15]), ttl: uint32(i)})
		}
		packets, err := query(false, known)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]uint32)
		for i, b := range packets {
			if len(b) > 1452 {
				t.Errorf("%d known: a packet of %d bytes does not fit an Ethernet frame", n, len(b))
			}
			m := mustParse(t, b)
			if first := i == 0; (len(m.questions) == 1) != first || m.truncated != (i < len(packets)-1) {
				t.Errorf("%d known: packet %d of %d: %d questions, truncated %v", n, i, len(packets), len(m.questions), m.truncated)
			}
			for instance, ttl := range m.known {
				got[instance] = ttl
			}
		}
		if len(got) != n {
			t.Errorf("got %d known answers, want %d", len(got), n)
		}
		for _, k := range known {
			if got[k.instance] != k.ttl {
				t.Errorf("%s: got %d s left, want %d", k.instance, got[k.instance], k.ttl)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := mustPack(t, announcement(self, addrs))
	tests := map[string][]byte{
		"empty":                               nil,
		"short":                               good[:11],
		"truncated":                           good[:len(good)-1],
		"too long":                            append(append([]byte(nil), good...), make([]byte, maxPacket)...),
		"no record where the header says one": {0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0},
	}
	for name, b := range tests {
		if m, err := parse(b); err == nil {
			t.Errorf("%s: got %+v, want an error", name, m)
		}
	}
	for name, at := range map[string]int{"opcode": 2, "response code": 3} {
		b := append([]byte(nil), good...)
		b[at] |= 0x08
		if m, err := parse(b); err != nil || len(m.sightings) != 0 {
			t.Errorf("%s: got %+v, %v, want it ignored", name, m, err)
		}
	}
}
