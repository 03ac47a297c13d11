package share_test

import (
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/mesh/share"
)

func TestOneFile(t *testing.T) {
	for name, size := range map[string]int{"empty": 0, "small": 100, "piece": 256 << 10, "large": 5<<20 + 17} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				ana, bo := r.enter("ana"), r.enter("bo")
				meet(t, ana, bo)
				path := file(t, filepath.Join(t.TempDir(), "film"), size)
				sent := ana.send(collect(t, path), bo)
				got := bo.accept()
				done(t, sent, got)
				same(t, filepath.Dir(path), bo.home)
				for _, tr := range []*share.Transfer{sent, got} {
					p := tr.Progress()
					if p.Phase != share.Done || p.BytesDone != int64(size) || p.FilesDone != 1 || p.Sent+p.Received != int64(size) {
						t.Errorf("%+v at the end", p)
					}
				}
			})
		})
	}
}

func TestFolder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.enter("ana"), r.enter("bo")
		meet(t, ana, bo)
		top := t.TempDir()
		folder(t, filepath.Join(top, "many"), 2000, 4<<10)
		file(t, filepath.Join(top, "many", "large"), 3<<20)
		sent := ana.send(collect(t, filepath.Join(top, "many")), bo)
		done(t, sent, bo.accept())
		same(t, top, bo.home)
	})
}
