//go:build !js

package peer

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

func TestAccount(t *testing.T) {
	from := netip.MustParseAddrPort("10.0.0.1:7475")
	open := func() (*ledger, *account, chan struct{}) {
		l, over := newLedger(), make(chan struct{}, 1)
		return l, l.open(from, "ufrag", func() { over <- struct{}{} }), over
	}
	ended := func(over chan struct{}) bool {
		synctest.Wait()
		return len(over) > 0
	}
	packet := make([]byte, 1228)

	t.Run("messages that come out whole keep it level", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, over := open()
			a.trust()
			for range 10_000 {
				for range 55 { // 64 KiB
					l.received(packet, from)
				}
				a.read(64 << 10)
			}
			if ended(over) {
				t.Error("an honest link was ended")
			}
		})
	})
	t.Run("messages that are sent again in vain, behind a full window, keep it level", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, over := open()
			a.trust()
			for range receiveBuffer / (64 << 10) {
				for range 55 {
					l.received(packet, from)
				}
			}
			for range 10_000 {
				for range 3 * 55 { // what is new, and twice what was here already
					l.received(packet, from)
				}
				a.read(64 << 10)
			}
			if ended(over) {
				t.Error("an honest link was ended")
			}
		})
	})
	t.Run("acknowledgements keep it level", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, over := open()
			a.trust()
			for range 100_000 {
				l.received(packet[:100], from)
				a.wrote(1024)
			}
			if ended(over) {
				t.Error("an honest link was ended")
			}
		})
	})
	t.Run("what never comes out ends it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, a, over := open()
			a.trust()
			n := 0
			for ; n < 100_000 && !ended(over); n++ {
				l.received(packet[:100], from)
			}
			if got := n * 100; got < balanceLimit || got > balanceLimit+1000 {
				t.Errorf("it took %d bytes, want %d", got, balanceLimit)
			}
		})
	})
	t.Run("a stranger has less", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, _, over := open()
			for range strangerLimit / 1000 {
				l.received(packet[:1000], from)
			}
			if ended(over) {
				t.Error("ended too early")
			}
			l.received(packet[:1000], from)
			if !ended(over) {
				t.Error("not ended")
			}
		})
	})
	t.Run("time forgives", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, _, over := open()
			for range 1000 {
				l.received(packet[:1000], from)
				time.Sleep(time.Second)
			}
			if ended(over) {
				t.Error("ended by a kilobyte a second")
			}
		})
	})
}

func TestLedgerDropsStrangers(t *testing.T) {
	known, stranger := netip.MustParseAddrPort("10.0.0.1:7475"), netip.MustParseAddrPort("10.0.0.2:40000")
	l := newLedger()
	a := l.open(known, "mine", func() {})
	check := func(username string) []byte {
		m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(username))
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	for name, p := range map[string][]byte{
		"data":                       {22, 254, 253},
		"a check for somebody else":  check("other:x"),
		"a check without a username": check(""),
		"half a check":               check("mine:x")[:24],
	} {
		if l.received(p, stranger) {
			t.Errorf("%s was let in", name)
		}
	}
	if !l.received([]byte{22, 254, 253}, known) {
		t.Error("the known address was dropped")
	}
	if !l.received(check("mine:x"), stranger) || !l.received([]byte{22}, stranger) {
		t.Error("an address translator's port was dropped")
	}
	a.trust()
	if l.received(check("mine:x"), netip.MustParseAddrPort("10.0.0.3:1")) {
		t.Error("an open link took on another address")
	}
	l.close(a)
	if l.received([]byte{22}, known) || l.received([]byte{22}, stranger) || len(l.byUfrag) > 0 {
		t.Error("a closed account lets datagrams in")
	}
}

// TestLedgerTakesAPageFromItsAddress has a page's port be any, and its address none but
// that which it is said to be at.
func TestLedgerTakesAPageFromItsAddress(t *testing.T) {
	page := netip.MustParseAddr("10.0.0.1")
	l := newLedger()
	a := l.open(netip.AddrPortFrom(page, 0), "mine", func() {})
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername("mine:x"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(page, port) }
	if l.received([]byte{22}, at(40000)) || l.received([]byte{22}, at(0)) {
		t.Error("what is no check was let in before one")
	}
	if l.received(m.Raw, netip.MustParseAddrPort("10.0.0.2:40000")) {
		t.Error("a check from elsewhere was let in")
	}
	if !l.received(m.Raw, at(40000)) || !l.received([]byte{22}, at(40000)) {
		t.Error("a check from there, or what follows it, was dropped")
	}
	for port := range uint16(10) {
		l.received(m.Raw, at(1000+port))
	}
	if n := len(a.addrs); n != maxAddrsPerLink {
		t.Errorf("it has %d addresses", n)
	}
	l.close(a)
	if len(l.byAddr) > 0 || len(l.byUfrag) > 0 {
		t.Error("a closed account leaves something")
	}
}

func FuzzLedger(f *testing.F) {
	m, _ := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername("mine:x"))
	f.Add(m.Raw)
	f.Fuzz(func(t *testing.T, p []byte) {
		l := newLedger()
		l.open(netip.MustParseAddrPort("10.0.0.1:1"), "mine", func() {})
		l.received(p, netip.MustParseAddrPort("10.0.0.2:2"))
	})
}
