package mesh_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"sync"
	"testing/synctest"

	"github.com/lanyap/lanyap/mesh/internal/hpke"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// crook is the only relay between two members, and does with what it carries
// what it likes.
type crook struct {
	ends [2]*liar

	mu      sync.Mutex // guards what follows
	carried [][]byte   // tunnel records
	treat   func(kind byte, frame []byte) [][]byte
}

// crook puts a crook between two nodes that do not reach each other. treat
// returns what it passes on in place of a relay frame; nil: that.
func (r *room) crook(a, b *actor, treat func(kind byte, frame []byte) [][]byte) *crook {
	r.Helper()
	c := &crook{treat: treat}
	c.ends[0] = r.lieFrom("crook", a)
	c.ends[1] = r.lieTo(c.ends[0], b)
	for i, l := range c.ends {
		other := c.ends[1-i]
		l.on(wire.TypeRelay, func(p []byte) []byte {
			c.carry(other, p)
			return nil
		})
		l.WriteMessage(append(hello(), reach(wire.Route{To: other.to.Instance})...))
	}
	return c
}

func reach(routes ...wire.Route) []byte {
	return wire.AppendReach(nil, wire.Reach{Routes: routes})
}

// alone is an honest reach of somebody that has no other link.
func (l *liar) alone() []byte {
	both := [][]byte{l.self.Instance[:], l.to.Instance[:]}
	slices.SortFunc(both, bytes.Compare)
	sum := sha256.Sum256(bytes.Join(both, nil))
	return wire.AppendReach(nil, wire.Reach{Sum: [8]byte(sum[:])})
}

func (c *crook) carry(to *liar, p []byte) {
	r, err := wire.ParseRelay(bytes.Clone(p))
	if err != nil || r.To != to.to.Instance || len(r.Payload) == 0 {
		return
	}
	r.Hops--
	frame := wire.AppendRelay(nil, r)
	c.mu.Lock()
	c.carried = append(c.carried, r.Payload)
	frames := [][]byte{frame}
	if c.treat != nil {
		frames = c.treat(r.Payload[0], frame)
	}
	c.mu.Unlock()
	for _, f := range frames {
		to.WriteMessage(f)
	}
}

// count returns how many tunnel records of a kind it was given.
func (c *crook) count(kind byte) int {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.carried {
		if p[0] == kind {
			n++
		}
	}
	return n
}

// impostor is a tunnel that a liar opens over its link, by whatever name.
type impostor struct {
	*liar
	self   wire.Member
	id     *peer.Identity // signs record and open
	keyID  *peer.Identity // signs keys
	nonce  [wire.NonceSize]byte
	record []byte
	sender *hpke.Sender // nil: the other side has not answered
	tag    [wire.TagSize]byte

	sending sync.Mutex
}

// impostor begins a tunnel under a key and a salt of its own.
func (l *liar) impostor(id *peer.Identity, salt peer.Salt) *impostor {
	return l.impostorCalled("root", id, salt)
}

// impostorAs begins one as somebody else, with a key of its own.
func (l *liar) impostorAs(id *peer.Identity, who *absent) *impostor {
	return l.impostorOf(id, wire.Record{Member: who.self, Salt: who.salt, Revision: 1, Name: "root", Topics: []string{"main"}})
}

// impostorCalled begins one under a name.
func (l *liar) impostorCalled(name string, id *peer.Identity, salt peer.Salt) *impostor {
	self := wire.Member{ID: id.ID(), Instance: id.ID().Instance(salt)}
	return l.impostorOf(id, wire.Record{Member: self, Salt: salt, Revision: 1, Name: name, Topics: []string{"main"}})
}

func (l *liar) impostorOf(id *peer.Identity, r wire.Record) *impostor {
	im := &impostor{liar: l, id: id, keyID: id, self: r.Member}
	key, err := hpke.NewKey()
	if err != nil {
		panic(err)
	}
	rand.Read(im.nonce[:])
	r.Key = key.Public()
	im.record = wire.AppendRecord(nil, l.key, r, id.Sign)
	return im
}

func (im *impostor) open() []byte {
	return im.relay(wire.AppendOpen(nil, im.key, im.to.Instance, im.nonce, im.record, im.id.Sign))
}

func (im *impostor) relay(record []byte) []byte {
	return wire.AppendRelay(nil, wire.Relay{
		To: im.to.Instance, From: im.self.Instance, Hops: wire.MaxHops, Payload: record,
	})
}

// answer makes keys out of the other side's open, the record and a first have.
func (im *impostor) answer(p []byte) []byte {
	r, err := wire.ParseRelay(p)
	if err != nil || r.To != im.self.Instance || len(r.Payload) == 0 || r.Payload[0] != wire.TunnelOpen || im.sender != nil {
		return nil
	}
	o, err := wire.ParseOpen(r.Payload[1:])
	if err != nil {
		return nil
	}
	k := wire.Keys{From: im.self, To: im.to, Nonce: im.nonce, Other: o.Nonce}
	k.Enc, im.sender, err = hpke.NewSender(o.Record.Key, k.Info(im.key))
	if err != nil {
		return nil
	}
	im.tag = [wire.TagSize]byte(o.Nonce[:])
	keys := im.relay(wire.AppendKeys(nil, im.key, k, im.keyID.Sign))
	return append(keys, im.seal(wire.SealedMessage, append(wire.AppendRecordFrame(nil, im.record), hello()...))...)
}

func (im *impostor) seal(kind byte, body []byte) []byte {
	p, err := im.sender.Seal(nil, append([]byte{kind}, body...))
	if err != nil {
		return nil
	}
	return im.relay(append(append([]byte{wire.TunnelSealed}, im.tag[:]...), p...))
}
