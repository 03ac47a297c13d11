//go:build !js

package peer

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer/errno"
)

const (
	// stagger is the head start each address has over the next: a LAN answers
	// well within it, a dead address costs no more.
	stagger = 20 * time.Millisecond

	// connectTimeout is for TCP alone.
	connectTimeout = 4 * time.Second

	// againAfter is how long after the last address all are tried again, the
	// earlier attempts going on. The kernel repeats a lost SYN after a second,
	// which on a LAN is a long time to miss who just came back.
	againAfter = 250 * time.Millisecond

	// againTimeout bounds all but the first attempt at an address, so that
	// there are no more than five at a time.
	againTimeout = time.Second
)

// keepAlive makes the kernel watch for us: a pulled cable ends the TCP
// connection of a link 4 to 5 s later, at the cost of no wake-up of ours.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 4}

// try is how an attempt at one of several addresses ended.
type try struct {
	index int
	again bool
	conn  net.Conn
	err   error
}

// connect returns a connection to the first of the addresses that answers. once
// leaves repeating to the kernel. trying, unless nil, is told each address when
// it is tried first.
func connect(ctx context.Context, addrs []netip.AddrPort, once bool, trying func(netip.AddrPort)) (*client, error) {
	if len(addrs) == 0 {
		return nil, errors.New("no address")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	ended := make(chan try)
	dead := make([]bool, len(addrs))
	var first error
	due := time.NewTimer(0)
	defer due.Stop()
	for started := 0; slices.Contains(dead, false); {
		select {
		case <-due.C:
			if trying != nil && started < len(addrs) {
				trying(addrs[started])
			}
			if i := started % len(addrs); !dead[i] {
				go connectTo(ctx, addrs[i], try{index: i, again: started >= len(addrs)}, ended)
			}
			started++
			switch {
			case started%len(addrs) != 0:
				due.Reset(stagger)
			case !once:
				due.Reset(againAfter)
			}
		case a := <-ended:
			if a.err == nil {
				return newClient(a.conn), nil
			}
			if first == nil || errno.IsRefused(a.err) {
				first = a.err // refused says more than silence
			}
			dead[a.index] = dead[a.index] || !a.again || !timedOut(a.err)
		case <-ctx.Done():
			return nil, dialError(cmp.Or(first, context.Cause(ctx)))
		}
	}
	return nil, dialError(first)
}

// connectTo connects to one address and says how that ended, if anybody waits for it.
func connectTo(ctx context.Context, addr netip.AddrPort, a try, ended chan<- try) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	if a.again {
		d.Timeout = againTimeout
	}
	a.conn, a.err = d.DialContext(ctx, "tcp", addr.String())
	select {
	case ended <- a:
	case <-ctx.Done():
		if a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

// dialError puts TCP's errors into the words of this package.
func dialError(err error) error {
	switch {
	case errno.IsRefused(err):
		return ErrRefused
	case timedOut(err), errno.IsUnreachable(err):
		return ErrTimeout
	}
	return err
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
