package share

import (
	"context"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

const (
	// newsDelay is for how long what has come is gathered before the others are
	// told: they may ask for it from then on.
	newsDelay = 5 * time.Millisecond
	// meetAgain is when those are dialed again who fetch the same and were not
	// reached, or did not know us yet.
	meetAgain = time.Second
)

// introduce tells all who receive a content from us who the others are.
func (s *Sharer) introduce(key tree.Hash) {
	s.mu.Lock()
	var all []*sending
	for u := range s.sendings {
		if u.from.key == key {
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

// peers takes in who else fetches the same.
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
	d.several = several
	d.others = make(map[mesh.Member]bool)
	for _, w := range who {
		d.others[mesh.Member(w)] = true
	}
	d.meetAt = time.Time{}
	d.rouse()
	return nil
}

// meet dials those who fetch the same. Of two the one whose instance is lower does
// it, or both would.
func (d *download) meet() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.plan == nil || len(d.others) == 0 || now.Before(d.meetAt) {
		return
	}
	d.meetAt = now.Add(meetAgain)
	self := d.s.node.Self().Instance
	for m := range d.others {
		if d.sources[m.Instance] != nil || slices.Compare(self[:], m.Instance[:]) > 0 {
			continue
		}
		if who, here := d.s.find(m); here {
			d.s.wg.Go(func() { d.join(who) })
		}
	}
}

// admits reports whether a member may fetch from us what we are fetching.
func (d *download) admits(who mesh.Peer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.plan != nil && d.others[who.Member]
}

// joinHolderLocked begins an exchange with another receiver.
func (d *download) joinHolderLocked(src *source) {
	src.has = bits.New(d.m.Pieces())
	d.plan.Joined(time.Now(), src.holder(), bits.New(d.m.Pieces()), false)
	if d.hashes == nil {
		d.hashes = make([]tree.Hash, d.m.Pieces())
	}
	src.sess.serveFrom(d, func(n int) { d.t.sent.Add(int64(n)) }, nil)
	have := d.land.Have()
	src.sess.send(func(b []byte) []byte { return proto.AppendHave(b, have) })
}

// holds takes in what another receiver has, or is getting.
func (src *source) holds(kind proto.Kind, payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if src.origin || src.has == nil {
		return errUnexpected
	}
	now, n := time.Now(), d.m.Pieces()
	if kind == proto.Have {
		set, err := proto.ParseHave(payload, n)
		if err != nil {
			return err
		}
		for r := range set.Runs() {
			src.has.AddRun(r)
			d.plan.Has(now, src.holder(), r)
		}
		d.pumpLocked()
		return nil
	}
	runs, err := proto.ParseRuns(payload, nil, n)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if kind == proto.Fetching {
			d.plan.Fetching(now, src.holder(), r, true)
			continue
		}
		src.has.AddRun(r)
		d.plan.Has(now, src.holder(), r)
	}
	d.pumpLocked()
	return nil
}

// tellOthersLocked tells the other receivers.
func (d *download) tellOthersLocked(kind proto.Kind, runs ...bits.Run) {
	for _, src := range d.sources {
		if !src.origin && src.has != nil {
			src.sess.send(func(b []byte) []byte {
				for part := range slices.Chunk(runs, proto.MaxRuns) {
					b = proto.AppendRuns(b, kind, part...)
				}
				return b
			})
		}
	}
}

// newsLocked has the others told soon that a piece is here.
func (d *download) newsLocked(i int) {
	if len(d.others) == 0 {
		return
	}
	if n := len(d.news); n > 0 && d.news[n-1].End() == i {
		d.news[n-1].Count++
	} else {
		d.news = append(d.news, bits.Run{First: i, Count: 1})
	}
	if d.telling {
		return
	}
	d.telling = true
	time.AfterFunc(newsDelay, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.telling = false
		news := d.news
		d.news = nil
		d.tellOthersLocked(proto.Got, news...)
	})
}

// getLocked asks a source for a run.
func (src *source) getLocked(run bits.Run) {
	src.asked.AddRun(run)
	src.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.Get, run) })
}

// deferredGet is a run that is to be asked of a source as soon as it can be verified.
type deferredGet struct {
	from *source
	run  bits.Run
}

// getVouchedLocked asks somebody who did not offer it for a run, once who did has
// told the hashes.
func (d *download) getVouchedLocked(src *source, run bits.Run) {
	if d.vouchedLocked(run) {
		src.getLocked(run)
		return
	}
	d.deferred = append(d.deferred, deferredGet{src, run})
	if origin := d.originLocked(); origin != nil {
		origin.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.AskHashes, run) })
	} else {
		d.askListLocked(src, run)
	}
}

// vouchedLocked reports whether all hashes of a run are known.
func (d *download) vouchedLocked(run bits.Run) bool {
	return !slices.Contains(d.hashes[run.First:run.End()], tree.Hash{})
}

// askHashesAgainLocked asks for what waits for hashes, when there is somebody else
// to ask.
func (d *download) askHashesAgainLocked() {
	origin := d.originLocked()
	for _, g := range d.deferred {
		origin.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.AskHashes, g.run) })
	}
}

