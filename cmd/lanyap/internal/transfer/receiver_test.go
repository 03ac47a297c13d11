package transfer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// receiver is a run of Receive.
type receiver struct {
	t      *testing.T
	node   *fakeNode
	offers chan *fakeOffer
	keys   chan rune
	face   *recorder
	cancel context.CancelCauseFunc
	ended  chan error
}

// receives starts Receive; it asks.
func receives(t *testing.T, change func(*ReceiveConfig)) *receiver {
	t.Helper()
	r := &receiver{
		t: t, node: &fakeNode{self: ana, present: []mesh.Peer{bo, cy}}, offers: make(chan *fakeOffer),
		keys: make(chan rune), face: &recorder{}, ended: make(chan error, 1),
	}
	cfg := ReceiveConfig{
		Node: r.node, Room: "lan", Sharer: &fakeSharer{offers: r.offers}, Destination: share.Destination{Dir: "inbox", Conflict: share.Skip},
		Keys: r.keys, Timeout: 30 * time.Second, Face: r.face,
	}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r.cancel = cancel
	go func() { r.ended <- Receive(ctx, cfg) }()
	synctest.Wait()
	return r
}

// gets has something offered.
func (r *receiver) gets(o *fakeOffer) *fakeOffer {
	r.offers <- o
	synctest.Wait()
	return o
}

// press presses a key when the question has been read.
func (r *receiver) press(key rune) {
	time.Sleep(deafFor)
	r.hit(key)
}

func (r *receiver) hit(key rune) {
	r.keys <- key
	synctest.Wait()
}

// running fails the test if it has ended.
func (r *receiver) running() {
	r.t.Helper()
	synctest.Wait()
	select {
	case err := <-r.ended:
		r.t.Fatalf("ended with %v", err)
	default:
	}
}

func (r *receiver) wantEnd(want error) {
	r.t.Helper()
	if err := <-r.ended; !errors.Is(err, want) {
		r.t.Errorf("ended with %v, want %v", err, want)
	}
	if !r.node.left || !r.node.closed {
		r.t.Error("the node is still open")
	}
}

// asked returns whose offer is asked about now.
func (r *receiver) asked() string {
	all := of[Asked](r.face)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].ID
}
