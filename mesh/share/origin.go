package share

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	files "github.com/lanyap/lanyap/mesh/share/internal/source"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// origin is a content that we offer, read from its files.
type origin struct {
	key   tree.Hash
	m     *manifest.Manifest
	src   *files.Source
	offer proto.Offered
	users int // guarded by Sharer.mu

	mu     sync.Mutex // guards what follows
	enc    []byte
	broken map[int]error // files whose root was looked for in vain
}

// originOf returns what a content is served from: the same for all who get it.
func (s *Sharer) originOf(c *Content) (*origin, error) {
	dir, err := s.state.path()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.origins[c]
	if o == nil {
		o = newOrigin(c)
		s.origins[c] = o
		if o.src != nil {
			o.src.UseCache(files.NewCache(filepath.Join(dir, "hashes")))
		}
	}
	o.users++
	return o, nil
}

func (s *Sharer) leaveOrigin(c *Content) {
	s.mu.Lock()
	o := s.origins[c]
	if o != nil {
		if o.users--; o.users == 0 {
			delete(s.origins, c)
		} else {
			o = nil
		}
	}
	s.mu.Unlock()
	if o != nil && o.src != nil {
		o.src.Close()
	}
}

func newOrigin(c *Content) *origin {
	if c.src == nil {
		o := &origin{key: blake3.Sum256([]byte(c.Text))}
		o.offer = proto.Offered{Key: o.key, IsText: true, Size: c.Size, Text: c.Text}
		return o
	}
	o := &origin{m: c.src.Manifest(), src: c.src, broken: make(map[int]error)}
	o.key = tree.Hash(o.m.Key())
	o.offer = proto.Offered{Key: o.key, Coming: c.src.Coming(), Files: c.Files, Size: c.Size, Count: len(c.Items)}
	for _, it := range c.Items[:min(len(c.Items), proto.MaxItems)] {
		o.offer.Items = append(o.offer.Items, proto.Item(it))
	}
	return o
}

func (o *origin) content() *manifest.Manifest { return o.m }

func (o *origin) described() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.enc == nil {
		o.enc = o.m.Encoding()
	}
	return o.enc
}

func (o *origin) read(_ context.Context, i int, buf []byte) (tree.Hash, error) {
	_, h, err := o.src.ReadPiece(i, buf)
	return h, unread(err)
}

func (o *origin) pieceHashes(ctx context.Context, r bits.Run, n int) ([]tree.Hash, error) {
	hashes, err := o.src.Hashes(ctx, bits.Run{First: r.First, Count: n}, nil)
	return hashes, unread(err)
}

func (o *origin) root(ctx context.Context, e int, wait bool) (tree.Hash, bool, error) {
	if o.m.Kind(e) != manifest.File {
		return tree.Empty, true, nil
	}
	if root, known := o.src.KnownRoot(e); known {
		return root, true, nil
	}
	o.mu.Lock()
	err := o.broken[e]
	o.mu.Unlock()
	if err != nil || !wait {
		return tree.Hash{}, false, err
	}
	root, err := o.src.Root(ctx, e)
	if err = unread(err); err != nil && ctx.Err() == nil {
		o.mu.Lock()
		o.broken[e] = err
		o.mu.Unlock()
	}
	return root, err == nil, err
}

func (o *origin) coming() coming {
	if !o.src.Coming() {
		return nil
	}
	return o.src
}

// unread is why a file was not read, as both sides are told.
func unread(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, files.ErrChanged):
		return fmt.Errorf("%w (%w)", ErrChanged, err)
	default:
		return fmt.Errorf("%w (%w)", ErrUnreadable, err)
	}
}
