package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/sealed"
	"github.com/lanyap/lanyap/mesh/share"
)

// fetchedFor is how long what a browser has fetched stays, since it may have been cut
// off at the very end.
const fetchedFor = 10 * time.Minute

// incoming is what is offered to a page.
type incoming struct {
	s     *session
	id    string
	offer *share.Offer
	ctx   context.Context
	end   context.CancelCauseFunc

	// Guarded by s.mu.
	transfer *share.Transfer // nil: it was not accepted
	dir      string
	token    string
	key      *sealed.Key // nil: it goes in clear
	name     string
	room     *claim
	bytes    int64 // that were told
	over     bool  // the transfer has ended, and was told of
	readers  int   // browsers that fetch it
	fetched  time.Time
}

// takeOffers takes in what is offered, until the session ends.
func (s *session) takeOffers() {
	for offer := range s.sharer.Offers(s.ctx) {
		if offer.Text != "" {
			s.takeText(offer)
			continue
		}
		in := &incoming{s: s, id: offer.ID, offer: offer}
		in.ctx, in.end = context.WithCancelCause(s.ctx)
		s.mu.Lock()
		s.in[in.id] = in
		in.tellOfferLocked()
		s.mu.Unlock()
		s.wg.Go(in.await)
	}
}

// takeText tells the page a text, or keeps it until the page is back.
func (s *session) takeText(offer *share.Offer) {
	line := textLine{"text", offer.ID, person(offer.From), offer.Text}
	s.mu.Lock()
	defer s.mu.Unlock()
	if size := len(encode(line)); s.box == nil && len(s.texts) < maxTexts && s.textBytes+size <= maxTextBytes {
		s.texts = append(s.texts, line)
		s.textBytes += size
	}
	s.tellLocked(line)
}

