package keeper

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/sealed"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

const (
	// maxUploads is how many files a page is asked for at once: as many as a browser
	// has connections to one host, and some that it can begin with at once.
	maxUploads = 8

	// inviteEvery is how often it is looked who has come, to be offered what is
	// offered to all.
	inviteEvery = time.Second

	// aloneFor is how long something may be offered to all before anybody takes
	// offers: a page that has just come is known a moment before its keeper is.
	aloneFor = 5 * time.Second
)

// outgoing is what a page offers.
type outgoing struct {
	s       *session
	id      string
	to      []peer.ID // none: all
	files   []file
	dir     string
	content *share.Content
	intake  *share.Intake
	ctx     context.Context
	cancel  context.CancelCauseFunc
	begun   time.Time
	invited time.Time // when it was last looked who is here

	// Guarded by s.mu.
	receivers []*receiver
	room      *claim    // once somebody fetches
	order     []int     // in which files are asked for
	next      int       // in order
	open      []*upload // those that were asked for and are not complete
	tokens    []string  // of all that were asked for
}

// receiver is somebody to whom it is offered.
type receiver struct {
	id       peer.ID
	transfer *share.Transfer
	who      mesh.Peer
	state    string // as it was told; empty: nothing was
	why      string
	bytes    int64 // that were told
	ended    bool
	deaf     bool   // it is here and takes no offers; nobody was told
	as       string // which of its programs were here then
}

// upload is a file that a page was asked for.
type upload struct {
	o     *outgoing
	file  int
	token string
	key   *sealed.Key // nil: it comes in clear
}

var (
	errWithdrawn = fmt.Errorf("withdrawn: %w", share.ErrCanceled)
	errNobody    = errors.New("nobody who is here takes files")
)

// offer begins to offer what a page wants to send.
func (s *session) offer(from order) error {
	if !isID(from.ID) {
		return fmt.Errorf("an offer is called by at most %d letters and digits", maxID)
	}
	s.mu.Lock()
	_, known := s.out[from.ID]
	count := len(s.out)
	s.mu.Unlock()
	switch {
	case known:
		return nil // said twice, since the stream had broken
	case len(from.To) > maxReceivers:
		return fmt.Errorf("an offer is to at most %d", maxReceivers)
	case count >= maxOpen:
		s.tell(endLine{Is: "failed", ID: from.ID, Why: manyOffers})
		return nil
	}
	o, err := s.prepare(from)
	if err != nil {
		s.tell(endLine{Is: "failed", ID: from.ID, Why: reason(err).Error()})
		return nil
	}
	if !s.begin(o) {
		return errors.Join(o.content.Close(), os.RemoveAll(o.dir))
	}
	return nil
}

var manyOffers = fmt.Sprintf("%d offers are open already: wait for one of them, or withdraw it", maxOpen)

// begin has an offer run. A page whose stream had broken may be heard on two of them at
// once, and so the offer have been begun meanwhile, or too many others.
func (s *session) begin(o *outgoing) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over || s.out[o.id] != nil:
		return false
	case len(s.out) >= maxOpen:
		s.tellLocked(endLine{Is: "failed", ID: o.id, Why: manyOffers})
		return false
	}
	s.out[o.id] = o
	s.wg.Go(o.run)
	return true
}

// maxReceivers is more than fit into a room.
const maxReceivers = 256

// prepare makes a content of what will be uploaded.
func (s *session) prepare(from order) (*outgoing, error) {
	expected := make([]share.Expected, len(from.Files))
	var size int64
	for i, f := range from.Files {
		if f.Size < 0 || size > math.MaxInt64-f.Size {
			return nil, fmt.Errorf("%q has no size that can be", f.Path)
		}
		size += f.Size
		expected[i] = share.Expected{Path: f.Path, Size: f.Size, Time: time.UnixMilli(f.Time)}
	}
	if err := s.k.room(size); err != nil {
		return nil, err
	}
	dir, err := s.k.newDir()
	if err != nil {
		return nil, err
	}
	o := &outgoing{s: s, id: from.ID, to: from.To, files: from.Files, dir: dir, begun: time.Now()}
	if o.content, o.intake, err = share.Expect(dir, expected); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	o.order = o.intake.Order()
	o.ctx, o.cancel = context.WithCancelCause(s.ctx)
	return o, nil
}

