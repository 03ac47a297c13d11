package share

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

var errSoon = errors.New("share: not there yet")

// origin is a content that we offer, read from its files.
type origin struct {
	key   tree.Hash
	m     *manifest.Manifest
	offer proto.Offered
	paths []string
	users int // guarded by Sharer.mu

	mu    sync.Mutex // guards what follows
	known *bits.Set
	sums  []tree.Hash
	files map[int]*os.File
	enc   []byte
}

// originOf returns what a content is served from: the same for all who get it.
func (s *Sharer) originOf(c *Content) (*origin, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.origins[c]
	if o == nil {
		o = newOrigin(c)
		s.origins[c] = o
	}
	o.users++
	return o, nil
}

func (s *Sharer) leaveOrigin(c *Content) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.origins[c]; o != nil {
		if o.users--; o.users == 0 {
			delete(s.origins, c)
			o.close()
		}
	}
}

func newOrigin(c *Content) *origin {
	o := &origin{m: c.m, paths: c.paths, files: make(map[int]*os.File)}
	if c.m == nil {
		o.key = blake3.Sum256([]byte(c.Text))
		o.offer = proto.Offered{Key: o.key, IsText: true, Size: c.Size, Text: c.Text}
		return o
	}
	o.key = tree.Hash(c.m.Key())
	o.offer = proto.Offered{Key: o.key, Files: c.Files, Size: c.Size, Count: len(c.Items)}
	for _, it := range c.Items[:min(len(c.Items), proto.MaxItems)] {
		o.offer.Items = append(o.offer.Items, proto.Item(it))
	}
	o.known = bits.New(c.m.Pieces())
	o.sums = make([]tree.Hash, c.m.Pieces())
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

func (o *origin) file(e int) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.files[e]; f != nil {
		return f, nil
	}
	if len(o.files) > 32 {
		for e, f := range o.files {
			f.Close()
			delete(o.files, e)
			break
		}
	}
	f, err := os.Open(o.paths[e])
	if err == nil {
		o.files[e] = f
	}
	return f, err
}

func (o *origin) read(_ context.Context, i int, buf []byte) (tree.Hash, error) {
	p := o.m.Piece(i)
	f, err := o.file(p.Entry)
	if err != nil {
		return tree.Hash{}, ErrUnreadable
	}
	if _, err := f.ReadAt(buf, p.Offset); err != nil {
		return tree.Hash{}, ErrChanged
	}
	sum := tree.Sum(buf, o.m.FileSize(p.Entry), p.Index)
	o.mu.Lock()
	o.sums[i] = sum
	o.known.Add(i)
	o.mu.Unlock()
	return sum, nil
}

func (o *origin) pieceHashes(ctx context.Context, r bits.Run, n int) ([]tree.Hash, error) {
	for i := r.First; i < r.First+n; i++ {
		o.mu.Lock()
		has := o.known.Has(i)
		o.mu.Unlock()
		if !has {
			buf := make([]byte, o.m.Piece(i).Length)
			if _, err := o.read(ctx, i, buf); err != nil {
				return nil, err
			}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.sums[r.First : r.First+n]), nil
}

func (o *origin) root(ctx context.Context, e int, wait bool) (tree.Hash, bool, error) {
	run := o.m.PiecesOf(e)
	o.mu.Lock()
	has := o.known.CountRun(run) == run.Count
	o.mu.Unlock()
	if !has && !wait {
		return tree.Hash{}, false, nil
	}
	sums, err := o.pieceHashes(ctx, run, run.Count)
	return tree.Root(sums, o.m.FileSize(e)), true, err
}

func (o *origin) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.files {
		f.Close()
	}
}

func walk(paths []string) (*manifest.Manifest, []string, error) {
	var entries []manifest.Entry
	at := make(map[string]string)
	for _, top := range paths {
		base := filepath.Base(top)
		err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(top, p)
			name := filepath.ToSlash(filepath.Join(base, rel))
			at[name] = p
			if d.IsDir() {
				entries = append(entries, manifest.Entry{Path: name, Kind: manifest.Folder})
				return nil
			}
			info, err := d.Info()
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			entries = append(entries, manifest.Entry{Path: name, Size: info.Size(), Changed: info.ModTime().UnixNano(), Executable: info.Mode()&0o100 != 0})
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	m, err := manifest.New(entries...)
	if err != nil {
		return nil, nil, err
	}
	all := make([]string, m.Len())
	for e := range all {
		all[e] = at[m.Path(e)]
	}
	return m, all, nil
}
