//go:build !js

package peer

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestSource(t *testing.T) {
	c := callers{onLink: func(ip netip.Addr) bool { return netip.MustParsePrefix("2001:db8:1::/64").Contains(ip) }}
	for from, want := range map[string]string{
		"10.0.0.7":        "10.0.0.7/32",
		"203.0.113.9":     "203.0.113.9/32",
		"fe80::1":         "fe80::1/128",
		"fe80::1%eth0":    "fe80::1/128",
		"fe80::1%Wi-Fi 2": "fe80::1/128",
		"2001:db8:1::7":   "2001:db8:1::7/128",
		"2001:db8:2::7":   "2001:db8:2::/64",
		"fd00::7":         "fd00::/64",
	} {
		if got := c.source(netip.MustParseAddr(from)); got.String() != want {
			t.Errorf("%s counts as %s, want %s", from, got, want)
		}
	}
	if got := c.source(netip.Addr{}); got.IsValid() {
		t.Errorf("nobody counts as %s", got)
	}
}

// TestLinkLocalStrangerLeavesRoom has one host of an IPv6 LAN hold what it can:
// its neighbours are hosts of their own.
func TestLinkLocalStrangerLeavesRoom(t *testing.T) {
	var c callers
	var h halfOpen
	stranger, honest := netip.MustParseAddr("fe80::bad%eth0"), netip.MustParseAddr("fe80::600d%eth0")
	for range 2 * maxHalfOpenFrom {
		_, _ = h.enter(t.Context(), c.source(stranger), false)
	}
	if _, err := h.enter(t.Context(), c.source(honest), false); err != nil {
		t.Errorf("a neighbour of the stranger is refused: %v", err)
	}
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle[int](sourceRate, sourceBurst)
		spend := func(whom int) (n int) {
			for th.allow(whom, offerCost) {
				n++
			}
			return n
		}
		if got := spend(1); got != sourceBurst/offerCost {
			t.Errorf("%d at once, want %d", got, sourceBurst/offerCost)
		}
		if got := spend(2); got != sourceBurst/offerCost {
			t.Errorf("another's first took %d of the second's", sourceBurst/offerCost-got)
		}
		time.Sleep(time.Second)
		if got := spend(1); got != sourceRate/offerCost {
			t.Errorf("%d after a second, want %d", got, sourceRate/offerCost)
		}
		for whom := range 10 * maxLimiters {
			th.allow(whom, 1)
		}
		if len(th.limiters) > maxLimiters {
			t.Errorf("%d are remembered", len(th.limiters))
		}
		if got := spend(1); got != 0 {
			t.Errorf("a crowd made it forget who had spent all: %d", got)
		}
		time.Sleep(time.Minute)
		th.allow(-1, 1)
		if len(th.limiters) != 1 {
			t.Errorf("%d are remembered that have spent nothing for a minute", len(th.limiters)-1)
		}
	})
}

// TestOffersPay holds who pays for an offer: no stranger can take what a member
// needs to replace its link, nor what our own host does.
func TestOffersPay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &Transport{limits: newLimits(), sockets: &sockets{}}
		caller := func(host byte) caller {
			addr := netip.AddrFrom4([4]byte{10, 0, 1, host})
			return caller{instance: Instance{host}, remote: netip.AddrPortFrom(addr, 7475)}
		}
		taken := 0
		for range 1000 {
			for host := range byte(200) {
				if tr.allowOffer(caller(host), false) {
					taken++
				}
			}
		}
		if taken != strangerBurst {
			t.Errorf("%d offers of 200 strangers were taken at once, want %d", taken, strangerBurst)
		}
		if !tr.allowOffer(caller(7), true) {
			t.Error("a member at a stranger's address cannot replace its link")
		}
		own := caller(7)
		own.remote = netip.MustParseAddrPort("127.0.0.1:7475")
		if !tr.allowOffer(own, false) {
			t.Error("our own host is refused")
		}
		for range 1000 {
			tr.allowOffer(caller(8), true)
		}
		if tr.allowOffer(caller(8), true) || !tr.allowOffer(caller(9), true) {
			t.Error("a member that replaces its link without end is not held back by itself")
		}
	})
}

