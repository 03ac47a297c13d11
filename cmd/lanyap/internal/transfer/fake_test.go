package transfer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// member returns somebody of that name; the ID is made of the key.
func member(name string, key byte) mesh.Peer {
	p := mesh.Peer{Name: name}
	for i := range p.ID {
		p.ID[i] = key
	}
	p.Instance[0] = key
	return p
}

var ana, bo, cy = member("ana", 1), member("bo", 2), member("cy", 3)

// fakeNode is in a room with those who are in present.
type fakeNode struct {
	self    mesh.Peer
	settles time.Duration // how long it takes to meet all

	mu      sync.Mutex // guards the rest
	present []mesh.Peer
	left    bool
	closed  bool
}

func (n *fakeNode) Self() mesh.Peer         { return n.self }
func (n *fakeNode) Addrs() []netip.AddrPort { return nil }

func (n *fakeNode) Present() []mesh.Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]mesh.Peer(nil), n.present...)
}

func (n *fakeNode) join(p mesh.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.present = append(n.present, p)
}

// only has nobody be present but these.
func (n *fakeNode) only(list ...mesh.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.present = list
}

func (n *fakeNode) Settle(ctx context.Context) ([]mesh.Sighting, error) {
	select {
	case <-time.After(n.settles):
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *fakeNode) Leave(context.Context) error { n.left = true; return nil }
func (n *fakeNode) Close() error                { n.closed = true; return nil }

// fakeSharer hands out transfers as scripts say, and yields the offers that it is
// given.
type fakeSharer struct {
	scripts map[peer.ID]func(*fakeTransfer)
	offers  chan *fakeOffer

	mu     sync.Mutex // guards the rest
	sent   []peer.ID
	closed bool
}

func (s *fakeSharer) Send(ctx context.Context, c *share.Content, to peer.ID) (Transfer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, to)
	t := newTransfer(c.Size, c.Files)
	t.key = "key of " + fmt.Sprint(c.Items)
	script := s.scripts[to]
	if script == nil {
		script = arrives
	}
	go script(t)
	return t, nil
}

