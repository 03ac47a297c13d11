//go:build !js

package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// sniffer counts the datagrams that leave a node's socket, by where they go.
type sniffer struct {
	mu sync.Mutex // guards to
	to map[netip.AddrPort]int
}

// sniffing returns a node whose datagrams go by a sniffer; pass says which leave.
func sniffing(t *testing.T, pass func(netip.AddrPort) bool) (*Transport, *sniffer) {
	s := &sniffer{to: make(map[netip.AddrPort]int)}
	node := altered(t, func(tr *Transport) {
		tr.sockets.served[loopback].conn.transmit = func(conn *net.UDPConn, r *run) {
			s.mu.Lock()
			s.to[r.to] += r.count
			s.mu.Unlock()
			if pass(r.to) {
				sendRun(conn, r)
			}
		}
	})
	return node, s
}

func (s *sniffer) seen() map[netip.AddrPort]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[netip.AddrPort]int)
	for to, n := range s.to {
		all[to] = n
	}
	return all
}

// hostile are lines of an offer that would have us send packets to others.
var hostile = []string{
	"a=candidate:1 1 udp 2130706431 192.0.2.7 40001 typ host",       // a third party on the internet
	"a=candidate:2 1 udp 2130706431 10.0.0.99 40002 typ host",       // a third party on the network
	"a=candidate:3 1 udp 2130706431 224.0.0.251 5353 typ host",      // multicast
	"a=candidate:4 1 udp 2130706431 255.255.255.255 40003 typ host", // broadcast
	"a=candidate:5 1 udp 2130706431 10.9.9.9 0 typ host",            // no port
	"a=candidate:6 1 udp 2130706431 10.9.9.9 9 typ host",            // no port, as browsers write it
	"a=candidate:7 1 udp 2130706431 10.9.9.9 53 typ host",           // a service of the host
	"a=candidate:8 1 udp 2130706431 10.9.9.9 99999 typ host",        // no port at all
	"a=candidate:9 1 tcp 2130706431 10.9.9.9 40004 typ host",        // not UDP
	"a=candidate:10 1 udp 2130706431 10.9.9.9 40005 typ relay raddr 0.0.0.0 rport 0",
	"a=candidate:11 1 udp 2130706431 0.0.0.0 40002 typ host",
	"a=candidate:12 1 udp 2130706431 7f0c.local 40006 typ host", // as browsers hide theirs
	"a=candidate:13 1 udp 2130706431 ::ffff:192.0.2.7 40006 typ host",
	"a=candidate:14 1 udp 2130706431 fd00::1 40007 typ host",
}

// TestCarriedOfferSendsNowhereElse answers a hostile offer that names a host on the
// network: checks go to that host alone, to so many ports, and so many of them.
func TestCarriedOfferSendsNowhereElse(t *testing.T) {
	node, sniffed := sniffing(t, func(netip.AddrPort) bool { return false })
	p := openTab(t, node)
	offer := p.session() + strings.Join(hostile, "\r\n") + "\r\n"
	d, err := parseDescription([]byte(offer))
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddr("10.9.9.9")
	if _, err := node.answerFrom(t.Context(), p.hello.Instance, loopback, from, d); err != nil {
		t.Fatal(err)
	}
	// The page's own port is the first; of what was added four count, that of
	// multicast DNS among them: it is sent to the host, where nobody minds.
	const checks = 8 // of one pair, as pion has it
	await(t, "all checks are sent", func() bool {
		all := sniffed.seen()
		least := checks
		for _, n := range all {
			least = min(least, n)
		}
		return len(all) >= maxPorts && least >= checks-1
	})
	for to, n := range sniffed.seen() {
		if to.Addr() != from || to.Port() < firstFreePort || n > checks {
			t.Errorf("%d packets to %v", n, to)
		}
	}
	if n := len(sniffed.seen()); n > maxPorts {
		t.Errorf("packets to %d ports, want %d at most", n, maxPorts)
	}
	endCarried(node)
	noLinkFrom(t, node, p.hello.Instance)
}

// endCarried ends all half-made links that members carried, as their time does.
func endCarried(node *Transport) {
	node.carried.mu.Lock()
	defer node.carried.mu.Unlock()
	for v := range node.carried.slots {
		v.cancel(ErrTimeout)
	}
}