// TestRequestsGiveWay fills all places for requests: the newcomer gets one.
func TestRequestsGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r requests
		source := func(n int) netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 32)
		}
		conn := func() net.Conn { c, _ := net.Pipe(); return c }
		first := conn()
		if out := r.add(first, source(0), false); out != nil {
			t.Fatal("the first has to go")
		}
		for i := 1; i < maxRequests; i++ {
			time.Sleep(time.Millisecond)
			if out := r.add(conn(), source(i/maxRequestsFrom), false); out != nil {
				t.Fatalf("connection %d makes one go", i)
			}
		}
		again := conn()
		if out := r.add(again, source(0), false); out != again {
			t.Error("a source holds more than its share")
		}
		if out := r.add(conn(), source(0), true); out != first {
			t.Error("not the oldest of the crowd gives way to our own host")
		}
		newcomer := conn()
		if out := r.add(newcomer, source(1000), false); out == nil || out == newcomer {
			t.Error("nobody gives way to a newcomer")
		}
		if len(r.open) != maxRequests {
			t.Errorf("%d are counted", len(r.open))
		}
		r.remove(newcomer)
		if len(r.open) != maxRequests-1 {
			t.Error("one that is over is counted")
		}
	})
}

// moved is a connection over which much has gone, as long ago as that.
func moved(t *testing.T) *inbound {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	c := newInbound(near)
	go io.Copy(io.Discard, far)
	return c
}

// TestPagesConnections has browsers hold connections: those that are idle, or hardly
// move, give way, and those by which a file goes do not.
func TestPagesConnections(t *testing.T) {
	source := func(n int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 32)
	}
	idle := func(r *requests, c net.Conn) { r.rest(c, true) }
	busy := func(*requests, net.Conn) {}
	file := func(_ *requests, c net.Conn) { c.Write(make([]byte, moves)) }
	drip := func(_ *requests, c net.Conn) { c.Write(make([]byte, moves-1)) }
	tests := []struct {
		name    string
		does    func(*requests, net.Conn) // what each of a source's connections does
		wait    time.Duration
		first   func(*requests, net.Conn) // what its first does then, if anything
		refused bool                      // one more of the source is
		spared  bool                      // its first is not given up for it
	}{
		{"busy for a moment", busy, time.Second, nil, true, true},
		{"dawdling", busy, httpTimeout, nil, false, false},
		{"dripping", drip, httpTimeout, nil, false, false},
		{"idle", idle, 0, nil, false, false},
		{"a file among idle ones", idle, 0, file, false, true},
		{"a file among dawdling ones", busy, httpTimeout, file, false, true},
		{"files", file, time.Second, nil, true, true},
		{"files that have stopped", file, httpTimeout, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r requests
				first := moved(t)
				r.add(first, source(1), false)
				tt.does(&r, first)
				for range maxRequestsFrom - 1 {
					time.Sleep(time.Millisecond)
					c := moved(t)
					if out := r.add(c, source(1), false); out != nil {
						t.Fatal("there is room, and one has to go")
					}
					tt.does(&r, c)
				}
				time.Sleep(tt.wait)
				if tt.first != nil {
					r.rest(first, false)
					tt.first(&r, first)
				}
				newcomer := moved(t)
				out := r.add(newcomer, source(1), false)
				if refused := out == newcomer; refused != tt.refused {
					t.Errorf("refused: %v, want %v", refused, tt.refused)
				}
				if spared := r.open[first] != nil; spared != tt.spared {
					t.Errorf("the first is spared: %v, want %v", spared, tt.spared)
				}
				if other := moved(t); r.add(other, source(2), false) != nil {
					t.Error("another source is refused, or takes a place")
				}
			})
		})
	}
	t.Run("a file of a crowd", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var r requests
			download := moved(t)
			r.add(download, source(0), false)
			for i := 1; i < maxRequests; i++ {
				time.Sleep(time.Millisecond)
				r.add(moved(t), source(i/maxRequestsFrom), false)
			}
			download.Write(make([]byte, moves))
			for range 2 * maxRequestsFrom {
				if out := r.add(moved(t), source(1000), false); out == nil {
					t.Error("nobody gives way")
				}
			}
			if r.open[download] == nil {
				t.Error("the file is broken off")
			}
			if len(r.open) > maxRequests {
				t.Errorf("there are %d", len(r.open))
			}
		})
	})
}