// withdraw ends an offer of the page's.
func (s *session) withdraw(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.out[id]
	if o == nil {
		return errNoOffer
	}
	o.cancel(errWithdrawn)
	return nil
}

// run lives as long as the offer.
func (o *outgoing) run() {
	err := o.main()
	o.cancel(err)
	for _, r := range o.receivers { // nobody adds any now
		if r.transfer != nil {
			<-r.transfer.Done()
		}
	}
	s := o.s
	s.mu.Lock()
	delete(s.out, o.id)
	for _, token := range o.tokens {
		s.k.retract(token)
	}
	s.k.release(o.room)
	if err == nil || errors.Is(err, errWithdrawn) {
		s.tellLocked(endLine{Is: "done", ID: o.id})
	} else {
		s.tellLocked(endLine{Is: "failed", ID: o.id, Why: reason(err).Error()})
	}
	s.mu.Unlock()
	if err := errors.Join(o.content.Close(), os.RemoveAll(o.dir)); err != nil {
		s.k.log.Warn("files of a page are left", "dir", o.dir, "err", err)
	}
}

func (o *outgoing) main() error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	wanted := o.intake.Wanted()
	for {
		o.invite()
		if over, err := o.look(); over {
			return err
		}
		select {
		case <-wanted:
			wanted = nil
			if over, err := o.look(); over { // who has accepted is told of before the bytes are asked for
				return err
			}
			if err := o.ask(); err != nil {
				return err
			}
		case <-ticker.C:
		case <-o.ctx.Done():
			return context.Cause(o.ctx)
		}
	}
}

// invite offers it to those whom it is for, or to all who are here and were not.
func (o *outgoing) invite() {
	if !o.invited.IsZero() && (len(o.to) > 0 || time.Since(o.invited) < inviteEvery) {
		return
	}
	o.invited = time.Now()
	node := o.s.k.Node
	here := append([]mesh.Peer{node.Self()}, node.Present()...)
	ids := o.to
	if len(ids) == 0 {
		for _, p := range here {
			ids = append(ids, p.ID)
		}
	}
	for _, id := range ids {
		if id != o.s.page.ID || len(o.to) > 0 {
			o.inviteOne(id, here)
		}
	}
}

// inviteOne offers it to somebody who was not offered it, or took no offers then and
// may do so now.
func (o *outgoing) inviteOne(id peer.ID, here []mesh.Peer) {
	var as []string
	r := &receiver{id: id, who: mesh.Peer{Member: mesh.Member{ID: id}, Name: id.Short()}}
	for _, p := range here {
		if p.ID == id {
			r.who = p
			as = append(as, fmt.Sprint(p.Instance, p.Topics))
		}
	}
	r.as = strings.Join(as, " ")
	before := slices.IndexFunc(o.receivers, func(r *receiver) bool { return r.id == id })
	if before >= 0 && (!o.receivers[before].deaf || o.receivers[before].as == r.as) {
		return
	}
	var err error
	if r.transfer, err = o.s.sharer.Send(o.ctx, o.content, id); err != nil {
		r.ended, r.state, r.why = true, "failed", because(err)
	}
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	if before >= 0 {
		o.receivers = slices.Delete(o.receivers, before, before+1)
	}
	o.receivers = append(o.receivers, r)
	if r.ended {
		o.tellStateLocked(r)
	}
}

