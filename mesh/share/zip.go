package share

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// Zip is items of an incoming transfer as one archive, which is made while it is
// written: nothing is compressed, so its size is known before.
type Zip struct {
	ctx     context.Context
	t       *Transfer
	entries []int
	headers []zip.FileHeader
	size    int64
}

// Zip returns an archive of those items, by their numbers in [Offer].Items, or of
// all. Names in it are such that no system takes them for a path, a device or one
// another. ctx is for all of its writing.
func (t *Transfer) Zip(ctx context.Context, items ...int) (*Zip, error) {
	m, err := t.described(ctx)
	if err != nil {
		return nil, err
	}
	z := &Zip{ctx: ctx, t: t}
	name := landing.Anywhere()
	for k := range m.Items() {
		if len(items) > 0 && !slices.Contains(items, k) {
			continue
		}
		entries := m.Item(k).Entry
		for e := entries.First; e < entries.End(); e++ {
			z.entries = append(z.entries, e)
			z.headers = append(z.headers, header(m, e, name(m.Path(e))))
		}
	}
	if len(z.entries) == 0 {
		return nil, fmt.Errorf("share: no such item: %w", fs.ErrInvalid)
	}
	z.size = sizeOf(z.headers)
	return z, nil
}

func header(m *manifest.Manifest, e int, name string) zip.FileHeader {
	entry := m.Entry(e)
	h := zip.FileHeader{Name: name, Method: zip.Store, UncompressedSize64: uint64(entry.Size)}
	h.SetMode(0o644) // who gets it has made sure of nobody from whom to execute something
	if entry.Kind == manifest.Folder {
		h.Name += "/"
		h.SetMode(fs.ModeDir | 0o755)
	}
	if entry.Kind == manifest.File {
		h.Modified = time.Unix(0, entry.Changed)
	}
	return h
}

// Size returns how many bytes WriteTo writes.
func (z *Zip) Size() int64 { return z.size }

// WriteTo writes the archive, each file as it comes. A file that does not come ends
// it: what was written is no archive then. It may be written more than once.
func (z *Zip) WriteTo(w io.Writer) (int64, error) {
	out := &counter{w: w}
	archive := zip.NewWriter(out)
	for i, e := range z.entries {
		h := z.headers[i] // which is changed by writing it
		to, err := archive.CreateHeader(&h)
		if err == nil && h.UncompressedSize64 > 0 {
			err = z.writeFile(to, e)
		}
		if err != nil {
			return out.n, err
		}
	}
	err := archive.Close()
	return out.n, err
}

func (z *Zip) writeFile(to io.Writer, entry int) error {
	r, err := z.t.Open(z.ctx, entry)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = r.WriteTo(to)
	return err
}

// counter counts what goes through.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// The parts of an archive, in bytes, as archive/zip writes them (APPNOTE.TXT 4.3,
// and 4.5.3 for what is too large for 32 bits).
const (
	localLen      = 30 // before each file, and its name
	descriptorLen = 16 // behind it
	longDescLen   = 24
	centralLen    = 46 // of each in the directory, and its name
	longLen       = 28 // more of those that are large, or far behind
	timeLen       = 9  // of each that has a time, in both
	endLen        = 22
	longEndLen    = 56 + 20 // more
)

// sizeOf returns how large the archive of those files is.
func sizeOf(headers []zip.FileHeader) int64 {
	var at, directory int64
	for _, h := range headers {
		size := int64(h.UncompressedSize64)
		name := int64(len(h.Name))
		if !h.Modified.IsZero() {
			name += timeLen
		}
		directory += centralLen + name
		if size >= math.MaxUint32 || at >= math.MaxUint32 {
			directory += longLen
		}
		at += localLen + name + size
		switch {
		case h.Mode().IsDir():
		case size >= math.MaxUint32:
			at += longDescLen
		default:
			at += descriptorLen
		}
	}
	end := int64(endLen)
	if len(headers) >= math.MaxUint16 || directory >= math.MaxUint32 || at >= math.MaxUint32 {
		end += longEndLen
	}
	return at + directory + end
}
