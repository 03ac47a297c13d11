package mesh

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// errLeft is what a link is closed with after its goodbyes.
var errLeft = errors.New("mesh: left")

// mutePatience is how long those links hold up a goodbye over which no message
// can go: the other side is an observer, or is not here and has never said where
// its streams stand.
const mutePatience = 5 * time.Second

// Leave ends the node politely: nothing more is accepted, everyone gets what
// was accepted before and a goodbye, and sends what it had accepted before it
// heard it. The others see [Left] without a reason. Observers, and who is not here
// and has never said a word on its link, are waited for at most 5 seconds; members
// as long as their links last. It returns nil when all have answered, and all
// receipts are settled then; ctx's error when that took too long, [ErrClosed] if
// the node was closed before, and otherwise an [ErrHistory] if the history file
// lacks something; in any case the node has ended then.
func (n *Node) Leave(ctx context.Context) error {
	n.mu.Lock()
	if n.state == closed {
		n.mu.Unlock()
		n.wg.Wait()
		return ErrClosed
	}
	n.leaveLocked(time.Now())
	// Discovery's goodbye goes out first, so that nobody dials us again.
	n.wg.Go(n.closeDiscovery)
	n.mu.Unlock()

	err := n.awaitByes(ctx)
	if kept := n.end(errLeft, errEnd, false); err == nil {
		err = kept
	}
	return err
}

// leaveLocked begins to leave: nothing more is accepted, and a goodbye follows on
// each link what was.
func (n *Node) leaveLocked(now time.Time) {
	n.state = leaving
	for _, m := range n.members {
		if m.missing() { // we do not wait for another link to it
			n.leftLocked(m, cmp.Or(m.lost, errNoLink), now)
		}
	}
	for _, l := range n.links {
		l.byeDue = true
		l.wake.set()
	}
	n.progressed.announce()
}

// fleeting is the Transport of a page: f is called when that is about to go, and
// what links can say at once they still say then.
type fleeting interface{ OnHide(f func()) }

// pageGone is called when the page goes that this node lives in: it says goodbye,
// and waits for nobody.
func (n *Node) pageGone() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state == running {
		n.leaveLocked(time.Now())
	}
}

// awaitByes waits until every link has ended or has answered our goodbye, not
// for long where no message can go, and settles what nobody will confirm then.
func (n *Node) awaitByes(ctx context.Context) error {
	mute := time.NewTimer(mutePatience)
	defer mute.Stop()
	patient := true
	for {
		n.mu.Lock()
		if n.state == closed {
			n.mu.Unlock()
			return ErrClosed
		}
		open := false
		for _, l := range n.links {
			over := l.byeAckHeard && !l.ackDue && !l.writing && !l.fetching.Load()
			open = open || !over && (l.carriesOurs() || patient)
		}
		if !open {
			for _, m := range n.members {
				n.unconfirmedLocked(m)
			}
		}
		changed := n.linksChanged.channel()
		n.mu.Unlock()
		if !open {
			return nil
		}
		select {
		case <-changed:
		case <-mute.C:
			patient = false
		case <-n.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// carriesOurs reports whether what we said goes over the link, or will: a member
// that is here may be on a new link, and not have said yet from where to go on.
func (l *link) carriesOurs() bool {
	return l.heard || !l.quiet && l.m.present
}

// Close ends the node at once. The others see [Left] with a reason, and what
// was accepted and has not reached them is lost. When it returns, nothing of
// the node is running any more. It returns an [ErrHistory] if the history file
// lacks something that was to be kept, and nil otherwise.
func (n *Node) Close() error {
	return n.end(ErrClosed, ErrClosed, true)
}

// end stops everything and waits for it. cause is what the others are told,
// last what Events ends with.
func (n *Node) end(cause, last error, drop bool) error {
	n.mu.Lock()
	first := n.state != closed
	n.state = closed
	topics := n.topics
	var links []*link
	for _, l := range n.links {
		links = append(links, l)
	}
	n.progressed.announce()
	n.linksChanged.announce()
	n.gatheredLocked() // nothing is held back from a program that reads to the end
	n.abandonLocked()
	n.mu.Unlock()
	if !drop {
		_ = n.closeStore() // while the program can be told how that goes
	}
	for _, t := range topics {
		t.events.end(last, drop && first)
	}
	n.cancel()
	n.services.close()
	for _, l := range links {
		l.conn.Close(cause)
	}
	n.closeDiscovery()
	n.transport.Close()
	n.wg.Wait()
	err := n.closeStore()
	n.logs.close()
	return err
}

// abandonLocked settles the receipts that nobody will settle any more.
func (n *Node) abandonLocked() {
	for _, e := range n.stream.span(0, n.stream.next()) {
		e.receipt.abandon(ErrClosed)
	}
	for _, m := range n.members {
		for _, e := range m.private.span(0, m.private.next()) {
			e.receipt.abandon(ErrClosed)
		}
	}
}

func (n *Node) closeDiscovery() {
	n.hush.Do(func() {
		if err := n.discovery.Close(); err != nil {
			n.log.Debug("discovery", "err", err)
		}
	})
}

// parting is how far the goodbyes of a link's two sides have come.
type parting struct {
	byeDue      bool
	byeSent     bool
	byeHeard    bool
	byeAt       uint64 // our next broadcast then; they get what is before
	byeAckSent  bool
	byeAckHeard bool
}

// bye takes in that the other side is leaving.
func (n *Node) bye(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) || l.byeHeard {
		return
	}
	now := time.Now()
	l.byeHeard = true
	l.byeAt = n.stream.next()
	n.contacts.Departed(now, l.conn.Remote().Instance)
	if m := l.m; m != nil {
		m.gone = true
		if m.present {
			n.leftLocked(m, nil, now)
		}
	}
	l.wake.set()
}

func (n *Node) byeAck(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l.byeAckHeard = l.byeSent
	l.wake.set() // what is still to be confirmed waits no longer
	n.linksChanged.announce()
}

// byesDue reports whether a goodbye or the answer to one is to be written.
func (p *parting) byesDue() bool {
	return p.byeDue && !p.byeSent || p.byeHeard && !p.byeAckSent
}

// appendByes appends what ends a link, once all before has been written.
func appendByes(l *link, buf []byte) []byte {
	if l.byeDue && !l.byeSent {
		l.byeSent = true
		buf = wire.AppendBye(buf)
	}
	if l.byeHeard && !l.byeAckSent {
		l.byeAckSent = true
		buf = wire.AppendByeAck(buf)
	}
	return buf
}
