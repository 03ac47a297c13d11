package share_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestLandedEnds holds that the items end with the transfer, whether it is read
// from the start or afterwards.
func TestLandedEnds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.enter("ana"), r.enter("bo")
		meet(t, ana, bo)
		sent := ana.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 3<<20)), bo)
		got := bo.accept()
		for range 2 {
			items := slices.Collect(got.Landed(t.Context()))
			if len(items) != 1 || items[0].Name != "film" || items[0].Path != filepath.Join(bo.home, "film") {
				t.Errorf("landed %v", items)
			}
		}
		done(t, sent, got)
		gone, landed := slices.Collect(sent.Landed(t.Context())), slices.Collect(got.Landed(t.Context()))
		if len(gone) != 1 || gone[0].Path != "" || gone[0].Item != landed[0].Item || gone[0].Root != landed[0].Root || gone[0].Root == [32]byte{} {
			t.Errorf("sent %+v, landed %+v", gone, landed)
		}
	})
}
