package mesh_test

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// page opens a tab on a host, which is served by a node; edit may be nil.
func (r *room) page(name string, served *actor, edit func(*mesh.Config, *meshtest.Page)) *actor {
	r.Helper()
	from := served.Addrs()[0]
	return r.join(name, func(cfg *mesh.Config) {
		p := r.lan.Host(name).Page(from)
		cfg.Network, cfg.Peers = p, []string{from.String()}
		if edit != nil {
			edit(cfg, p)
		}
	})
}

// linked fails the test unless a node has direct links to these, and nobody else.
func (r *room) linked(a *actor, want ...*actor) {
	r.Helper()
	direct := make(map[mesh.Member]bool)
	for _, p := range a.Members() {
		if p.Via == nil {
			direct[p.Member] = true
		}
	}
	for _, other := range want {
		if !direct[other.Self().Member] {
			r.Errorf("%s has no link to %s", a.Self().Name, other.Self().Name)
		}
		delete(direct, other.Self().Member)
	}
	if len(direct) > 0 {
		r.Errorf("%s has %d links too many", a.Self().Name, len(direct))
	}
}

// TestPagesAreMembers holds that two nodes and two pages become a full mesh, and
// say things to each other as four nodes do.
func TestPagesAreMembers(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		pass(time.Second)
		tim, uma := r.page("tim", ana, nil), r.page("uma", bo, nil)
		pass(time.Second)
		all := []*actor{ana, bo, tim, uma}
		for _, a := range all {
			var others []*actor
			for _, b := range all {
				if a != b {
					others = append(others, b)
				}
			}
			r.linked(a, others...)
		}
		receipt := r.say(tim, "hi")
		pass(100 * time.Millisecond)
		r.delivered(receipt)
	})
}
