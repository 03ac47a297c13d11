//go:build !js

package peer

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// SCTP keeps what it cannot deliver yet, and a stranger who sends one-byte
// messages behind a gap makes it keep 300 MiB under a 1 MiB window: the window
// counts bytes, memory goes by chunks. So every link has a balance: bytes that
// came in raise it, messages that came out whole lower it.
//
// A sender whose acknowledgements are late, as on starved cores, sends 256 KiB
// (minWindow) again in vain each 100 ms (rtoMax), as long as anything is heard
// (see pacer). What a message may have cost is therefore a multiple of it:
// flooded over loopback beside 8 busy loops on 2 cores, honest links stay under
// 1.1 MB, which is the full window; flooded both ways beside 12, 1.47 MB was
// seen, as its reader gets no turn for a while. A whole message of one byte, with
// 128 bytes of credit for 20 on the wire, pays for six times its cost anyhow: who
// mixes messages that come out with what does not is stopped by the window alone,
// whatever the multiple.
const (
	balanceLimit   = 2 << 20   // bytes; past it the link ends: 30 MiB of ours at most, in chunks of one byte
	strangerLimit  = 128 << 10 // the same before hello is done: one side may be done and send while the other's copy was lost
	readShare      = 4         // bytes that each byte of a message read may have cost: it was sent again in vain
	readCredit     = 128       // bytes of headers a message read may have cost
	writeCredit    = 128       // bytes of acknowledgement a message written may cost
	balancePerTick = 1024      // bytes a second that are forgiven: pings, checks
)

// account is the balance of one link.
type account struct {
	ufrag    string     // local ICE username fragment: whose first check this is
	only     netip.Addr // who may send it; invalid: anybody
	overdraw func()     // called once, in a goroutine of its own

	mu      sync.Mutex // guards what follows
	pacer   pacer
	heard   time.Time // when a datagram last came
	balance int64
	limit   int64
	settled time.Time
	over    bool
	addrs   []netip.AddrPort
	open    bool // hello is done: no further address is taken on
}

func (a *account) add(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addLocked(n, time.Now())
}

func (a *account) addLocked(n int64, now time.Time) {
	if gone := now.Sub(a.settled); gone > time.Second {
		a.balance -= int64(gone/time.Second) * balancePerTick
		a.settled = now
	}
	a.balance = max(0, a.balance+n)
	if a.balance > a.limit && !a.over {
		a.over = true
		go a.overdraw()
	}
}

func (a *account) read(n int)  { a.add(-readShare*int64(n) - readCredit) }
func (a *account) wrote(n int) { a.add(-int64(n)/8 - writeCredit) }

// grant lets a message of n bytes leave that is about to be written.
func (a *account) grant(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pacer.grant(n)
}

func (a *account) passes(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pacer.passes(n, time.Now())
}

// trust raises the limit to that of a link whose other side is known.
func (a *account) trust() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.open = balanceLimit, true
}

// ledger books the datagrams of one socket to links by the address they come
// from, without zones, and drops those that belong to none.
type ledger struct {
	mu      sync.RWMutex // guards what follows
	byAddr  map[netip.AddrPort]*account
	byUfrag map[string]*account
}

func newLedger() *ledger {
	return &ledger{byAddr: make(map[netip.AddrPort]*account), byUfrag: make(map[string]*account)}
}

// silence is for how long no datagram has come.
func (a *account) silence() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Since(a.heard)
}

// open starts the account of a link that expects datagrams from addr. If its port is
// not known, the first check that comes from that address tells.
func (l *ledger) open(addr netip.AddrPort, ufrag string, overdraw func()) *account {
	addr = netip.AddrPortFrom(addr.Addr().WithZone(""), addr.Port())
	now := time.Now()
	a := &account{ufrag: ufrag, overdraw: overdraw, limit: strangerLimit, settled: now, heard: now}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byUfrag[ufrag] = a
	if addr.Port() == 0 {
		a.only = addr.Addr()
		return a
	}
	a.addrs = []netip.AddrPort{addr}
	l.byAddr[addr] = a
	return a
}

func (l *ledger) close(a *account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byUfrag[a.ufrag] == a {
		delete(l.byUfrag, a.ufrag)
	}
	for _, addr := range a.addrs {
		if l.byAddr[addr] == a {
			delete(l.byAddr, addr)
		}
	}
}

// received reports whether a link may have the datagram.
func (l *ledger) received(p []byte, from netip.AddrPort) bool {
	l.mu.RLock()
	a := l.byAddr[from]
	l.mu.RUnlock()
	if a == nil {
		a = l.introduce(p, from)
	}
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = time.Now()
	a.pacer.heard()
	a.addLocked(int64(len(p)), a.heard)
	return true
}

// applicationData is the content type of a DTLS record that carries SCTP (RFC
// 6347 §4.1).
const applicationData = 23

// sends reports whether a datagram may leave now, see pacer.
func (l *ledger) sends(p []byte, to netip.AddrPort) bool {
	if len(p) == 0 || p[0] != applicationData {
		return true
	}
	l.mu.RLock()
	a := l.byAddr[netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port())]
	l.mu.RUnlock()
	return a == nil || a.passes(len(p))
}

// maxAddrsPerLink bounds the addresses one link may be reached from: behind a
// translator the other side's port is not the one it listens on.
const maxAddrsPerLink = 4

// introduce takes a connectivity check (RFC 8445 §7.2.2) from an address that
// is not known yet: its username says which link it is for. The message's
// integrity is for ICE to check; an impostor who read the offer gains a
// stranger's balance and nothing else.
func (l *ledger) introduce(p []byte, from netip.AddrPort) *account {
	if !stun.IsMessage(p) {
		return nil
	}
	m := &stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return nil
	}
	ufrag, _, _ := strings.Cut(string(name), ":")
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.byUfrag[ufrag]
	if a == nil || a.only.IsValid() && a.only != from.Addr() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open || len(a.addrs) >= maxAddrsPerLink {
		return nil
	}
	a.addrs = append(a.addrs, from)
	l.byAddr[from] = a
	return a
}
