package discovery

import (
	"context"
	"io"
	"log"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/miekg/dns"
)

const (
	// lookupDelay keeps a lookup out of the way of a start.
	lookupDelay = 150 * time.Millisecond

	// lookupEvery is how often we look up while nobody is known.
	lookupEvery = time.Minute

	// lookupFor is how long one takes. It is short because for that time
	// every packet about an instance it does not know yet makes it send one.
	lookupFor = 100 * time.Millisecond

	// ticketFor is how long an answer may wait for hashicorp's server to read
	// its copy of the question, and ticketWait is how long that waits for us
	// to read ours.
	ticketFor  = 200 * time.Millisecond
	ticketWait = 100 * time.Millisecond
)

// quiet is hashicorp's logger: three lines for every packet somebody spoils.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// responder is hashicorp's server, for those who want an answer by unicast.
// It sits on the wildcard address and would answer anybody from anywhere, but
// tells its zone neither who asks nor where. So every answer needs a ticket,
// which we issue on hearing the same question from the link.
type responder struct {
	servers []*mdns.Server
	tickets chan ticket
}

// ticket is a permission to answer once.
type ticket struct {
	at      time.Time
	records []dns.RR
}

// newResponder starts the server; nil when there is none to be had. On Linux
// one hears what all sockets of this machine have joined, and two would both
// answer.
func newResponder(ifaces []Interface) *responder {
	r := &responder{tickets: make(chan ticket, 64)}
	for _, i := range ifaces {
		if runtime.GOOS == "linux" && i.Index != roomiest(ifaces) {
			continue
		}
		server, err := mdns.NewServer(&mdns.Config{
			Zone:   r,
			Iface:  &net.Interface{Index: i.Index, Name: i.Name},
			Logger: quiet(),
		})
		if err == nil {
			r.servers = append(r.servers, server)
		}
	}
	if len(r.servers) == 0 {
		return nil
	}
	return r
}

// roomiest returns the index of the first interface with both families, or
// else of the first: the server serves the families of one interface.
func roomiest(ifaces []Interface) int {
	for _, i := range ifaces {
		if i.has(ip4) && i.has(ip6) {
			return i.Index
		}
	}
	return ifaces[0].Index
}

// Close stops the servers. Their goroutines end by themselves right after.
func (r *responder) Close() {
	for _, s := range r.servers {
		s.Shutdown()
	}
}

// admit issues a ticket for an answer.
func (r *responder) admit(now time.Time, answer response) {
	b, err := answer.pack()
	if err != nil {
		return
	}
	// The server wants records of another package: it gets those of the
	// packet we would have sent.
	var m dns.Msg
	if err := m.Unpack(b); err != nil {
		return
	}
	select {
	case r.tickets <- ticket{now, append(m.Answer, m.Extra...)}:
	default:
	}
}

// isOurs reports whether a question with that name can be about us at all.
func isOurs(name string) bool {
	instance, _ := instanceOf(name)
	return instance != "" || strings.EqualFold(name, serviceName) || strings.EqualFold(name, typesName)
}

// Records implements mdns.Zone.
func (r *responder) Records(q dns.Question) []dns.RR {
	if q.Qclass&topBit == 0 || !isOurs(q.Name) {
		return nil
	}
	timeout := time.NewTimer(ticketWait)
	defer timeout.Stop()
	for {
		select {
		case t := <-r.tickets:
			if time.Since(t.at) < ticketFor {
				return t.records
			}
		case <-timeout.C:
			return nil
		}
	}
}

// floodGate ends a lookup when more comes in than we look at: hashicorp's
// querier sends a packet for every instance it is told of.
type floodGate struct {
	mu     sync.Mutex // guards cancel
	cancel context.CancelFunc
}

func (g *floodGate) set(cancel context.CancelFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel = cancel
}

func (g *floodGate) raise() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		g.cancel()
	}
}

// lookUp asks with hashicorp's querier while nobody is known, for those who
// answer only that.
func (s *station) lookUp(now time.Time) {
	s.lookupAt = now.Add(lookupEvery)
	s.mu.Lock()
	s.known.expire(now)
	alone := len(s.known.entries) == 0
	s.mu.Unlock()
	if !alone || s.network.lookup == nil {
		return
	}
	ifaces := s.interfaces()
	s.work.Go(func() {
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		s.floods.set(cancel)
		for _, i := range ifaces {
			s.lookUpOn(ctx, i)
		}
	})
}

func (l *LAN) lookUpOn(ctx context.Context, i Interface) {
	found := l.network.lookup(ctx, i)
	if len(found) == 0 {
		return
	}
	select {
	case l.packets <- packet{key: linkKey{i.Index, i.preferred()}, message: message{response: true, sightings: found}}:
	case <-l.ctx.Done():
	}
}

// lookup asks once on one interface. The entries are read when the query has
// returned: until then the querier goes on writing them.
func lookup(ctx context.Context, i Interface) []sighting {
	entries := make(chan *mdns.ServiceEntry, maxSightings)
	err := mdns.QueryContext(ctx, &mdns.QueryParam{
		Service:             strings.TrimSuffix(serviceName, localDomain),
		Domain:              strings.Trim(localDomain, "."),
		Timeout:             lookupFor,
		Interface:           &net.Interface{Index: i.Index, Name: i.Name},
		Entries:             entries,
		WantUnicastResponse: true,
		DisableIPv4:         i.preferred() != ip4,
		DisableIPv6:         i.preferred() != ip6, // one family a call: an error of one ends both
		Logger:              quiet(),
	})
	if err != nil {
		return nil
	}
	var found []sighting
	for {
		select {
		case e := <-entries:
			if s, ok := fromEntry(e); ok {
				found = append(found, s)
			}
		default:
			return found
		}
	}
}

// fromEntry re-reads what hashicorp's querier made of a packet. It takes
// entries for anything it hears, with names as they are escaped in zone files.
func fromEntry(e *mdns.ServiceEntry) (sighting, bool) {
	instance, host := instanceOf(e.Name)
	target, isHost := instanceOf(e.Host)
	if instance == "" || host || !isHost || target != instance || e.Port < 1 || e.Port > 0xffff {
		return sighting{}, false
	}
	s := sighting{instance: instance, room: roomOf(e.InfoFields, instance), port: uint16(e.Port), ttl: recordTTL}
	if a, ok := netip.AddrFromSlice(e.AddrV4); ok {
		s.addrs = append(s.addrs, a.Unmap())
	}
	if e.AddrV6IPAddr != nil {
		if a, ok := netip.AddrFromSlice(e.AddrV6IPAddr.IP); ok && !a.Is4In6() {
			s.addrs = append(s.addrs, a)
		}
	}
	return s, s.complete()
}
