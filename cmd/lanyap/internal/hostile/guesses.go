//go:build linux

package hostile

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// guesses dials At with a secret that is not the room's, each time as another node. It
// counts "dials", of these "guesses", which were told that they are wrong, and what came
// of each: "links" were right.
func guesses(ctx context.Context, o Order, n *Tally) error {
	secret := peer.NewSecret(peer.DefaultRoom, o.Secret)
	next := o.pace(ctx)
	return together(4, func(int) error {
		for next() {
			t, err := peer.Listen(peer.Config{Secret: secret})
			if err != nil {
				return err
			}
			n.Add("dials")
			_, err = t.Dial(ctx, peer.Target{Addrs: []netip.AddrPort{o.At}})
			if errors.Is(err, peer.ErrSecret) {
				n.Add("guesses")
			}
			n.Add(outcome(err))
			_ = t.Close()
		}
		return nil
	})
}

// lures announces nodes at the address At that have a secret which is not the room's,
// each for Hold, so that whoever dials them has them guess. It counts "lures",
// "guesses", which were wrong, and "links", which were right.
func lures(ctx context.Context, o Order, n *Tally) error {
	s, err := o.speakers()
	if err != nil {
		return err
	}
	defer s.close()
	secret := peer.NewSecret(peer.DefaultRoom, o.Secret)
	next := o.pace(ctx)
	for i := 0; next(); i++ {
		t, err := peer.Listen(peer.Config{
			Secret: secret, Addrs: []netip.Addr{o.At.Addr()},
			Refused: func(peer.Instance, netip.AddrPort, bool) { n.Add("guesses") },
		})
		if err != nil {
			return err
		}
		packet, err := announcement(t.Self().Instance.String(), t.Addrs()[0])
		if err != nil {
			return err
		}
		if err := s.say(i, packet); err != nil {
			return err
		}
		n.Add("lures")
		go take(ctx, t, n)
		time.AfterFunc(o.Hold, func() { _ = t.Close() })
	}
	return nil
}

// take counts links to one of our own.
func take(ctx context.Context, t *peer.Transport, n *Tally) {
	for {
		if _, err := t.Accept(ctx); err != nil {
			return
		}
		n.Add("links")
	}
}
