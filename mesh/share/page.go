package share

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/peer"
)

// keeperTopic begins the topic by which a member says who keeps its files.
const keeperTopic = "share@"

// KeeperTopic is the topic that a member takes part in, to say that another start
// of a program handles its files for it: that of a Sharer with [Config.For]. That
// one, and nobody else, is believed to act for it, as long as it takes part.
func KeeperTopic(keeper peer.Instance) string { return keeperTopic + keeper.String() }

// keepers returns whom a member says to keep its files. Most keep their own.
func keepers(who mesh.Peer) []peer.Instance {
	var all []peer.Instance
	for _, topic := range who.Topics {
		if text, ok := strings.CutPrefix(topic, keeperTopic); ok {
			if in, err := peer.ParseInstance(text); err == nil {
				all = append(all, in)
			}
		}
	}
	return all
}

// isKept reports whether a member says that its files are kept by that start of a
// program.
func isKept(who mesh.Peer, by peer.Instance) bool { return slices.Contains(keepers(who), by) }

// serviceOf is where a Sharer answers that acts for a member.
func serviceOf(m mesh.Member) string { return proto.ServiceFor + m.Instance.String() }

// keeper is the part of a node that acts for another member: what it listens for,
// what it says at the beginning of a stream, and who is there for that member.
type keeper struct {
	*mesh.Node
	page mesh.Member
}

func (k keeper) Listen(string) (net.Listener, error) { return k.Node.Listen(serviceOf(k.page)) }

// Self returns the member that it acts for.
func (k keeper) Self() mesh.Peer {
	for _, p := range k.Node.Present() {
		if p.Member == k.page {
			return p
		}
	}
	return mesh.Peer{Member: k.page, Name: k.page.ID.Short()}
}

// Present returns who else is there: the node itself among them.
func (k keeper) Present() []mesh.Peer {
	all := []mesh.Peer{k.Node.Self()}
	for _, p := range k.Node.Present() {
		if p.Member != k.page {
			all = append(all, p)
		}
	}
	return all
}

// whereabouts returns whom to dial for a member, and for what. ErrNotReceiving: who
// keeps its files is not here.
func (s *Sharer) whereabouts(who mesh.Peer) (mesh.Member, string, error) {
	named := keepers(who)
	if len(named) == 0 {
		return who.Member, proto.Service, nil
	}
	for _, p := range append(s.node.Present(), s.node.Self()) {
		if slices.Contains(named, p.Instance) {
			return p.Member, serviceOf(who.Member), nil
		}
	}
	return mesh.Member{}, "", fmt.Errorf("%w: who keeps its files is not here", ErrNotReceiving)
}

// errNotKept is that somebody claims to act for a member that does not say so.
var errNotKept = fmt.Errorf("%w: acts for a member that does not say so", ErrProtocol)

// claimTime is how long it takes at most until what a member takes part in is known
// here, when somebody acts for it at once.
const claimTime = 5 * time.Second

// claimed returns for whom the one at the other end of a stream acts, if that
// member says so too.
func (s *Sharer) claimed(ctx context.Context, by mesh.Member, page peer.Instance) (mesh.Peer, error) {
	for begun := time.Now(); ; {
		for _, p := range s.node.Present() {
			if p.Instance == page && isKept(p, by.Instance) {
				return p, nil
			}
		}
		if ctx.Err() != nil || time.Since(begun) > claimTime {
			return mesh.Peer{}, errNotKept
		}
		time.Sleep(10 * time.Millisecond)
	}
}