func (s *fakeSharer) Offers(ctx context.Context) iter.Seq[Offer] {
	return func(yield func(Offer) bool) {
		for {
			select {
			case o := <-s.offers:
				if !yield(o) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (s *fakeSharer) Close() error { s.closed = true; return nil }

// fakeTransfer is how far its script says that it is.
type fakeTransfer struct {
	key      string
	done     chan struct{}
	landed   chan share.Landed
	canceled chan struct{}
	warnings []error

	mu  sync.Mutex // guards the rest
	at  share.Progress
	err error
}

func newTransfer(size int64, files int) *fakeTransfer {
	return &fakeTransfer{
		done: make(chan struct{}), landed: make(chan share.Landed, 100), canceled: make(chan struct{}, 1),
		at: share.Progress{Bytes: size, Files: files},
	}
}

// set changes how far it is.
func (t *fakeTransfer) set(change func(*share.Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.at)
}

// phase makes it do something for a second.
func (t *fakeTransfer) phase(p share.Phase) {
	t.set(func(at *share.Progress) { at.Phase = p })
	time.Sleep(time.Second)
}

// end ends it.
func (t *fakeTransfer) end(err error) {
	t.set(func(at *share.Progress) { at.Phase = share.Done })
	t.err = err
	close(t.landed)
	close(t.done)
}

func (t *fakeTransfer) Key() string           { return t.key }
func (t *fakeTransfer) Done() <-chan struct{} { return t.done }
func (t *fakeTransfer) Err() error            { return t.err }
func (t *fakeTransfer) Warnings() []error     { return t.warnings }

func (t *fakeTransfer) Progress() share.Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

func (t *fakeTransfer) Landed(context.Context) iter.Seq[share.Landed] {
	return func(yield func(share.Landed) bool) {
		for item := range t.landed {
			if !yield(item) {
				return
			}
		}
	}
}

func (t *fakeTransfer) Cancel() {
	select {
	case t.canceled <- struct{}{}:
	default:
	}
}

// arrives is a script of a transfer that takes four seconds.
func arrives(t *fakeTransfer) {
	t.phase(share.Connecting)
	t.phase(share.Asking)
	for i := range int64(4) {
		t.set(func(at *share.Progress) { at.BytesDone = at.Bytes * i / 4 })
		t.phase(share.Moving)
	}
	t.set(func(at *share.Progress) { at.BytesDone, at.FilesDone = at.Bytes, at.Files })
	t.phase(share.Verifying)
	t.end(nil)
}

// ends returns a script of a transfer that ends at once.
func ends(err error) func(*fakeTransfer) { return func(t *fakeTransfer) { t.end(err) } }

// stays returns a script of a transfer that is half done and stays in a phase
// until it is canceled.
func stays(p share.Phase) func(*fakeTransfer) {
	return func(t *fakeTransfer) {
		t.set(func(at *share.Progress) { at.Phase, at.BytesDone = share.Moving, at.Bytes/2 })
		time.Sleep(time.Second)
		t.set(func(at *share.Progress) { at.Phase = p })
		<-t.canceled
		t.end(&share.IncompleteError{Cause: share.ErrCanceled})
	}
}

// fakeOffer is accepted into the transfer it has.
type fakeOffer struct {
	share.Offer
	transfer  *fakeTransfer
	script    func(*fakeTransfer)
	accept    error // what Accept returns
	withdrawn chan struct{}
	why       error // of withdrawn

	mu      sync.Mutex // guards the rest
	decided string
	to      share.Destination
}

func offered(id string, from mesh.Peer, items ...share.Item) *fakeOffer {
	o := &fakeOffer{Offer: share.Offer{ID: id, From: from, Items: items, Count: len(items)}, withdrawn: make(chan struct{}), script: lands(items)}
	for _, item := range items {
		o.Files += item.Files
		o.Size += item.Size
	}
	o.transfer = newTransfer(o.Size, o.Files)
	o.transfer.key = "key of " + id
	return o
}

// lands returns a script of a transfer whose items arrive one by one.
func lands(items []share.Item) func(*fakeTransfer) {
	return func(t *fakeTransfer) {
		for _, item := range items {
			t.phase(share.Moving)
			t.set(func(at *share.Progress) { at.BytesDone += item.Size; at.FilesDone += item.Files })
			t.landed <- share.Landed{Item: item, Path: "inbox/" + item.Name, Root: [32]byte{1}}
		}
		t.end(nil)
	}
}

func (o *fakeOffer) About() *share.Offer        { return &o.Offer }
func (o *fakeOffer) Withdrawn() <-chan struct{} { return o.withdrawn }
func (o *fakeOffer) Err() error                 { return cmp.Or(o.why, share.ErrWithdrawn) }

func (o *fakeOffer) Accept(_ context.Context, d share.Destination) (Transfer, error) {
	if o.accept != nil {
		return nil, o.accept
	}
	o.decide("accepted")
	o.to = d
	go o.script(o.transfer)
	return o.transfer, nil
}

func (o *fakeOffer) Decline() { o.decide("declined") }

func (o *fakeOffer) decide(how string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.decided += how
}

func (o *fakeOffer) wantDecided(t *testing.T, want string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.decided != want {
		t.Errorf("offer %s is %q, want %q", o.ID, o.decided, want)
	}
}

// deal returns the deal that the offer is.
func (o *fakeOffer) deal() Deal { return incoming(&o.Offer) }

// half is a transfer in its middle.
func half(d Deal) Progress {
	return Progress{Deal: d, At: share.Progress{
		Phase: share.Moving, Bytes: d.Size, BytesDone: d.Size / 2, Files: d.Files, FilesDone: d.Files / 2, Current: "a/b.jpg",
	}, Rate: 10 << 20, Left: 4 * time.Second}
}

// recorder is a face that remembers.
type recorder struct {
	Face // may be nil

	mu     sync.Mutex // guards events
	events []Event
}

func (r *recorder) Show(ev Event) error {
	r.mu.Lock()
	r.events = append(r.events, ev)
	r.mu.Unlock()
	if r.Face != nil {
		return r.Face.Show(ev)
	}
	return nil
}

// notices returns what people were told, without progress.
func (r *recorder) notices() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out strings.Builder
	for _, ev := range r.events {
		if text := notice(ev); text != "" {
			out.WriteString(text + "\n")
		}
	}
	return out.String()
}

// of returns the events of one type.
func of[E Event](r *recorder) []E {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []E
	for _, ev := range r.events {
		if e, ok := ev.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in\n%s", word, text)
		}
	}
}
