package mesh

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// A page, a member in a browser, posts offers to the node that serves it and to
// nobody else. To everybody else that it reaches it sends them through members,
// which carry the answer back; whom it offers a link, over whom and when is in
// package contacts. Nobody signs what is carried: a link proves both instances,
// over the certificates that offer and answer name, so that an altered one, or
// one in another's name, costs an attempt and no more. Meanwhile messages go
// through a tunnel.

// carrying is what a Transport may do beside Dial: make links by offers that
// members carry. A page's has both methods, a node's the second.
type (
	offerer interface {
		DialCarried(ctx context.Context, to peer.Instance, carry func(ctx context.Context, offer string) (peer.Carried, error)) (*peer.Conn, error)
	}
	answerer interface {
		AnswerCarried(ctx context.Context, to peer.Instance, offer peer.Carried) (answer string, err error)
	}
)

const (
	// carryTimeout is how long an answer is waited for, and may take to be made:
	// a browser takes half a second to look for its addresses, and a busy machine
	// some times that.
	carryTimeout = 5 * time.Second
	// maxAnswering is how many offers are being answered at once. Each neighbour
	// has an equal share, but minAnswering at the least.
	maxAnswering = 16
	minAnswering = 2
)

var errRefused = errors.New("mesh: the other side takes no offer now")

// carries is what a node has to do with offers that members carry.
type carries struct {
	offerer   offerer  // nil: this is no page
	answerer  answerer // nil: none are answered
	seen      int      // the version of paths that contacts know of
	due       bool     // contacts are to be told again whom members reach
	offers    map[[8]byte]*offer
	answering map[peer.Instance]*link // whose offers are being answered, and over whom they came
}

// offer is one of ours that members carry.
type offer struct {
	to       peer.Instance
	answered chan peer.Carried // holds one
}

func newCarries(transport Transport) carries {
	c := carries{offers: make(map[[8]byte]*offer), answering: make(map[peer.Instance]*link)}
	if self := transport.Self(); self.Observer {
		return c
	} else if self.Web {
		c.offerer, _ = transport.(offerer)
	}
	c.answerer, _ = transport.(answerer)
	return c
}

// reachedLocked has contacts know to whom this page may offer a link: to those
// that members reach, and to those that have opened a tunnel.
func (n *Node) reachedLocked(now time.Time) {
	if n.carries.offerer == nil || !n.carries.due && n.carries.seen == n.paths.Version() {
		return
	}
	n.carries.due, n.carries.seen = false, n.paths.Version()
	var all []contacts.Reach
	for _, to := range n.paths.Targets() {
		all = n.appendReachable(all, to, n.waysLocked(to), now)
	}
	for to, l := range n.links {
		if l.tunnel != nil && !slices.ContainsFunc(all, func(r contacts.Reach) bool { return r.To == to }) {
			all = n.appendReachable(all, to, []*link{l.tunnel.via.Load()}, now)
		}
	}
	n.contacts.Reached(now, all)
}

// appendReachable appends whom an offer may go to over these ways: over those
// last that are doubted.
func (n *Node) appendReachable(all []contacts.Reach, to peer.Instance, ways []*link, now time.Time) []contacts.Reach {
	ways = slices.DeleteFunc(ways, func(l *link) bool { return l == nil || !l.direct() })
	if len(ways) == 0 {
		return all
	}
	r := contacts.Reach{To: to, Teller: &ways[0].teller}
	for _, doubted := range []bool{false, true} {
		for _, l := range ways {
			if l.doubts[to].After(now) == doubted {
				r.Over = append(r.Over, l.conn.Remote().Instance)
			}
		}
	}
	return append(all, r)
}

// dialCarried offers a contact a link through members.
func (n *Node) dialCarried(d *contacts.Dial) {
	conn, err := n.carries.offerer.DialCarried(n.ctx, d.Instance, func(ctx context.Context, sdp string) (peer.Carried, error) {
		return n.carry(ctx, d, sdp)
	})
	if err == nil {
		n.addLink(conn)
	} else {
		n.log.Debug("offer", "instance", d.Instance, "over", d.Over, "err", err)
	}
	n.mu.Lock()
	n.contacts.Ended(time.Now(), d, err)
	n.mu.Unlock()
	n.clockwork.set()
}