// await waits until an offer is decided, or no longer one.
func (in *incoming) await() {
	s := in.s
	select {
	case <-in.offer.Withdrawn():
	case <-in.ctx.Done():
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.transfer == nil && s.in[in.id] == in {
		s.tellLocked(endLine{Is: "withdrawn", ID: in.id, Why: because(in.offer.Err())})
		in.dropLocked()
	}
}

func (in *incoming) tellOfferLocked() {
	o := in.offer
	in.s.tellLocked(offerLine{"offer", in.id, person(o.From), items(o.Items), o.Count, o.Files, o.Size})
}

// tellAgainLocked tells a page that has come back what is so.
func (in *incoming) tellAgainLocked() {
	if in.fetchedLocked() || in.over && in.readers > 0 {
		in.tellEndLocked() // its browser would fetch it once more
		return
	}
	in.tellOfferLocked()
	if in.transfer == nil {
		return
	}
	in.tellDownloadLocked()
	if in.over {
		in.tellEndLocked()
	}
}

// fetchedLocked reports whether a browser has all of it.
func (in *incoming) fetchedLocked() bool { return in.over && in.readers == 0 && !in.fetched.IsZero() }

// failedLocked reports whether it will not arrive, and nobody waits for it.
func (in *incoming) failedLocked() bool {
	return in.over && in.readers == 0 && in.transfer.Err() != nil
}

func (in *incoming) tellDownloadLocked() {
	url := "/files/" + in.token + "/"
	if in.key == nil {
		url += escape(in.name)
	}
	in.s.tellLocked(downloadLine{"download", in.id, url, in.name, in.offer.Size, in.isArchive(), bytesOf(in.key)})
}

func (in *incoming) tellEndLocked() {
	if err := in.transfer.Err(); err != nil {
		in.s.tellLocked(endLine{Is: "failed", ID: in.id, Why: because(err)})
		return
	}
	in.s.tellLocked(endLine{Is: "done", ID: in.id})
}

// isArchive reports whether a browser gets it as one archive.
func (in *incoming) isArchive() bool {
	o := in.offer
	return o.Count != 1 || len(o.Items) != 1 || o.Items[0].Dir
}

// accept has an offer fetched.
func (s *session) accept(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in[id]
	switch {
	case in == nil:
		return errNoOffer
	case in.transfer != nil || s.over:
		return nil // said twice, since the stream had broken
	}
	err := s.makeWayLocked()
	if err == nil {
		err = in.fetchLocked()
	}
	if err != nil {
		// It stays an offer: there may be room for it later.
		s.tellLocked(endLine{Is: "failed", ID: id, Why: reason(err).Error()})
		in.tellOfferLocked()
	}
	return nil
}

// makeWayLocked sees to it that one more may be accepted: what was fetched longest ago,
// or failed, goes for it.
func (s *session) makeWayLocked() error {
	accepted := 0
	var out *incoming
	for _, in := range s.in {
		if in.transfer == nil {
			continue
		}
		accepted++
		if (in.fetchedLocked() || in.failedLocked()) && (out == nil || in.fetched.Before(out.fetched)) {
			out = in
		}
	}
	switch {
	case accepted < maxOpen:
		return nil
	case out == nil:
		return fmt.Errorf("%d are on their way already: wait for one of them, or cancel it", maxOpen)
	}
	out.dropLocked()
	return nil
}

func (in *incoming) fetchLocked() error {
	s := in.s
	room, err := s.k.claim(in.offer.Size)
	if err != nil {
		return err
	}
	dir, err := s.k.newDir()
	if err == nil {
		in.transfer, err = in.offer.Accept(in.ctx, share.Destination{Dir: dir})
	}
	if err != nil {
		s.k.release(room)
		_ = os.RemoveAll(dir)
		return err
	}
	in.room, in.dir = room, dir
	in.name, in.key = nameOf(in.offer), s.k.newKey()
	in.token = s.k.publish(in)
	in.tellDownloadLocked()
	s.wg.Go(in.run)
	return nil
}

// decline turns an offer down.
func (s *session) decline(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in[id]
	if in == nil || in.transfer != nil {
		return errNoOffer
	}
	in.dropLocked()
	return nil
}

// cancelIncoming ends what was accepted, and turns down what was not.
func (s *session) cancelIncoming(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in[id]
	switch {
	case in == nil:
		return errNoOffer
	case in.transfer == nil:
		in.dropLocked()
	default:
		in.transfer.Cancel()
	}
	return nil
}

// forgetIncoming drops what a page has fetched.
func (s *session) forgetIncoming(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in[id]
	if in == nil {
		return errNoOffer
	}
	in.dropLocked()
	return nil
}

// dropLocked ends all that is about it.
func (in *incoming) dropLocked() {
	delete(in.s.in, in.id)
	if in.transfer == nil {
		in.offer.Decline() // nobody minds if it is none any more
	}
	if in.token != "" {
		in.s.k.retract(in.token)
	}
	in.end(errForgotten)
}

var errForgotten = errors.New("it is no longer here")

// run lives from when an offer was accepted to when what came of it is dropped.
func (in *incoming) run() {
	s := in.s
	in.watch()
	<-in.transfer.Done() // its context has ended
	s.mu.Lock()
	if s.in[in.id] == in {
		in.dropLocked()
	}
	s.k.release(in.room)
	s.mu.Unlock()
	if err := os.RemoveAll(in.dir); err != nil {
		s.k.log.Warn("files of a page are left", "dir", in.dir, "err", err)
	}
}

// watch tells the page how far it is, and returns when it is not needed any more.
func (in *incoming) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	done := in.transfer.Done()
	for {
		select {
		case <-ticker.C:
			if in.look() {
				return
			}
		case <-done:
			done = nil
			in.look()
			ticker.Reset(fetchedFor / 10) // it is looked whether it is of no more use
		case <-in.ctx.Done():
			return
		}
	}
}

// look tells the page what is new, and reports whether it is of no more use: it was
// fetched long ago, or failed, and the page knows.
func (in *incoming) look() (stale bool) {
	s := in.s
	s.mu.Lock()
	defer s.mu.Unlock()
	at := in.transfer.Progress()
	in.room.here.Store(at.BytesDone)
	if at.BytesDone > in.bytes {
		in.bytes = at.BytesDone
		s.tellProgressLocked(progressLine{"progress", in.id, nil, at.BytesDone, at.Bytes})
	}
	if at.Phase == share.Done && !in.over {
		in.over = true
		s.k.release(in.room) // the disk knows by now
		in.tellEndLocked()
	}
	return in.fetchedLocked() && time.Since(in.fetched) > fetchedFor || in.failedLocked() && s.box != nil
}
