package peer

import "net/netip"

// Target is whom to dial and where.
type Target struct {
	Instance Instance         // zero: whoever answers
	Addrs    []netip.AddrPort // tried in order, another each 20 ms, and all again each 250 ms, until one answers
	ByHand   bool             // a person named Addrs: who is there may call us as well, wherever that is

	// Once keeps from trying all again: TCP alone repeats what is not answered,
	// after a second. It spares whoever lives there, if that is no node.
	Once bool

	// Progress, unless nil, is told how far the dial is, and from StepOffer on
	// with whom. At StepConnect it is told each of Addrs as it is tried for the
	// first time; those after the one that answers are only if that one does not
	// prove to be who is meant. It must not block.
	Progress func(Step, netip.AddrPort)

	// Instead, unless nil, is told which other instance says that it answers at
	// an address where this one was meant. It must not block.
	Instead func(Instance, netip.AddrPort)

	// Avoid, unless nil, is asked when it is known which instance says that it
	// answers at an address, before that is offered a link: true is as good as
	// ErrSecret. It must not block.
	Avoid func(Instance, netip.AddrPort) bool
}

func (to Target) progress(s Step, at netip.AddrPort) {
	if to.Progress != nil {
		to.Progress(s, at)
	}
}

func (to Target) avoids(in Instance, at netip.AddrPort) bool {
	return to.Avoid != nil && to.Avoid(in, at)
}

func (to Target) instead(in Instance, at netip.AddrPort) {
	if to.Instead != nil && !in.IsZero() && in != to.Instance {
		to.Instead(in, at)
	}
}
