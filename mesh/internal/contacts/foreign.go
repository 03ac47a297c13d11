package contacts

import (
	"net/netip"
	"slices"

	"github.com/lanyap/lanyap/peer"
)

// Each dial to a node that knows another secret is a guess at ours, or one that we
// spend at its. So none is dialed twice where it turned out to: the same instance at
// another host may be another node, since anybody can announce it anywhere, and so
// may another instance at that host.

// maxForeign bounds for how many this is remembered; what is older is forgotten.
// Who makes up more than these can as well make up instances that were never met.
const maxForeign = 4096

// foreign is where instances answered that know another secret.
type foreign struct {
	hosts map[peer.Instance][]netip.Addr
	order []foreigner // oldest first
}

// foreigner is who answers there, as it said itself.
type foreigner struct {
	instance peer.Instance
	host     netip.Addr
}

func newForeign() foreign { return foreign{hosts: make(map[peer.Instance][]netip.Addr)} }

func (f *foreign) has(who foreigner) bool { return slices.Contains(f.hosts[who.instance], who.host) }

// add returns who is forgotten for it; zero: nobody.
func (f *foreign) add(who foreigner) (oldest foreigner) {
	if len(f.order) == maxForeign {
		oldest = f.order[0]
		f.remove(oldest)
	}
	f.order = append(f.order, who)
	f.hosts[who.instance] = append(f.hosts[who.instance], who.host)
	return oldest
}

// remove forgets one: a link has proven that the node there knows our secret.
func (f *foreign) remove(who foreigner) {
	hosts := f.hosts[who.instance]
	i := slices.Index(hosts, who.host)
	if i < 0 {
		return
	}
	if hosts = slices.Delete(hosts, i, i+1); len(hosts) == 0 {
		delete(f.hosts, who.instance)
	} else {
		f.hosts[who.instance] = hosts
	}
	f.order = slices.Delete(f.order, slices.Index(f.order, who), slices.Index(f.order, who)+1)
}

// IsForeign reports whether an instance was found to know another secret where it
// says that it answers.
func (t *Table) IsForeign(instance peer.Instance, at netip.AddrPort) bool {
	return t.foreign.has(foreigner{instance, at.Addr()})
}

// Foreign takes in that an instance knows another secret, as who answers at an
// address: it is not dialed there again.
func (t *Table) Foreign(instance peer.Instance, at netip.AddrPort) {
	who := foreigner{instance, at.Addr()}
	if t.foreign.has(who) {
		return
	}
	oldest := t.foreign.add(who)
	t.foreignChanged(oldest.instance)
	t.foreignChanged(instance)
}

// Denied takes in that somebody who called as the instance knows another secret. That
// is shown until there is a link, and proves nothing: it is dialed as before.
func (t *Table) Denied(instance peer.Instance) {
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

// open returns where the contact may be dialed.
func (c *contact) open() []netip.AddrPort {
	return slices.DeleteFunc(c.addrs(), func(a netip.AddrPort) bool { return slices.Contains(c.foreign, a.Addr()) })
}

// isForeign reports whether the contact knows another secret wherever it is said to
// be.
func (c *contact) isForeign() bool { return len(c.foreign) > 0 && c.hasAddrs() && len(c.open()) == 0 }