// carry sends an offer through members and waits for the answer.
func (n *Node) carry(ctx context.Context, d *contacts.Dial, sdp string) (peer.Carried, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, carryTimeout, peer.ErrTimeout)
	defer cancel()
	o := &offer{to: d.Instance, answered: make(chan peer.Carried, 1)}
	id := carriedID()
	n.mu.Lock()
	over := n.links[d.Over]
	if over == nil || !over.direct() {
		n.mu.Unlock()
		return peer.Carried{}, errPath
	}
	n.carries.offers[id] = o
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.carries.offers, id)
		n.mu.Unlock()
	}()
	n.post(over, d.Instance, wire.AppendCarried(nil, wire.CarriedOffer, wire.Carried{ID: id, SDP: []byte(sdp)}))
	select {
	case answer := <-o.answered:
		if answer.SDP == "" {
			return peer.Carried{}, errRefused
		}
		return answer, nil
	case <-over.conn.Done():
		return peer.Carried{}, errPath
	case <-ctx.Done():
		return peer.Carried{}, context.Cause(ctx)
	}
}

// carriedID is what nobody can guess who does not carry the offer.
func carriedID() (id [8]byte) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// carriedAnswer takes in the answer to an offer of ours.
func (n *Node) carriedAnswer(l *link, from peer.Instance, p []byte) {
	c, err := wire.ParseCarried(wire.CarriedAnswer, p)
	if err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.carries.offers[c.ID]
	if o == nil || o.to != from || !n.currentLocked(l) || !l.direct() {
		l.effort.wasted += unawaitedWork
		return
	}
	delete(n.carries.offers, c.ID) // it counts once
	o.answered <- peer.Carried{SDP: string(c.SDP), From: l.seen(from, c.Seen)}
}

// carriedOffer takes in an offer that members carried here, and has it answered.
func (n *Node) carriedOffer(l *link, from peer.Instance, p []byte) {
	c, err := wire.ParseCarried(wire.CarriedOffer, p)
	if err != nil || from == n.self.Instance || n.carries.answerer == nil {
		return
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != running || !n.currentLocked(l) || !l.direct() || !l.offers.Take(now, 1) || !n.mayAnswerLocked(l, from) {
		return
	}
	once := [wire.NonceSize]byte(slices.Concat(c.ID[:], from[:]))
	if _, met := n.nonces[once]; met {
		return // another copy, or an old one that somebody plays again
	}
	n.noteNonceLocked(once, now)
	n.carries.answering[from] = l
	offer := peer.Carried{SDP: string(c.SDP), From: l.seen(from, c.Seen)}
	n.wg.Go(func() { n.answerCarried(l, from, c.ID, offer) })
}

// mayAnswerLocked reports whether an offer of an instance may be answered that
// came over a neighbour. Of one that is being answered already another is not.
func (n *Node) mayAnswerLocked(l *link, from peer.Instance) bool {
	neighbours, answering := 0, 0
	for _, other := range n.links {
		if other.direct() {
			neighbours++
		}
	}
	for author, over := range n.carries.answering {
		if author == from {
			return false
		}
		if over == l {
			answering++
		}
	}
	return answering < max(maxAnswering/max(neighbours, 1), minAnswering)
}

// answerCarried answers an offer over the neighbour that it came over; with
// nothing if no link is to be.
func (n *Node) answerCarried(l *link, from peer.Instance, id [8]byte, offer peer.Carried) {
	ctx, cancel := context.WithTimeoutCause(n.ctx, carryTimeout, peer.ErrTimeout)
	defer cancel()
	sdp, err := n.carries.answerer.AnswerCarried(ctx, from, offer)
	if err != nil {
		n.log.Debug("offer refused", "instance", from, "from", offer.From, "err", err)
		sdp = ""
	}
	n.mu.Lock()
	delete(n.carries.answering, from)
	n.mu.Unlock()
	n.post(l, from, wire.AppendCarried(nil, wire.CarriedAnswer, wire.Carried{ID: id, SDP: []byte(sdp)}))
}

// seen returns what an address means here that was carried over a link: where the
// first who carried it saw from, or where we do.
func (l *link) seen(from peer.Instance, said netip.Addr) netip.Addr {
	over := l.conn.RemoteAddr().Addr()
	if from == l.conn.Remote().Instance {
		return over
	}
	return meant(netip.AddrPortFrom(said, 1), over).Addr()
}

// stampLocked returns what is relayed from one neighbour to the next as it goes
// out: if it is an offer or an answer of the first, it says where we see that, as
// the next can reach it. Who is on this machine is where we are.
func (n *Node) stampLocked(l, next *link, from peer.Instance, payload []byte) []byte {
	if from != l.conn.Remote().Instance {
		return payload
	}
	seen := l.conn.RemoteAddr().Addr()
	if seen.IsValid() && (seen.IsLoopback() || seen == l.conn.LocalAddr() || n.servesLocked(seen)) {
		seen = next.conn.LocalAddr()
	}
	return wire.Stamp(payload, seen)
}
