package contacts

import (
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Each dial to a node that knows another secret is a guess at ours, or one that we
// spend at its. So none is dialed twice where it turned out to: the same instance at
// another host may be another node, since anybody can announce it anywhere, and so
// may another instance at that host.

const (
	// maxForeign bounds for how many this is remembered; what is older is forgotten.
	// Who makes up more than these can as well make up instances that were never met.
	maxForeign = 4096
	// memberRetry is when a member is dialed again where another secret was met: it
	// has proven that it knows ours, so somebody was between us, or in its place, and
	// may be gone by then. Who stays has six guesses an hour of it.
	memberRetry = 10 * time.Minute
	// deniedRetry is when a node is dialed where somebody called from in its name
	// with another secret. Of two groups that start at once each pair then spends one
	// guess, not one each way, and the second when all are linked to their own. Of a
	// member it is not held: whoever else is on its host could keep us from it.
	deniedRetry = time.Minute
)

// foreign is where instances answered that know another secret.
type foreign struct {
	hosts map[peer.Instance][]foreignHost
	order []foreigner // oldest first
}

// foreigner is who answers there, as it said itself.
type foreigner struct {
	instance peer.Instance
	host     netip.Addr
}

type foreignHost struct {
	netip.Addr
	until  time.Time // zero: for ever
	member bool      // that was somebody between us and a member, or in its place
}

func (h foreignHost) isClosed(now time.Time) bool { return h.until.IsZero() || h.until.After(now) }

func newForeign() foreign { return foreign{hosts: make(map[peer.Instance][]foreignHost)} }

// add returns who is forgotten for it; zero: nobody.
func (f *foreign) add(who peer.Instance, at foreignHost) (oldest foreigner) {
	f.remove(foreigner{who, at.Addr})
	if len(f.order) == maxForeign {
		oldest = f.order[0]
		f.remove(oldest)
	}
	f.order = append(f.order, foreigner{who, at.Addr})
	f.hosts[who] = append(f.hosts[who], at)
	return oldest
}

func (f *foreign) remove(who foreigner) {
	hosts := f.hosts[who.instance]
	i := slices.IndexFunc(hosts, func(h foreignHost) bool { return h.Addr == who.host })
	if i < 0 {
		return
	}
	if hosts = slices.Delete(hosts, i, i+1); len(hosts) == 0 {
		delete(f.hosts, who.instance)
	} else {
		f.hosts[who.instance] = hosts
	}
	f.order = slices.DeleteFunc(f.order, func(other foreigner) bool { return other == who })
}

// IsForeign reports whether an instance was found to know another secret where it
// says that it answers, and is not to be dialed there.
func (t *Table) IsForeign(now time.Time, instance peer.Instance, at netip.AddrPort) bool {
	return slices.ContainsFunc(t.foreign.hosts[instance], func(h foreignHost) bool {
		return h.Addr == at.Addr() && h.isClosed(now)
	})
}

// Foreign takes in that an instance knows another secret, as who answers at an
// address: it is not dialed there again, unless it is a member.
func (t *Table) Foreign(now time.Time, instance peer.Instance, at netip.AddrPort, member bool) {
	host := foreignHost{Addr: at.Addr(), member: member}
	if member {
		host.until = now.Add(memberRetry)
	}
	t.close(instance, host)
	t.deny(instance)
}

// Denied takes in that somebody who called from an address as the instance knows
// another secret. That is shown until there is a link, and does not prove that who
// answers there is the same: it is dialed there later, and a member as before.
func (t *Table) Denied(now time.Time, instance peer.Instance, at netip.AddrPort, member bool) {
	if at.IsValid() && !member && !t.IsForeign(now, instance, at) {
		t.close(instance, foreignHost{Addr: at.Addr(), until: now.Add(deniedRetry)})
	}
	t.deny(instance)
}

// close has the instance not dialed at a host.
func (t *Table) close(instance peer.Instance, at foreignHost) {
	oldest := t.foreign.add(instance, at)
	t.foreignChanged(oldest.instance)
	t.foreignChanged(instance)
}

// deny has the contact shown as one that knows another secret.
func (t *Table) deny(instance peer.Instance) {
	if c := t.contacts[instance]; c != nil && !c.linked {
		c.denied = true
	}
}

// foreignChanged has the contact know where it is not to be dialed.
func (t *Table) foreignChanged(instance peer.Instance) {
	if c := t.contacts[instance]; c != nil {
		c.foreign = t.foreign.hosts[instance]
	}
}

// isClosed reports whether the contact is not to be dialed at a host now.
func (c *contact) isClosed(now time.Time, host netip.Addr) bool {
	return slices.ContainsFunc(c.foreign, func(h foreignHost) bool { return h.Addr == host && h.isClosed(now) })
}

// isForeign reports whether the contact knows another secret wherever it is said to
// be.
func (c *contact) isForeign() bool {
	return c.isEverywhere(func(h foreignHost) bool { return h.until.IsZero() })
}

// seemsForeign reports whether the contact is foreign, or somebody called in its name
// from wherever it is said to be who is.
func (c *contact) seemsForeign() bool {
	return c.isEverywhere(func(h foreignHost) bool { return !h.member })
}

// isEverywhere reports whether something holds of what was found at each host where
// the contact is said to be.
func (c *contact) isEverywhere(holds func(foreignHost) bool) bool {
	return len(c.foreign) > 0 && c.hasAddrs() && !slices.ContainsFunc(c.addrs(), func(a netip.AddrPort) bool {
		return !slices.ContainsFunc(c.foreign, func(h foreignHost) bool { return h.Addr == a.Addr() && holds(h) })
	})
}
