//go:build linux

package hostile

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// sources returns link-local addresses of IPv6 to come from, which it gives to the
// host; or an address that means whichever fits, if one is enough.
func (o Order) sources() ([]netip.Addr, error) {
	if o.Sources <= 1 {
		return []netip.Addr{{}}, nil
	}
	nic, err := cable()
	if err != nil {
		return nil, err
	}
	var all []netip.Addr
	var commands strings.Builder
	for i := range o.Sources {
		addr := netip.MustParseAddr(fmt.Sprintf("fe80::bad:%x", i+1)).WithZone(nic.Name)
		// Another attack of this host may have made it already.
		fmt.Fprintf(&commands, "addr replace %s/64 dev %s nodad\n", addr.WithZone(""), nic.Name)
		all = append(all, addr)
	}
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(commands.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return all, nil
}

// cable is the interface to the network.
func cable() (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagRunning != 0 {
			return &i, nil
		}
	}
	return nil, errors.New("no interface")
}

// dialer returns what connects from one of the sources.
func dialer(from netip.Addr) *net.Dialer {
	d := &net.Dialer{Timeout: time.Second}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d
}

// crowd has workers connect from all sources in turn until there is no next turn.
// There are as many workers as there is to wait for: each of sources has one at least.
func (o Order) crowd(workers int, each func(d *net.Dialer)) error {
	from, err := o.sources()
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for i := range max(workers, len(from)) {
		all.Go(func() { each(dialer(from[i%len(from)])) })
	}
	all.Wait()
	return nil
}
