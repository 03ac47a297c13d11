package discovery

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

var (
	epoch  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asker  = netip.MustParseAddrPort("10.0.0.9:5353")
	sender = asker.Addr()
)

// heard is a sighting of instance n with one address, which it returns too.
func heard(n int) (sighting, []netip.Addr) {
	a := netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)})
	return sighting{instance: fmt.Sprintf("%016x", n), room: self.Room, port: 7475, ttl: recordTTL, flush: true}, []netip.Addr{a}
}

func (c *cache) hear(at time.Duration, n int) (Instance, bool) {
	s, a := heard(n)
	return c.observe(epoch.Add(at), 2, sender, s, a)
}

func TestCacheTells(t *testing.T) {
	c := newCache()
	if in, ok := c.hear(0, 1); !ok || len(in.Addrs) != 1 || in.Addrs[0] != netip.MustParseAddrPort("10.1.0.1:7475") {
		t.Fatalf("first sighting: got %+v, %v", in, ok)
	}
	if _, ok := c.hear(time.Second, 1); ok {
		t.Error("a repetition after 1 s was told")
	}
	if _, ok := c.hear(refreshEvery, 1); !ok {
		t.Errorf("a repetition after %v was not told", refreshEvery)
	}
	s, _ := heard(1)
	moved := []netip.Addr{netip.MustParseAddr("10.1.9.9")}
	if in, ok := c.observe(epoch.Add(refreshEvery+time.Second), 2, sender, s, moved); !ok || len(in.Addrs) != 1 || in.Addrs[0].Addr() != moved[0] {
		t.Errorf("a new address: got %+v, %v", in, ok)
	}
	bye := epoch.Add(refreshEvery + 2*time.Second)
	if in, ok := c.goodbye(bye, s.instance); !ok || !in.Gone {
		t.Errorf("goodbye: got %+v, %v", in, ok)
	}
	if in, ok := c.goodbye(bye, s.instance); ok {
		t.Errorf("second goodbye: got %+v", in)
	}
	if !c.justLeft(bye.Add(lateFor/2), s.instance) || c.justLeft(bye.Add(lateFor), s.instance) {
		t.Errorf("an answer from before the goodbye has to be told from news for %v", lateFor)
	}
}

// Addresses heard on two interfaces are told together; what one interface says
// anew replaces only what it said before.
func TestCacheJoinsInterfaces(t *testing.T) {
	c := newCache()
	s, _ := heard(1)
	wifi := []netip.Addr{netip.MustParseAddr("fe80::1%wlan0"), netip.MustParseAddr("192.168.1.5")}
	cable := []netip.Addr{netip.MustParseAddr("10.0.0.5")}
	c.observe(epoch, 3, sender, s, wifi)
	in, ok := c.observe(epoch, 2, sender, s, cable)
	want := "[10.0.0.5:7475 192.168.1.5:7475 [fe80::1%wlan0]:7475]"
	if got := fmt.Sprint(in.Addrs); !ok || got != want {
		t.Errorf("got %s, %v, want %s", got, ok, want)
	}
	part := s
	part.flush = false
	if in, ok := c.observe(epoch, 3, sender, part, wifi[:1]); ok {
		t.Errorf("a part of what is known was told as a change: %v", in.Addrs)
	}
	in, _ = c.observe(epoch, 3, sender, s, wifi[1:])
	if got, want := fmt.Sprint(in.Addrs), "[10.0.0.5:7475 192.168.1.5:7475]"; got != want {
		t.Errorf("after the new set: got %s, want %s", got, want)
	}
	c.forget(2)
	if got, want := fmt.Sprint(c.all()[0].Addrs), "[192.168.1.5:7475]"; got != want {
		t.Errorf("after an interface was lost: got %s, want %s", got, want)
	}
	c.forget(3)
	if len(c.all()) != 0 {
		t.Errorf("after all were lost: got %v", c.all())
	}
}

func TestCacheBoundsAddresses(t *testing.T) {
	c := newCache()
	s, _ := heard(1)
	s.flush = false
	for n := range 100 {
		c.observe(epoch, n%5, sender, s, []netip.Addr{netip.AddrFrom4([4]byte{10, 2, 0, byte(n)})})
	}
	if n := len(c.all()[0].Addrs); n != MaxAddrs {
		t.Errorf("%d addresses, want %d", n, MaxAddrs)
	}
	for index, p := range c.entries[s.instance].paths {
		if len(p.addrs) > MaxAddrs {
			t.Errorf("interface %d: %d addresses", index, len(p.addrs))
		}
	}
}

