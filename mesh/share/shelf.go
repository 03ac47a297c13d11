package share

import (
	"context"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/peer"
)

// Shelf is a directory that others may browse and fetch from, while it is open.
type Shelf struct{}

// Share puts a directory on a shelf, under its base name: read-only, all that is
// in it, as it is when somebody looks. With readers it is there for those IDs
// alone; others do not see that it exists. Symbolic links are not followed.
func (s *Sharer) Share(dir string, readers ...peer.ID) (*Shelf, error) { return nil, errSoon }

// Name is what others see, the first component of the paths on it.
func (sh *Shelf) Name() string { return "" }

// Close takes it down; what is being fetched from it ends.
func (sh *Shelf) Close() error { return nil }

// Entry is a file or directory on a shelf, or a shelf.
type Entry struct {
	Path string // from the shelf's name on, slashes
	Dir  bool
	Size int64 // of a file
	Time time.Time
}

// Shelves returns what a member's shelves are that we may read, by name.
// ErrNotReceiving: it runs no Sharer.
func (s *Sharer) Shelves(ctx context.Context, m mesh.Member) ([]Entry, error) { return nil, errSoon }

// List returns what a path on a member's shelf names: of a directory its entries,
// of a file itself. Each component may be a pattern as in [path.Match]; of those
// the matches are returned, not what is in them. Sorted by path, at most 10,000.
// ErrNotFound: nothing.
func (s *Sharer) List(ctx context.Context, m mesh.Member, path string) ([]Entry, error) {
	return nil, errSoon
}

// Get fetches what a path names, as [Offer.Accept] does: files, or directories
// with all that is in them.
func (s *Sharer) Get(ctx context.Context, m mesh.Member, path string, d Destination) (*Transfer, error) {
	return nil, errSoon
}

func (s *Sharer) takeRequest(sess *session, kind proto.Kind, path string) error { return ErrNotFound }