// TestCarriedOfferOfOurHost answers an offer of a page on our own host, which names
// ports of other programs there: none of them gets a packet, and there is a link.
func TestCarriedOfferOfOurHost(t *testing.T) {
	node, sniffed := sniffing(t, func(netip.AddrPort) bool { return true })
	p := openTab(t, node)
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	line := fmt.Sprintf("a=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\n", other.LocalAddr().(*net.UDPAddr).Port)
	answer, err := node.AnswerCarried(t.Context(), p.hello.Instance, Carried{SDP: p.session() + line, From: loopback})
	if err != nil {
		t.Fatal(err)
	}
	l := p.joins(answer)
	if r := l.conn.Remote(); !r.Web || l.conn.RemoteAddr().Addr() != loopback {
		t.Errorf("linked to %+v at %v", r, l.conn.RemoteAddr())
	}
	if _, err := l.conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for to, n := range sniffed.seen() {
		if to != p.Addrs()[0] {
			t.Errorf("%d packets to %v", n, to)
		}
	}
}

// TestCarriedFromElsewhere has offers come from where nothing is sent: nothing is
// made of them.
func TestCarriedFromElsewhere(t *testing.T) {
	node := altered(t, func(tr *Transport) {
		tr.callers.onLink = func(a netip.Addr) bool { return netip.MustParsePrefix("10.9.0.0/16").Contains(a) }
	})
	p := openTab(t, node)
	offer := p.session()
	before := node.made.Load()
	for _, from := range []string{
		"", "0.0.0.0", "::", "192.0.2.7", "8.8.8.8", "2001:db8::1", "10.8.0.1", "192.168.1.1", "169.254.1.1", "fe80::1", "fd00::1",
		"224.0.0.251", "ff02::fb", "255.255.255.255", "127.0.0.2", "127.255.255.255", "::ffff:8.8.8.8", "::ffff:127.9.9.9",
	} {
		t.Run(from, func(t *testing.T) {
			addr, _ := netip.ParseAddr(from)
			if _, err := node.AnswerCarried(t.Context(), p.hello.Instance, Carried{SDP: offer, From: addr}); !errors.Is(err, ErrElsewhere) {
				t.Errorf("got %v", err)
			}
		})
	}
	if node.made.Load() != before || len(node.carried.slots) != 0 {
		t.Error("something is made of them")
	}
}

// TestBroadcastIsNoHost has addresses of networks of ours that are those of all hosts.
func TestBroadcastIsNoHost(t *testing.T) {
	for _, tt := range []struct {
		network, host string
		ends          bool
	}{
		{"10.0.0.0/24", "10.0.0.255", true}, {"10.0.0.0/24", "10.0.0.0", true}, {"10.0.0.7/24", "10.0.0.255", true},
		{"10.0.0.0/24", "10.0.0.1", false}, {"10.0.0.0/16", "10.0.0.255", false}, {"10.0.0.0/16", "10.0.255.255", true},
		{"10.0.0.4/30", "10.0.0.7", true}, {"10.0.0.4/30", "10.0.0.6", false}, {"0.0.0.0/0", "255.255.255.255", true},
	} {
		if got := ends(netip.MustParsePrefix(tt.network), netip.MustParseAddr(tt.host)); got != tt.ends {
			t.Errorf("%s of %s: %v", tt.host, tt.network, got)
		}
	}
	if !broadcasts(netip.MustParseAddr("255.255.255.255")) || broadcasts(netip.MustParseAddr("::1")) {
		t.Error("broadcast to all networks is one, and IPv6 has none")
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() && p.Bits() < 31 && broadcasts(p.Addr()) {
			t.Errorf("%v, which is ours, is taken for no host's", p)
		}
	}
}

