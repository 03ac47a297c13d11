package contacts

import (
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
)

// What discovery and members say of addresses is not proven, and a dial to one
// where nobody answers costs whoever lives there some twenty packets. So dials
// are counted by where they go, not by whom they are for: however many
// instances are said to be at an address, it is dialed as often as one would
// be, and after the first time without haste. A dial that makes a link counts no
// more, nor does one that is turned down for a link in the making, so the nodes
// of one host, or of one bridge, are dialed one right after the other. One that
// is answered and then comes to nothing does count: it held a place meanwhile. One
// that meets another instance there pays for the dial to that one.
const (
	// hostBurst is how many dials in vain go to one host at once, and
	// hostEvery how often one does after that: as many as the retries of one
	// instance are.
	hostBurst = 6
	hostEvery = lastRetry
	// networkBurst and networkEvery are the same for all addresses of one
	// network, of which a sighting can invent as many as it likes: each costs
	// the network some broadcasts. A room's members have one or two in each.
	networkBurst = 128
	networkEvery = time.Second / 8
)

// places says where may be dialed. It is no longer than what was dialed within
// the last minute.
type places struct {
	hosts    map[netip.Addr]*budget.Bucket
	networks map[netip.Prefix]*budget.Bucket
}

func newPlaces() places {
	return places{hosts: make(map[netip.Addr]*budget.Bucket), networks: make(map[netip.Prefix]*budget.Bucket)}
}

// take counts a dial. If there may be none yet, it returns how long not. vain
// says that one failed lately.
func (p *places) take(now time.Time, ip netip.Addr) (wait time.Duration, vain bool) {
	host, network := p.at(ip)
	if wait = max(host.Wait(now, 1), network.Wait(now, 1)); wait > 0 {
		return wait, true
	}
	vain = host.Taken(now) >= 1
	host.Take(now, 1)
	network.Take(now, 1)
	return 0, vain
}

// restore takes a dial back: a node answers there, or nobody was asked.
func (p *places) restore(ip netip.Addr) {
	host, network := p.at(ip)
	host.Restore(1)
	network.Restore(1)
}

func (p *places) at(ip netip.Addr) (host, network *budget.Bucket) {
	bits := 24
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.WithZone("").Prefix(bits)
	host, network = p.hosts[ip], p.networks[prefix]
	if host == nil {
		host = &budget.Bucket{Burst: hostBurst, PerSecond: 1 / hostEvery.Seconds()}
		p.hosts[ip] = host
	}
	if network == nil {
		network = &budget.Bucket{Burst: networkBurst, PerSecond: 1 / networkEvery.Seconds()}
		p.networks[prefix] = network
	}
	return host, network
}

// expire forgets where the last dial is long ago.
func (p *places) expire(now time.Time) {
	for ip, b := range p.hosts {
		if b.Taken(now) == 0 {
			delete(p.hosts, ip)
		}
	}
	for prefix, b := range p.networks {
		if b.Taken(now) == 0 {
			delete(p.networks, prefix)
		}
	}
}
