package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// Spool copies what r gives until its end to a file in dir, and returns it as a
// content of one file of that name, and a function that removes the file. Errors:
// [*manifest.NameError], those of r and of the file system, and the cause of ctx,
// which is looked at between two reads.
func Spool(ctx context.Context, dir, name string, r io.Reader) (s *Source, remove func(), err error) {
	if err := manifest.CheckName(name); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	f, err := os.CreateTemp(dir, "spool-*")
	if err != nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	path := f.Name()
	remove = func() { _ = os.Remove(path) }
	_, err = io.Copy(f, untilDone{ctx, r})
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		s, err = spooled(ctx, path, name)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return s, remove, nil
}

// spooled is the source of a file that is sent under another name.
func spooled(ctx context.Context, path, name string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	return walk(ctx, []item{{name: name, path: abs, info: info}}, nil)
}

// untilDone reads until a context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