// TestCarriedBounds has carried offers be refused for what they are.
func TestCarriedBounds(t *testing.T) {
	ours := func(sdp string) Carried { return Carried{SDP: sdp, From: loopback} }
	t.Run("no offer", func(t *testing.T) {
		node := listening(t, Config{})
		for _, sdp := range []string{"", "v=0", strings.Repeat("a=x\r\n", maxDescription)} {
			if answer, err := node.AnswerCarried(t.Context(), anyInstance(), ours(sdp)); err == nil {
				t.Errorf("%.10q is answered with %q", sdp, answer)
			}
		}
	})
	t.Run("of ourselves", func(t *testing.T) {
		node := listening(t, Config{})
		if _, err := node.AnswerCarried(t.Context(), node.self.Instance, ours(openTab(t, node).session())); !errors.Is(err, ErrSelf) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of who is linked", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		l := p.link()
		pings := l.conn.lastPing.Load()
		if _, err := node.AnswerCarried(t.Context(), p.hello.Instance, ours(p.anew().session())); !errors.Is(err, ErrLinked) {
			t.Errorf("got %v", err)
		}
		await(t, "the link is asked whether it lives", func() bool { return l.conn.lastPing.Load() > pings && !l.asking.Load() })
		if l.conn.Err() != nil {
			t.Error("it has ended: ", l.conn.Err())
		}
	})
	t.Run("too many", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		offer := p.session()
		for n := range maxHalfOpenFrom {
			if _, err := node.AnswerCarried(t.Context(), anyInstance(), ours(offer)); err != nil {
				t.Fatalf("offer %d: %v", n, err)
			}
		}
		if _, err := node.AnswerCarried(t.Context(), anyInstance(), ours(offer)); !errors.Is(err, ErrFull) {
			t.Errorf("one more than there may be: %v", err)
		}
		// They are in nobody's way who posts.
		openTab(t, node).link()
		endCarried(node)
	})
	t.Run("a full room", func(t *testing.T) {
		node := listening(t, Config{MaxLinks: 1})
		openTab(t, node).link()
		p := openTab(t, node)
		if _, err := node.AnswerCarried(t.Context(), p.hello.Instance, ours(p.session())); !errors.Is(err, ErrFull) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nobody waits for the answer", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := node.AnswerCarried(ctx, p.hello.Instance, ours(p.session())); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		noLinkFrom(t, node, p.hello.Instance)
	})
	t.Run("a node that is closed", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		offer := p.session()
		node.Close()
		if _, err := node.AnswerCarried(t.Context(), p.hello.Instance, ours(offer)); err == nil {
			t.Error("it answers")
		}
	})
	t.Run("dialed by a node", func(t *testing.T) {
		node := listening(t, Config{})
		_, err := node.DialCarried(t.Context(), anyInstance(), func(context.Context, string) (Carried, error) {
			t.Error("an offer is to be carried")
			return Carried{}, nil
		})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

// TestCarriedOffersPay holds what carried offers cost, whoever they are said to be from:
// our own host too.
func TestCarriedOffersPay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		allowed := func(l *limits, tries int, from func(n int) netip.Prefix, author func(n int) Instance) (n int) {
			for i := range tries {
				if l.carried.allow(from(i), author(i)) {
					n++
				}
			}
			return n
		}
		ana, host := anyInstance(), func(int) netip.Prefix { return source(1) }
		anybody := func(int) Instance { return anyInstance() }
		l := newLimits()
		if n := allowed(&l, 1000, source, func(int) Instance { return ana }); n != authorBurst {
			t.Errorf("%d of one author, want %d", n, authorBurst)
		}
		l = newLimits()
		if n := allowed(&l, 1000, host, anybody); n != carriedTabs {
			t.Errorf("%d of one address, want %d", n, carriedTabs)
		}
		l = newLimits()
		if n := allowed(&l, 1000, source, anybody); n != carriedBurst {
			t.Errorf("%d of all, want %d", n, carriedBurst)
		}
		time.Sleep(time.Second)
		if n := allowed(&l, 1000, source, anybody); n != carriedRate {
			t.Errorf("%d a second of all, want %d", n, carriedRate)
		}
		if !l.strangers.AllowN(time.Now(), strangerBurst) {
			t.Error("they cost what those pay who post theirs")
		}
	})
}

// TestCarriedFromIsBelieved has a page send from another address than the one that
// its offer is said to come from: it gets nowhere.
func TestCarriedFromIsBelieved(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	d, err := parseDescription([]byte(p.session()))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := node.answerFrom(t.Context(), p.hello.Instance, loopback, netip.MustParseAddr("127.0.0.9"), d)
	if err != nil {
		t.Fatal(err)
	}
	said, err := parseDescription([]byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(said.ufrag+":"+d.ufrag))
	if err != nil {
		t.Fatal(err)
	}
	if node.sockets.served[loopback].ledger.received(check.Raw, p.Addrs()[0]) {
		t.Error("its check is let in")
	}
	if !node.sockets.served[loopback].ledger.received(check.Raw, netip.MustParseAddrPort("127.0.0.9:4000")) {
		t.Error("a check from there is not")
	}
	endCarried(node)
	noLinkFrom(t, node, p.hello.Instance)
}
