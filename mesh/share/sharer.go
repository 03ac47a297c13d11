package share

import (
	"errors"
	"log/slog"

	"github.com/lanyap/lanyap/mesh"
)

// errSoon is what those methods return that are not there yet.
var errSoon = errors.New("share: not there yet")

// Config is what [Open] needs. The zero value works.
type Config struct {
	// StateDir is where it is kept what has arrived of unfinished transfers, and
	// the hashes of files. Several processes may share one. Nothing is written
	// before the first transfer. Empty: a temporary directory, gone with Close.
	StateDir string

	// UploadLimit is how many bytes a second go out at most, to all together and
	// fairly shared among them. 0: no limit.
	UploadLimit int64

	// Receive takes offers, which [Sharer.Offers] then yields. Otherwise whoever
	// offers something is told at once that this program does not receive.
	Receive bool

	Logger *slog.Logger // nil: discard
}

// Sharer sends, receives and keeps shelves on one node. Its methods may be used
// by several goroutines at once. While it has nothing to do it is a listener and
// no more.
type Sharer struct {
	node *mesh.Node
	cfg  Config
}

// Open starts to share on a node. One Sharer is open on a node at a time.
func Open(node *mesh.Node, cfg Config) (*Sharer, error) {
	return &Sharer{node: node, cfg: cfg}, nil
}

// Close ends all transfers, as [Transfer.Cancel] does, and takes the shelves
// down. What has arrived is kept in StateDir, and goes on when it is offered
// again. It waits for everything it started.
func (s *Sharer) Close() error { return nil }
