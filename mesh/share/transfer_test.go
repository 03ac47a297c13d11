package share

import (
	"context"
	"runtime"
	"testing"
	"weak"
)

// A Sharer that is open for months does not keep what has ended.
func TestNothingIsKeptOfATransferThatHasEnded(t *testing.T) {
	s := &Sharer{}
	s.ctx, s.cancel = context.WithCancel(t.Context())
	defer s.cancel()
	type parent struct{ context.Context }
	kept := func() weak.Pointer[parent] {
		p := &parent{context.Background()}
		transfer, _ := s.newTransfer(p, true, [32]byte{})
		transfer.end(nil)
		return weak.Make(p)
	}()
	for range 5 {
		runtime.GC()
	}
	if kept.Value() != nil {
		t.Error("its context is still there")
	}
}
