//go:build !js

package discovery

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/mdns"
)

const (
	// lookupDelay keeps a lookup out of the way of a start.
	lookupDelay = 150 * time.Millisecond

	// lookupFor is how long one takes. It is short because for that time
	// every packet about an instance it does not know yet makes it send one.
	lookupFor = 100 * time.Millisecond
)

// lookupEvery is how often we look up while nobody is known. Tests have less
// patience.
var lookupEvery = time.Minute

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
	case l.packets <- packet{key: linkKey{i.Index, i.preferred()}, toUs: true, message: message{response: true, sightings: found}}:
	case <-l.ctx.Done():
	}
}

// lookup asks once on one interface, in one family: an error of one would end
// both, and there is one where IPv4 has no default route, since the querier
// joins on the interface of that route whatever interface it is told.
func lookup(ctx context.Context, i Interface) []sighting {
	for _, f := range families {
		if !i.speaks(f) {
			continue
		}
		if found, err := lookupIn(ctx, i, f); err == nil {
			return found
		}
	}
	return nil
}

// lookupIn reads the entries when the query has returned: until then the
// querier goes on writing them.
func lookupIn(ctx context.Context, i Interface, f family) ([]sighting, error) {
	entries := make(chan *mdns.ServiceEntry, maxSightings)
	err := mdns.QueryContext(ctx, &mdns.QueryParam{
		Service:             strings.TrimSuffix(serviceName, localDomain),
		Domain:              strings.Trim(localDomain, "."),
		Timeout:             lookupFor,
		Interface:           &net.Interface{Index: i.Index, Name: i.Name},
		Entries:             entries,
		WantUnicastResponse: true,
		DisableIPv4:         f != ip4,
		DisableIPv6:         f != ip6,
		Logger:              quiet(),
	})
	if err != nil {
		return nil, err
	}
	var found []sighting
	for {
		select {
		case e := <-entries:
			if s, ok := fromEntry(e); ok {
				found = append(found, s)
			}
		default:
			return found, nil
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
