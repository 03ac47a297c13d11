package discovery

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/hashicorp/mdns"
)

// FuzzParse holds what every caller of parse relies on.
func FuzzParse(f *testing.F) {
	f.Add(mustPack(f, announcement(self, addrs)))
	f.Add(mustPack(f, goodbye(self, addrs)))
	f.Add(mustPack(f, response{self: self, addrs: addrs, answer: aboutShared, ttl: legacyTTL, id: 7}))
	packets, err := query(true, []knownAnswer{{self.Instance, 100}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packets[0])
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := parse(packet)
		if err != nil {
			return
		}
		if len(m.questions) > maxQuestions || len(m.known) > maxKnown || len(m.sightings) > maxSightings {
			t.Fatalf("beyond a bound: %d questions, %d known, %d sightings", len(m.questions), len(m.known), len(m.sightings))
		}
		if m.response && len(m.questions)+len(m.known) > 0 || !m.response && len(m.sightings) > 0 {
			t.Fatalf("both a query and a response: %+v", m)
		}
		for _, q := range m.questions {
			if q.about == 0 || q.instance != "" && !isHex(q.instance) {
				t.Fatalf("bad question %+v", q)
			}
			// What was asked by a legacy resolver is repeated to it.
			if _, err := (response{self: self, answer: q.about, legacy: &q}).pack(); err != nil {
				t.Fatalf("cannot answer %+v: %v", q, err)
			}
		}
		for instance := range m.known {
			if !isHex(instance) {
				t.Fatalf("known answer %q", instance)
			}
		}
		for _, s := range m.sightings {
			if !isHex(s.instance) || !s.gone && !s.complete() || s.room != "" && !isHex(s.room) || len(s.addrs) > MaxAddrs {
				t.Fatalf("bad sighting %+v", s)
			}
		}
	})
}

// FuzzDialable: whatever address is advertised, what is dialed is on the link.
func FuzzDialable(f *testing.F) {
	for _, a := range addrs {
		f.Add(a.WithZone("").AsSlice(), false)
	}
	f.Add([]byte(net.ParseIP("::ffff:8.8.8.8")), false)
	f.Add([]byte(net.ParseIP("::1")), true)
	f.Fuzz(func(t *testing.T, b []byte, loopback bool) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		i := Interface{Name: "eth0", Loopback: loopback, Prefixes: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fe80::/64"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
		}}
		got, ok := i.dialable(a)
		if !ok {
			return
		}
		if got.IsMulticast() || got.IsUnspecified() || got.Is4In6() || got.IsLoopback() != loopback || !i.onLink(got) {
			t.Fatalf("%v may be dialed as %v", a, got)
		}
	})
}

// FuzzEntry: hashicorp's querier passes on what it read, escaped.
func FuzzEntry(f *testing.F) {
	good := self.Instance + "." + serviceName
	f.Add(good, self.Instance+localDomain, 7475, "v=1|i="+self.Instance+"|r="+self.Room, []byte{10, 0, 0, 7}, []byte(nil))
	f.Add(`a\ b\.c._ipp._tcp.local.`, "printer.local.", -1, "v=1", []byte(nil), []byte(net.ParseIP("fe80::1")))
	f.Fuzz(func(t *testing.T, name, host string, port int, txt string, v4, v6 []byte) {
		s, ok := fromEntry(&mdns.ServiceEntry{Name: name, Host: host, Port: port, InfoFields: strings.Split(txt, "|"), AddrV4: v4, AddrV6IPAddr: &net.IPAddr{IP: v6}})
		if ok && (!isHex(s.instance) || !isHex(s.room) || int(s.port) != port || !s.complete()) {
			t.Fatalf("took %+v", s)
		}
	})
}
