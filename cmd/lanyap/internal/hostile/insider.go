//go:build linux

package hostile

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// noise is the topic that insiders take part in, and in which nobody else does: what
// they say there every node holds, and none shows.
const noise = "noise"

// insider is a member of the room that writes on its link what it likes. It writes
// frames as the specification of the mesh has them, which is in its package wire, and
// does no more of what a node does than it is made to.
type insider struct {
	*peer.Conn
	transport *peer.Transport
	id        *peer.Identity
	room      [32]byte // what signatures are bound to

	said     uint64 // messages
	previous uint64 // the digest of the last
}

// enter makes a link to At and says there, as a node does, who it is and what it has.
func (o Order) enter(ctx context.Context) (*insider, error) {
	var secret peer.Secret
	if o.Secret != "" {
		secret = peer.NewSecret(peer.DefaultRoom, o.Secret)
	}
	id := peer.NewIdentity()
	t, err := peer.Listen(peer.Config{Identity: id, Name: "insider", Topics: []string{noise}, Secret: secret})
	if err != nil {
		return nil, err
	}
	conn, err := t.Dial(ctx, peer.Target{Addrs: []netip.AddrPort{o.At}})
	if err == nil {
		in := &insider{Conn: conn, transport: t, id: id, room: secret.RoomKey("")}
		if err = in.WriteMessage(slices.Concat(in.record(1), have(1))); err == nil {
			return in, nil
		}
	}
	_ = t.Close()
	return nil, err
}

// again is how long who was refused, or thrown out, waits before it tries again: of one
// address a node answers 16 offers a second.
const again = 500 * time.Millisecond

// stay enters again and again, and does something for as long as each link lives. It
// counts "in", and "out" when it was thrown out.
func (o Order) stay(ctx context.Context, n *Tally, do func(ctx context.Context, in *insider)) error {
	for ctx.Err() == nil {
		in, err := o.enter(ctx)
		if err != nil {
			n.Add(outcome(err))
			rest(ctx, again)
			continue
		}
		n.Add("in")
		inside, leave := context.WithCancel(ctx)
		stop := context.AfterFunc(inside, func() { _ = in.transport.Close() })
		go func() {
			<-in.Done()
			leave()
		}()
		do(inside, in)
		if ctx.Err() == nil && in.Err() != nil {
			n.Add(o.Do + " out")
			if isBreach(in.Err()) {
				n.Add(o.Do + " wrong")
			}
		}
		leave()
		stop()
		_ = in.transport.Close()
		rest(ctx, again)
	}
	return nil
}

// isBreach reports whether the other side says that we broke the protocol.
func isBreach(err error) bool {
	var closed *peer.CloseError
	return errors.As(err, &closed) && (strings.HasPrefix(closed.Reason, "wire: ") || strings.HasPrefix(closed.Reason, "mesh: "))
}

// listen reads, as is needed to answer pings, and counts "read" messages.
func (in *insider) listen(n *Tally) {
	for {
		if _, err := in.ReadMessage(); err != nil {
			return
		}
		n.Add("read")
	}
}

// Types of frames.
const (
	frameMessage = 1 + iota
	frameHave
	frameGap
	framePeers
	frameBye
	frameByeAck
	frameReach
	frameRelay
	frameRecord
	frameAsk
	framePast
	frameAsked
	frameStream
	framePages
	frameUnknown = 200
)

// frame is a frame with this in it.
func frame(kind byte, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(len(payload))), payload...)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// short is a text with its length.
func short(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// have says that the next broadcast is this one.
func have(next uint64) []byte {
	return frame(frameHave, number(next), number(0), number(1), number(0))
}

// signed has a text signed that begins with this.
func (in *insider) signed(prefix string, body []byte) []byte {
	return append(body, in.id.Sign(slices.Concat([]byte(prefix), in.room[:], body))...)
}

// record is the insider's own.
func (in *insider) record(revision uint64, topics ...string) []byte {
	self := in.transport.Self()
	topics = append([]string{noise}, topics...)
	body := slices.Concat(self.ID[:], self.Salt[:], number(revision), self.ID[:], short(self.Name), []byte{byte(len(topics))})
	for _, s := range topics {
		body = append(body, short(s)...)
	}
	return frame(frameRecord, in.signed("lanyap record v1\x00", body))
}

// message is what the insider says next.
func (in *insider) message(body []byte) []byte {
	in.said++
	m := in.signedMessage(in.said, in.previous, body)
	in.previous = digest(m)
	return frame(frameMessage, m)
}

func (in *insider) signedMessage(seq, previous uint64, body []byte) []byte {
	self, now := in.transport.Self(), uint64(time.Now().UnixMilli())<<16
	return in.signed("lanyap message v1\x00", slices.Concat([]byte{1}, self.ID[:], self.Instance[:],
		number(seq), number(now), number(previous), short(noise), body))
}