// hashes takes in what pieces should be, by whoever offered them; or, of others,
// all of a file whose root is known.
func (src *source) hashes(payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hashes == nil {
		return errUnexpected
	}
	first, hashes, err := proto.ParseHashes(payload, d.m.Pieces())
	if err != nil {
		return err
	}
	if src.origin {
		copy(d.hashes[first:], hashes)
	} else if err := src.listLocked(first, hashes); err != nil {
		return err
	}
	d.deferred = slices.DeleteFunc(d.deferred, func(g deferredGet) bool {
		known := d.vouchedLocked(g.run)
		if known {
			g.from.getLocked(g.run)
		}
		return known
	})
	return nil
}

// list is the hashes of one file, as they come.
type list struct {
	entry  int
	hashes []tree.Hash
}

// askListLocked asks another receiver for all hashes of the files that a run is of:
// with the roots they can be verified although who offered them is gone.
func (d *download) askListLocked(src *source, run bits.Run) {
	for i := run.First; i < run.End(); {
		e := d.m.Piece(i).Entry
		of := d.m.PiecesOf(e)
		i = of.End()
		if _, known := d.land.Root(e); !known || src.list != nil {
			continue
		}
		src.list = &list{entry: e}
		src.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.AskHashes, of) })
	}
}

// listLocked takes in a part of such a list. What is not known of it yet ends it.
func (src *source) listLocked(first int, hashes []tree.Hash) error {
	d, l := src.d, src.list
	if l == nil {
		return errUnexpected
	}
	of := d.m.PiecesOf(l.entry)
	if first != of.First+len(l.hashes) || first+len(hashes) > of.End() {
		return errUnexpected
	}
	l.hashes = append(l.hashes, hashes...)
	if len(hashes) > 0 && len(l.hashes) < of.Count {
		return nil
	}
	src.list = nil
	if len(l.hashes) < of.Count {
		return nil
	}
	if err := d.land.SetHashes(l.entry, l.hashes); err != nil {
		return ErrMismatch
	}
	copy(d.hashes[of.First:], l.hashes)
	return nil
}

// lingerFor is how long others are served at most by who has all.
const lingerFor = time.Hour

// needed reports whether another receiver is here that lacks something.
func (d *download) needed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut || d.s.ctx.Err() != nil {
		return false
	}
	for _, src := range d.sources {
		if !src.origin && src.has != nil && !src.has.Full() {
			return true
		}
	}
	return false
}

// linger serves the other receivers until they have all too.
func (d *download) linger() {
	deadline := time.NewTimer(lingerFor)
	defer deadline.Stop()
	ticker := time.NewTicker(meetAgain)
	defer ticker.Stop()
	for d.needed() {
		select {
		case <-ticker.C:
			continue
		case <-d.hurry:
		case <-deadline.C:
		case <-d.s.ctx.Done():
		}
		return
	}
}

// endStreams ends all streams that are left.
func (d *download) endStreams() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for _, src := range d.sources {
		src.sess.part(proto.Finished)
	}
}

// keepServing moves a download to those that only serve others.
func (s *Sharer) keepServing(d *download) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.downloads[d.key] == d {
		delete(s.downloads, d.key)
	}
	s.lingering[d.key] = d
}

func (s *Sharer) lingeringOf(key tree.Hash) *download {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lingering[key]
}

// forget is called when nothing is left of a download.
func (s *Sharer) forget(d *download) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, all := range []map[tree.Hash]*download{s.downloads, s.lingering} {
		if all[d.key] == d {
			delete(all, d.key)
		}
	}
}

// hasten ends the serving of a content that is fetched again.
func (s *Sharer) hasten(key tree.Hash) {
	s.mu.Lock()
	d := s.lingering[key]
	s.mu.Unlock()
	if d == nil {
		return
	}
	select {
	case d.hurry <- struct{}{}:
	default:
	}
	<-d.ended
}

// What follows makes a download a seed, for the other receivers.

func (d *download) content() *manifest.Manifest { return d.manifest() }

func (d *download) described() []byte { return d.manifest().Encoding() }

func (d *download) read(_ context.Context, i int, buf []byte) (tree.Hash, error) {
	hash, data, err := d.land.ReadPiece(i, buf)
	if err != nil || len(data) != len(buf) {
		return tree.Hash{}, ErrNotFound
	}
	return hash, nil
}

// pieceHashes returns those that are known at the beginning of a run.
func (d *download) pieceHashes(_ context.Context, r bits.Run, n int) ([]tree.Hash, error) {
	hashes := make([]tree.Hash, n)
	if err := d.land.Hashes(r.First, hashes); err != nil {
		return nil, err
	}
	if unknown := slices.Index(hashes, tree.Hash{}); unknown >= 0 {
		hashes = hashes[:unknown]
	}
	return hashes, nil
}

func (d *download) root(_ context.Context, entry int, _ bool) (tree.Hash, bool, error) {
	root, known := d.land.Root(entry)
	if !known {
		return root, false, ErrNotFound
	}
	return root, true, nil
}
