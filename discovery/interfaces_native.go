//go:build !js

package discovery

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"runtime"
	"slices"
)

// Interface is a network interface of this machine.
type Interface struct {
	Name     string
	Index    int
	Addrs    []netip.Addr   // those that can be used, IPv4 first; link-local IPv6 with its zone
	Prefixes []netip.Prefix // on-link prefixes, one for each of Addrs
	Loopback bool
	Running  bool   // has a carrier; without one it is used as long as it has an address
	Mute     bool   // cannot multicast: links run over it, and nobody is found
	Unused   string // why it is not used; empty when it is
}

// Why an interface is not used, in a person's words.
const (
	unusedDown      = "it is down"
	unusedMulticast = "it cannot multicast"
	unusedAddress   = "it has no address"
	unusedBridge    = "it is a port of a bridge; the bridge itself counts"
	unusedTunnel    = "it is a point-to-point link such as a VPN; name it to use it"
	unusedApple     = "it is Apple's own radio link between devices (AirDrop), no network"
	unusedLoopback  = "it is the loopback, and there is a network"
	unusedNamed     = "other interfaces were named"
)

// Interfaces lists this machine's interfaces; names limits which are used.
//
// An interface is used when it is up, can multicast, has an address, and is
// neither a port of a bridge, a point-to-point link nor one of AirDrop. The loopback is used
// where there is nothing else. An interface that was named is used even if it
// is the loopback, a point-to-point link or one that cannot multicast, such as
// WireGuard's. A name that does not exist is an error.
func Interfaces(names []string) ([]Interface, error) {
	list, err := list(names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(i Interface) bool { return i.Name == name }) {
			return nil, fmt.Errorf("discovery: interface %s: there is no such interface", name)
		}
	}
	return list, nil
}

// list is Interfaces for those who go on when a name is gone.
func list(names []string) ([]Interface, error) {
	all, err := systemInterfaces()
	if err != nil {
		return nil, err
	}
	result := make([]Interface, 0, len(all))
	unusable := unsettled()
	for _, ifi := range all {
		result = append(result, describe(ifi, names, unusable))
	}
	slices.SortFunc(result, func(a, b Interface) int { return cmp.Compare(a.Index, b.Index) })
	preferNetwork(result, names)
	return result, nil
}

// preferNetwork takes the loopback out of use where there is anything else.
func preferNetwork(list []Interface, names []string) {
	network := slices.ContainsFunc(list, func(i Interface) bool { return i.Unused == "" && !i.Loopback })
	if !network || len(names) > 0 {
		return
	}
	for i := range list {
		if list[i].Loopback && list[i].Unused == "" {
			list[i].Unused = unusedLoopback
		}
	}
}

// describe says what the system knows of one interface and whether it can be
// used at all.
func describe(ifi systemInterface, names []string, unusable map[netip.Addr]bool) Interface {
	i := Interface{
		Name:     ifi.Name,
		Index:    ifi.Index,
		Loopback: ifi.Flags&net.FlagLoopback != 0,
		Running:  ifi.Flags&net.FlagRunning != 0,
	}
	// Linux does not say so of its loopback, which can.
	i.Mute = ifi.Flags&net.FlagMulticast == 0 && !i.Loopback
	i.addAddrs(ifi.addrs, unusable)
	named := slices.Contains(names, ifi.Name)
	switch {
	case len(names) > 0 && !named:
		i.Unused = unusedNamed
	case ifi.Flags&net.FlagUp == 0:
		i.Unused = unusedDown
	case i.Mute && !named:
		i.Unused = unusedMulticast
	case len(i.Addrs) == 0:
		i.Unused = unusedAddress
	case appleOnly(ifi.Name) && !named:
		i.Unused = unusedApple
	case bridgePort(ifi.Name):
		i.Unused = unusedBridge
	case ifi.Flags&net.FlagPointToPoint != 0 && !named:
		i.Unused = unusedTunnel
	}
	return i
}

// appleOnly reports whether an interface of macOS is none of a network, though it
// is up, can multicast and has an address: the links that AirDrop and its kin
// make from device to device, and their low latency twin. Nobody answers there,
// and asking keeps the radio awake.
func appleOnly(name string) bool {
	return runtime.GOOS == "darwin" && appleLink.MatchString(name)
}

