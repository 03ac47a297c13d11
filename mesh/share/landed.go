package share

import (
	"context"
	"errors"
	"slices"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// What follows makes a download a seed, for the other receivers.

func (d *download) content() *manifest.Manifest { return d.t.m.Load() }

func (d *download) described() []byte { return d.content().Encoding() }

func (d *download) read(_ context.Context, i int, buf []byte) (tree.Hash, error) {
	if !d.land.Has(i) {
		return tree.Hash{}, ErrUnreadable // it was asked for though nobody said that it is here
	}
	hash, _, err := d.land.ReadPiece(i, buf)
	if errors.Is(err, landing.ErrLost) {
		d.lost(i, err)
	}
	if err != nil {
		return tree.Hash{}, ErrUnreadable
	}
	return hash, nil
}

// lost takes in that somebody changed a piece that was here. If it has not landed
// it has to come again, which is for the next time.
func (d *download) lost(i int, err error) {
	if !d.land.Wanted().Has(i) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fatalLocked(localError(err))
}

// pieceHashes returns those that are known at the beginning of a run.
func (d *download) pieceHashes(_ context.Context, r bits.Run, n int) ([]tree.Hash, error) {
	hashes := make([]tree.Hash, n)
	if err := d.land.Hashes(r.First, hashes); err != nil {
		return nil, err
	}
	if unknown := slices.Index(hashes, tree.Hash{}); unknown >= 0 {
		hashes = hashes[:unknown]
	}
	return hashes, nil
}

func (d *download) root(_ context.Context, entry int, _ bool) (tree.Hash, bool, error) {
	root, known := d.land.Root(entry)
	if !known {
		return root, false, ErrNotFound
	}
	return root, true, nil
}

func (d *download) coming() coming { return nil } // nobody knows of what is not here
