package discovery

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// advert is a response that may be wrong in one respect.
type advert struct {
	instance, owner, target, host string
	txt                           []string
	port                          uint16
	addr                          netip.Addr
}

func goodAdvert() advert {
	in := self.Instance
	return advert{
		instance: in + "." + serviceName, owner: in + "." + serviceName, target: in + localDomain, host: in + localDomain,
		txt: []string{"v=1", "i=" + in, "r=" + self.Room}, port: 7475, addr: netip.MustParseAddr("10.0.0.7"),
	}
}

func header(name string) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: recordTTL}
}

func (a advert) write(b *dnsmessage.Builder) error {
	err := errors.Join(
		b.PTRResource(header(serviceName), dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(a.instance)}),
		b.SRVResource(header(a.owner), dnsmessage.SRVResource{Target: dnsmessage.MustNewName(a.target), Port: a.port}),
		b.TXTResource(header(a.owner), dnsmessage.TXTResource{TXT: a.txt}))
	if a.addr.Is4() {
		return errors.Join(err, b.AResource(header(a.host), dnsmessage.AResource{A: a.addr.As4()}))
	}
	return errors.Join(err, b.AAAAResource(header(a.host), dnsmessage.AAAAResource{AAAA: a.addr.As16()}))
}

func TestSightings(t *testing.T) {
	in, other := self.Instance, "fedcba9876543210"
	tests := []struct {
		name  string
		alter func(*advert)
		want  bool
	}{
		{"good", func(*advert) {}, true},
		{"upper case name", func(a *advert) { a.owner = "0123456789ABCDEF._LANYAP._tcp.local." }, true},
		{"keys of later versions", func(a *advert) { a.txt = append([]string{"new=1", "", "="}, a.txt...) }, true},
		{"no TXT", func(a *advert) { a.txt = nil }, false},
		{"other version", func(a *advert) { a.txt = []string{"v=2", "i=" + in, "r=" + self.Room} }, false},
		{"no version", func(a *advert) { a.txt = a.txt[1:] }, false},
		{"first of two versions counts", func(a *advert) { a.txt = append([]string{"v=2"}, a.txt...) }, false},
		{"instance of another", func(a *advert) { a.txt[1] = "i=" + other }, false},
		{"room too short", func(a *advert) { a.txt[2] = "r=aa" }, false},
		{"room in upper case", func(a *advert) { a.txt[2] = "r=00000000000000AA" }, false},
		{"target of another", func(a *advert) { a.target = other + localDomain }, false},
		{"target elsewhere", func(a *advert) { a.target = "www.example.com." }, false},
		{"port 0", func(a *advert) { a.port = 0 }, false},
		{"address of another host", func(a *advert) { a.host = other + localDomain }, false},
		{"IPv4-mapped address", func(a *advert) { a.addr = netip.MustParseAddr("::ffff:10.0.0.7") }, false},
		{"instance not hexadecimal", func(a *advert) { a.instance, a.owner = "me."+serviceName, "me."+serviceName }, false},
	}
	for _, tt := range tests {
		a := goodAdvert()
		tt.alter(&a)
		m := mustParse(t, buildPacket(t, dnsmessage.Header{Response: true}, nil, a.write, nil))
		if got := len(m.sightings) == 1 && m.sightings[0].instance == in; got != tt.want {
			t.Errorf("%s: got %+v, want a sighting: %v", tt.name, m.sightings, tt.want)
		}
	}
}

// Records of other services in the same packet, such as avahi sends, do not
// hide ours: names with dots in a label, which dnsmessage does not take, and
// records of unknown types.
func TestSightingsAmongOthers(t *testing.T) {
	a := goodAdvert()
	packet := buildPacket(t, dnsmessage.Header{Response: true}, nil, func(b *dnsmessage.Builder) error {
		return errors.Join(
			b.PTRResource(header("_ipp._tcp.local."), dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("LaserJetX4._ipp._tcp.local.")}),
			b.TXTResource(header("LaserJetX4._ipp._tcp.local."), dnsmessage.TXTResource{TXT: []string{"v=1"}}),
			b.UnknownResource(header("LaserJetX4._ipp._tcp.local."), dnsmessage.UnknownResource{Type: 47, Data: []byte{0xff, 0xff, 0xff}}),
			a.write(b))
	}, a.write)
	for n, c := range packet {
		if c == 'X' {
			packet[n] = '.'
		}
	}
	if m := mustParse(t, packet); len(m.sightings) != 1 {
		t.Errorf("got %+v, want one sighting", m.sightings)
	}
}

func TestSightingsAreBounded(t *testing.T) {
	packet := buildPacket(t, dnsmessage.Header{Response: true}, nil, func(b *dnsmessage.Builder) error {
		var err error
		a := goodAdvert()
		for n := range 100 {
			a.host = self.Instance + localDomain
			a.addr = netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})
			err = errors.Join(err, b.AResource(header(a.host), dnsmessage.AResource{A: a.addr.As4()}))
		}
		err = errors.Join(err, a.write(b))
		for n := range 200 {
			name := string(slices.Repeat([]byte{byte('a' + n/16%6)}, 15)) + string("0123456789abcdef"[n%16])
			err = errors.Join(err, b.PTRResource(dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(serviceName), Class: dnsmessage.ClassINET},
				dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(name + "." + serviceName)}))
		}
		return err
	}, nil)
	m := mustParse(t, packet)
	if len(m.sightings) > maxSightings {
		t.Errorf("%d sightings from one packet, want at most %d", len(m.sightings), maxSightings)
	}
	if n := len(m.sightings[0].addrs); n != MaxAddrs {
		t.Errorf("%d addresses of one instance, want %d", n, MaxAddrs)
	}
}