// look sees how far it is with everybody, tells the page what is new, and reports
// whether it is over.
func (o *outgoing) look() (over bool, err error) {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	asked, open := 0, 0
	for _, r := range o.receivers {
		if !r.ended {
			o.lookAtLocked(r)
		}
		if r.state != "" {
			asked++
		}
		if !r.ended {
			open++
		}
	}
	switch {
	case open > 0:
		return false, nil
	case asked == 0 && time.Since(o.begun) < aloneFor:
		return false, nil
	case asked == 0:
		return true, errNobody
	}
	return true, nil
}

// lookAtLocked sees how far it is with one. Who is here and takes no offers is not
// told of, if it is offered to all.
func (o *outgoing) lookAtLocked(r *receiver) {
	at := r.transfer.Progress()
	if at.Peer.Name != "" {
		r.who = at.Peer
	}
	state, why := r.state, ""
	switch at.Phase {
	case share.Connecting:
	case share.Asking:
		state = "offered"
	case share.Done:
		r.ended = true
		state, why = ending(r.transfer.Err())
		err := r.transfer.Err()
		if r.state == "" && len(o.to) == 0 && (errors.Is(err, share.ErrNotReceiving) || errors.Is(err, share.ErrNobody)) {
			r.deaf = true
			return
		}
	default:
		state = "accepted"
	}
	if at.BytesDone > r.bytes {
		r.bytes = at.BytesDone
		who := person(r.who)
		o.s.tellProgressLocked(progressLine{"progress", o.id, &who, at.BytesDone, at.Bytes})
	}
	if state != r.state {
		r.state, r.why = state, why
		o.tellStateLocked(r)
	}
}

// ending is how it ended with somebody.
func ending(err error) (state, why string) {
	switch {
	case err == nil:
		return "arrived", ""
	case errors.Is(err, share.ErrDeclined):
		return "declined", because(err)
	}
	return "failed", because(err)
}

func (o *outgoing) tellStateLocked(r *receiver) {
	o.s.tellLocked(stateLine{"state", o.id, person(r.who), r.state, r.why})
}

// tellAgainLocked tells a page that has come back what is so.
func (o *outgoing) tellAgainLocked() {
	for _, r := range o.receivers {
		if r.state != "" {
			o.tellStateLocked(r)
		}
	}
	for _, u := range o.open {
		o.tellUploadLocked(u)
	}
}

// ask asks the page for the bytes, since somebody fetches them.
func (o *outgoing) ask() error {
	room, err := o.s.k.claim(o.content.Size)
	if err != nil {
		return err
	}
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	o.room = room
	o.feedLocked()
	return nil
}

// feedLocked asks for the next files.
func (o *outgoing) feedLocked() {
	o.open = slices.DeleteFunc(o.open, (*upload).complete)
	for ; len(o.open) < maxUploads && o.next < len(o.order); o.next++ {
		u := &upload{o: o, file: o.order[o.next]}
		if u.complete() {
			continue // it is empty
		}
		u.key = o.s.k.newKey()
		u.token = o.s.k.publish(u)
		o.tokens = append(o.tokens, u.token)
		o.open = append(o.open, u)
		o.tellUploadLocked(u)
	}
}

func (o *outgoing) tellUploadLocked(u *upload) {
	o.s.tellLocked(uploadLine{"upload", o.id, u.file, "/files/" + u.token, u.offset(), bytesOf(u.key)})
}

func (u *upload) offset() int64 { return u.o.intake.Offset(u.file) }

func (u *upload) size() int64 { return u.o.files[u.file].Size }

func (u *upload) complete() bool { return u.offset() >= u.size() }

// came takes in that so many bytes of a file have come.
func (u *upload) came(n int64) {
	o := u.o
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	if o.room != nil {
		o.room.here.Add(n)
	}
	if o.ctx.Err() == nil && u.complete() {
		o.feedLocked()
	}
}

// because says what became of it, behind somebody's name.
func because(err error) string { return transfer.Because(err) }
