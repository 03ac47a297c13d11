//go:build linux

package hostile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
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

// crowd has workers connect to At from all sources in turn, as often as there is a turn,
// and do something with each connection, which is theirs to close. There are as many
// workers as there is to wait for: each of sources has one at least. It counts
// "refused", those that there was no connection for.
func (o Order) crowd(ctx context.Context, n *Tally, workers int, do func(conn net.Conn, turn int)) error {
	from, err := o.sources()
	if err != nil {
		return err
	}
	next := o.pace(ctx)
	return together(max(workers, len(from)), func(i int) error {
		d := dialer(from[i%len(from)])
		for turn := 0; next(); turn++ {
			if conn, ok := o.connect(ctx, n, d); ok {
				do(conn, turn)
			}
		}
		return nil
	})
}

// connect connects to At. Who gets no connection waits a moment: it is refused, or out of
// ports.
func (o Order) connect(ctx context.Context, n *Tally, d *net.Dialer) (net.Conn, bool) {
	conn, err := d.DialContext(ctx, "tcp", o.At.String())
	if err == nil {
		return conn, true
	}
	n.Add("refused")
	rest(ctx, 10*time.Millisecond)
	return nil, false
}

// rest waits so long, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// dialer returns what connects from one of the sources.
func dialer(from netip.Addr) *net.Dialer {
	d := &net.Dialer{Timeout: time.Second}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d
}