var appleLink = regexp.MustCompile(`^(awdl|llw)[0-9]+$`)

// addAddrs takes over the unicast addresses, in the order in which others are
// told of them: IPv4, then IPv6, then IPv6 of the link alone.
func (i *Interface) addAddrs(addrs []net.Addr, unusable map[netip.Addr]bool) {
	for _, a := range addrs {
		ipnet, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(ipnet.IP)
		if !ok {
			continue
		}
		addr = addr.Unmap()
		if addr.IsUnspecified() || addr.IsMulticast() || unusable[addr.WithZone(i.Name)] {
			continue
		}
		ones, _ := ipnet.Mask.Size()
		i.Prefixes = append(i.Prefixes, netip.PrefixFrom(addr, ones))
	}
	slices.SortStableFunc(i.Prefixes, func(a, b netip.Prefix) int { return cmp.Compare(rank(a.Addr()), rank(b.Addr())) })
	for k, p := range i.Prefixes {
		addr := p.Addr()
		i.Prefixes[k] = p.Masked()
		if addr.Is6() && addr.IsLinkLocalUnicast() {
			addr = addr.WithZone(i.Name)
		}
		i.Addrs = append(i.Addrs, addr)
	}
}

// onLink reports whether packets to a leave through the interface without a
// router.
func (i Interface) onLink(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.Zone() == "" || a.Zone() == i.Name
	}
	return slices.ContainsFunc(i.Prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// dialable returns the address as this machine dials it, and whether it may:
// somebody on the network wrote it into a packet. An address off the link, of
// all hosts, or of this machine alone would make us send packets where nobody
// invited us.
func (i Interface) dialable(a netip.Addr) (netip.Addr, bool) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() != i.Loopback {
		return netip.Addr{}, false
	}
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.WithZone(i.Name), true
	}
	if !i.onLink(a) || i.isBroadcast(a) {
		return netip.Addr{}, false
	}
	return a, true
}

// isBroadcast reports whether a means every host of an IPv4 prefix.
func (i Interface) isBroadcast(a netip.Addr) bool {
	return slices.ContainsFunc(i.Prefixes, func(p netip.Prefix) bool {
		return a.Is4() && p.Addr().Is4() && p.Bits() < 31 && p.Contains(a) && !p.Contains(a.Next())
	})
}

// speaks reports whether we use the interface in that family. Multicast of
// IPv6 has no route on a loopback; there IPv4 does, if there is any.
func (i Interface) speaks(f family) bool {
	return i.Unused == "" && !i.Mute && i.has(f) && (f == ip4 || !i.Loopback || !i.has(ip4))
}

// has reports whether the interface has an address of the family, and with it
// a source for its packets.
func (i Interface) has(f family) bool {
	_, ok := i.source(f)
	return ok
}

// preferred is the family in which we ask where one is enough.
func (i Interface) preferred() family {
	if i.has(ip4) {
		return ip4
	}
	return ip6
}

// source is the address our packets of a family come from. Multicast of IPv6
// within the link comes from the link-local address (RFC 6724 section 5).
func (i Interface) source(f family) (netip.Addr, bool) {
	var found netip.Addr
	for _, a := range i.Addrs {
		if a.Is4() != (f == ip4) {
			continue
		}
		if !found.IsValid() || a.Is6() && a.IsLinkLocalUnicast() && !found.IsLinkLocalUnicast() {
			found = a
		}
	}
	return found, found.IsValid()
}

// sameZone reports whether the interface is the same to those who send to an
// address of its link.
func (i Interface) sameZone(o Interface) bool { return i.Name == o.Name && i.Index == o.Index }

// equal reports whether nothing that matters to a socket has changed.
func (i Interface) equal(o Interface) bool {
	return i.Name == o.Name && i.Index == o.Index && i.Loopback == o.Loopback && i.Running == o.Running &&
		i.Mute == o.Mute && i.Unused == o.Unused && slices.Equal(i.Addrs, o.Addrs) && slices.Equal(i.Prefixes, o.Prefixes)
}
