//go:build !js

package discovery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/miekg/dns"
)

const (
	// errandFor is how long hashicorp's server is given for an answer, which
	// takes it a fraction of a millisecond. Then we answer without it: under
	// a flood it may be parsing something else for minutes.
	errandFor = 20 * time.Millisecond

	// After maxMissed answers in a row that did not come it is left alone for
	// restFor: its port may have become another program's.
	maxMissed = 3
	restFor   = time.Minute

	maxErrands = 128

	// errandName ends the names under which an answer is asked for.
	errandName = ".errand.lanyap" + localDomain
)

// quiet is hashicorp's logger: three lines for every packet somebody spoils.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// responder is hashicorp's server, for those who want an answer by unicast.
// It sits on the wildcard address, answers whoever reaches that, from
// anywhere, and tells its zone neither who asks nor where; and while the zone
// thinks, it reads nothing. So to the network it says nothing at all. Our own
// sockets hear the question, and decide; then the server is asked under a name
// that only we know, over the loopback, and what it answers is passed on.
type responder struct {
	server *mdns.Server
	conn   *net.UDPConn // asks it
	reader sync.WaitGroup

	mu      sync.Mutex         // guards the rest
	errands map[uint16]*errand // nil: closed
	missed  int                // in a row
	restsTo time.Time
}

// errand is an answer that is under way.
type errand struct {
	name    string // that the server was asked for; nobody can guess it
	records []dns.RR
	answer  response
	send    func([]byte)
	timeout *time.Timer
}

// newResponder starts the server; nil when there is none to be had, or if
// another program has the wildcard address: the system hands each unicast
// packet to one socket only, the last, and that program would no longer get
// its own.
func newResponder() *responder {
	lo := loopbackInterface()
	if lo == nil || wildcardTaken() {
		return nil
	}
	there := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), mdnsPort))
	conn, err := net.DialUDP(ip4.network(), nil, there)
	if err != nil {
		return nil
	}
	r := &responder{conn: conn, errands: make(map[uint16]*errand)}
	if r.server, err = mdns.NewServer(&mdns.Config{Zone: r, Iface: lo, Logger: quiet()}); err != nil {
		_ = conn.Close()
		return nil
	}
	r.reader.Go(r.read)
	return r
}

// loopbackInterface returns the interface on which the server joins its
// groups; on a network it would be one more membership.
func loopbackInterface() *net.Interface {
	list, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return &i
		}
	}
	return nil
}

// Close stops the server; what is under way is answered without it. Its
// goroutines end by themselves right after.
func (r *responder) Close() {
	_ = r.server.Shutdown() // always nil
	_ = r.conn.Close()
	r.reader.Wait()
	r.mu.Lock()
	errands := r.errands
	r.errands = nil
	r.mu.Unlock()
	for _, e := range errands {
		e.alone()
	}
}

// drop gives up what is under way, and takes nothing more.
func (r *responder) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.errands {
		e.timeout.Stop()
	}
	r.errands = nil
}

// answer has the server answer, and send is called once, within 20 ms or so,
// from another goroutine. It is false when the server is not to be used.
func (r *responder) answer(answer response, send func([]byte)) bool {
	b, err := answer.pack()
	if err != nil {
		return false
	}
	// The server wants records of another package: it gets those of the
	// packet we would have sent.
	var m dns.Msg
	if err := m.Unpack(b); err != nil {
		return false
	}
	e := &errand{records: append(m.Answer, m.Extra...), answer: answer, send: send}
	id, ok := r.begin(e)
	if !ok {
		return false
	}
	question := dns.Msg{
		MsgHdr:   dns.MsgHdr{Id: id},
		Question: []dns.Question{{Name: e.name, Qtype: dns.TypePTR, Qclass: dns.ClassINET | topBit}},
	}
	if b, err = question.Pack(); err == nil {
		_, _ = r.conn.Write(b) // if it is lost, we answer
	}
	return true
}

// begin gives an errand a number and a name.
func (r *responder) begin(e *errand) (uint16, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := uint16(rand.N(1 << 16))
	if r.errands == nil || r.errands[id] != nil || len(r.errands) >= maxErrands || time.Now().Before(r.restsTo) {
		return 0, false
	}
	e.name = fmt.Sprintf("%04x%016x%s", id, rand.Uint64(), errandName)
	e.timeout = time.AfterFunc(errandFor, func() { r.miss(id, e) })
	r.errands[id] = e
	return id, true
}

// Records implements mdns.Zone. The network can ask for what it likes: there
// is nothing here but what we have just asked for.
func (r *responder) Records(q dns.Question) []dns.RR {
	var id uint16
	if _, err := fmt.Sscanf(q.Name, "%04x", &id); err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.errands[id]; e != nil && e.name == q.Name {
		return e.records
	}
	return nil
}

// read passes on what the server answers.
func (r *responder) read() {
	buf := make([]byte, maxPacket)
	for {
		n, err := r.conn.Read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(errandFor) // nobody is there; it is not for long
		case n > 2:
			r.pass(buf[:n])
		}
	}
}

// pass sends with the lock held, as miss does: what has been sent when drop returns
// is before the goodbye, and nothing is behind it.
func (r *responder) pass(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := binary.BigEndian.Uint16(b)
	e := r.errands[id]
	delete(r.errands, id)
	r.missed = 0
	if e == nil {
		return
	}
	e.timeout.Stop()
	binary.BigEndian.PutUint16(b, e.answer.id)
	e.send(b)
}

// miss answers without the server.
func (r *responder) miss(id uint16, e *errand) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errands[id] != e {
		return
	}
	delete(r.errands, id)
	if r.missed++; r.missed >= maxMissed {
		r.missed, r.restsTo = 0, time.Now().Add(restFor)
	}
	e.alone()
}

// alone answers as we would have answered ourselves.
func (e *errand) alone() {
	e.timeout.Stop()
	if b, err := e.answer.pack(); err == nil {
		e.send(b)
	}
}
