package share_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// What may go out is shared by those who fetch, however much each asks for.
func TestUploadLimitIsShared(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo, cy := r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo"), r.enter("cy")
		meet(t, ana, bo, cy)
		top := t.TempDir()
		large := file(t, filepath.Join(top, "large"), 40<<20)
		many := folder(t, filepath.Join(top, "many"), 200, 200<<10)
		begun := time.Now()
		one := ana.send(collect(t, large), bo)
		two := ana.send(collect(t, many), cy)
		gotOne, gotTwo := bo.accept(), cy.accept()
		time.Sleep(20 * time.Second)
		a, b := one.Progress().Sent, two.Progress().Sent
		if a < 8<<20 || b < 6<<20 || a+b > 25<<20 {
			t.Errorf("%d to one and %d to the other in 20 s", a, b)
		}
		done(t, one, two, gotOne, gotTwo)
		if took := time.Since(begun); took < 70*time.Second || took > 90*time.Second {
			t.Errorf("80 MB at a MiB a second took %v", took)
		}
	})
}