func TestCacheExpires(t *testing.T) {
	c := newCache()
	c.hear(0, 1)
	s, a := heard(2)
	s.ttl = 1 << 31
	c.observe(epoch, 2, sender, s, a)
	left := func(at time.Duration) int {
		c.expire(epoch.Add(at))
		return len(c.entries)
	}
	if n := left(recordTTL*time.Second - 1); n != 2 {
		t.Errorf("%d known before the first expires, want 2", n)
	}
	if n := left(recordTTL * time.Second); n != 1 {
		t.Errorf("%d known after the first expired, want 1", n)
	}
	if n := left(maxTTL); n != 0 {
		t.Errorf("%d known after %v, want none", n, maxTTL)
	}
}

func TestCacheKnownAnswers(t *testing.T) {
	c := newCache()
	c.hear(0, 1)
	c.hear(30*time.Second, 2)
	s, a := heard(3)
	c.observe(epoch.Add(30*time.Second), 7, sender, s, a)
	for _, tt := range []struct {
		at   time.Duration
		want string
	}{
		{30 * time.Second, "[{0000000000000002 120} {0000000000000001 90}]"},
		{59 * time.Second, "[{0000000000000002 91} {0000000000000001 61}]"},
		{60 * time.Second, "[{0000000000000002 90}]"},
		{90 * time.Second, "[]"},
	} {
		if got := fmt.Sprint(c.known(epoch.Add(tt.at), 2)); got != tt.want {
			t.Errorf("after %v: got %s, want %s", tt.at, got, tt.want)
		}
	}
}

// A flood of made-up instances neither grows the cache nor pushes out those
// that were heard of twice.
func TestCacheFlood(t *testing.T) {
	c := newCache()
	const live = 16
	for _, at := range []time.Duration{0, time.Second} {
		for n := range live {
			c.hear(at, n)
		}
	}
	told := 0
	const span = 100 * time.Second
	for n := range 100_000 {
		at := 2*time.Second + time.Duration(n)*span/100_000
		s, a := heard(1000 + n)
		from := netip.AddrFrom4([4]byte{10, 8, byte(n >> 8), byte(n)})
		if _, ok := c.observe(epoch.Add(at), 2, from, s, a); ok {
			told++
		}
	}
	if len(c.entries) > maxInstances {
		t.Errorf("%d instances remembered, want at most %d", len(c.entries), maxInstances)
	}
	if limit := newBurst + int(newRate*span.Seconds()); told > limit {
		t.Errorf("%d sightings told, want at most %d", told, limit)
	}
	for n := range live {
		if c.entries[fmt.Sprintf("%016x", n)] == nil {
			t.Errorf("live instance %d was pushed out", n)
		}
	}
}

// One source does not get more than its share.
func TestCacheShare(t *testing.T) {
	c := newCache()
	c.fresh = rate.NewLimiter(1e9, 1e9)
	other := netip.MustParseAddr("10.0.0.8")
	s, a := heard(0)
	c.observe(epoch, 2, other, s, a)
	for n := range 2 * maxPerSource {
		c.hear(time.Duration(n)*time.Millisecond, 1+n)
	}
	if len(c.entries) != maxPerSource+1 {
		t.Errorf("%d instances, want %d of one source and one of another", len(c.entries), maxPerSource)
	}
	if c.entries[s.instance] == nil {
		t.Error("the other source's was pushed out")
	}
}

// Two packets that contradict each other again and again are not told each
// time.
func TestCacheContradictions(t *testing.T) {
	c := newCache()
	told := 0
	for n := range 1000 {
		s, a := heard(1)
		s.port = uint16(1 + n%2)
		if _, ok := c.observe(epoch.Add(time.Duration(n)*time.Millisecond), 2, sender, s, a); ok {
			told++
		}
	}
	if told > changeBurst+1 {
		t.Errorf("told %d times within a second, want at most %d", told, changeBurst+1)
	}
}
