package source

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func TestHashAheadWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 3*tree.MinPiece), 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s, err := Walk(t.Context(), []string{path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.reading.Add(1) // somebody reads a piece that is slow to come
		found := make(chan tree.Hash, 1)
		go s.HashAhead(t.Context(), func(_ int, root tree.Hash) { found <- root })
		synctest.Wait()
		if _, known := s.hash(0, 0); known || len(found) > 0 {
			t.Error("hashed while somebody read")
		}
		s.reading.Add(-1)
		if _, _, err := s.ReadPiece(1, make([]byte, tree.MinPiece)); err != nil {
			t.Fatal(err)
		}
		<-found
	})
}
