package share

import (
	"errors"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

const (
	// maxMates is how many others a receiver knows of that fetch the same.
	maxMates = proto.MaxPeers
	// mateTurn is how long the one with the larger instance leaves it to the other
	// to dial.
	mateTurn = 2 * time.Second
)

// mate is another receiver of the same content, by the word of who offers it:
// nobody else is told what we have of it, or given any.
type mate struct {
	named   bool      // it is one now
	at      time.Time // when to dial it
	delay   time.Duration
	dialing bool
	over    bool // it has all, or it lied: it is not dialed
	lied    bool
}

// introduce tells all who receive a content from us who the others are. The same
// files collected anew are another: what is offered to somebody apart is not to
// tell who else has it.
func (s *Sharer) introduce(from *origin) {
	s.introducing.Lock()
	defer s.introducing.Unlock()
	s.mu.Lock()
	var all []*sending
	for u := range s.sendings {
		if u.from == from {
			all = append(all, u)
		}
	}
	s.mu.Unlock()
	var who []proto.Who
	to := make(map[*session]proto.Who)
	for _, u := range all {
		if sess := u.receiver(); sess != nil && len(who) < proto.MaxPeers {
			w := proto.Who{ID: sess.who.ID, Instance: sess.who.Instance}
			who = append(who, w)
			to[sess] = w
		}
	}
	for sess, is := range to {
		others := slices.DeleteFunc(slices.Clone(who), func(w proto.Who) bool { return w == is })
		sess.send(func(b []byte) []byte { return proto.AppendPeers(b, len(all) > 1, others) })
	}
}

// receiver returns the stream to whoever has accepted, while there is one.
func (u *sending) receiver() *session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sess
}

// leave notes that a stream to the receiver is at its end.
func (u *sending) leave(sess *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sess == sess {
		u.sess = nil
	}
}

// peers takes in who else fetches the same. What is known of those before is kept:
// a liar does not become another by leaving and coming.
func (src *source) peers(payload []byte) error {
	d := src.d
	several, who, err := proto.ParsePeers(payload)
	if err != nil {
		return err
	}
	if !src.origin {
		return errUnexpected
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if several && !d.several {
		d.several = true
		if d.plan != nil {
			d.plan.Several()
		}
	}
	for _, m := range d.mates {
		m.named = false
	}
	for _, w := range who {
		d.nameLocked(mesh.Member(w))
	}
	d.meetLocked()
	return nil
}

func (d *download) nameLocked(who mesh.Member) {
	self := d.s.node.Self().Member
	m := d.mates[who]
	if who == self || m == nil && len(d.mates) >= maxMates {
		return
	}
	if m == nil {
		m = &mate{at: time.Now()}
		if slices.Compare(self.Instance[:], who.Instance[:]) > 0 {
			m.at = m.at.Add(mateTurn)
		}
		d.mates[who] = m
	}
	m.named = true
}

// meet dials those mates to whom there is no stream.
func (d *download) meet() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meetLocked()
}

func (d *download) meetLocked() {
	if d.plan == nil || d.over {
		return
	}
	now := time.Now()
	for who, m := range d.mates {
		if d.sources[who.Instance] != nil || !m.named || m.over || m.dialing || now.Before(m.at) {
			continue
		}
		m.delay = min(max(2*m.delay, firstRetry), lastRetry)
		m.at = now.Add(m.delay)
		m.dialing = true
		d.s.wg.Go(func() {
			if is, here := d.s.find(who); here {
				d.join(is)
			}
			d.mu.Lock()
			m.dialing = false
			d.mu.Unlock()
		})
	}
}

// admits reports whether a member may fetch from us what we are fetching.
func (d *download) admits(who mesh.Peer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.mates[who.Member]
	return d.plan != nil && m != nil && m.named && !m.lied
}

// offeredBy reports whether it is a member of whom we fetch: an instance of who
// offered it, which is none that fetches it itself.
func (d *download) offeredBy(who mesh.Peer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offerer.ID == who.ID && d.mates[who.Member] == nil
}

// greetLocked begins an exchange with a mate.
func (d *download) greetLocked(src *source) {
	n := d.m.Pieces()
	if !d.plan.Joined(time.Now(), src.holder(), bits.New(n), false) {
		src.sess.part(proto.Finished)
		return
	}
	src.has = bits.New(n)
	src.sess.serveFrom(d, func(_, n int) { d.t.sent.Add(int64(n)) }, nil)
	have := d.land.Have()
	src.sess.send(func(b []byte) []byte { return proto.AppendHave(b, have) })
}

// mateLeftLocked takes in how the stream with a mate ended.
func (d *download) mateLeftLocked(src *source, err error) {
	m := d.mates[src.sess.who.Member]
	if m == nil {
		return
	}
	var bye byeError
	if errors.As(err, &bye) && bye.code == proto.Finished {
		m.over = true
	}
	m.at = time.Now().Add(firstRetry)
}

// liarLocked drops a mate that gave wrong bytes.
func (d *download) liarLocked(src *source) {
	d.plan.Lied(time.Now(), src.holder())
	if m := d.mates[src.sess.who.Member]; m != nil && !m.lied {
		m.over, m.lied = true, true
		d.t.warn(Dropped{Peer: src.sess.who, Err: ErrMismatch})
	}
	src.sess.part(proto.Mismatch)
}
