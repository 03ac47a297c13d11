package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// maxOmitted is how many things may be left out of a content; tests have less.
var maxOmitted = 100_000

// Omission is something that was left out of a content.
type Omission struct {
	Path   string // as it was found; it may hold anything
	Reason string // "symbolic link"
}

// item is where something that is sent lies.
type item struct {
	name string
	path string   // absolute
	root *os.Root // of the shelf, if it is on one
	rel  string   // in the root
	info fs.FileInfo
}

// openRoot opens the item, a folder, for what is in it.
func (it *item) openRoot() (*os.Root, error) {
	if it.root != nil {
		return it.root.OpenRoot(it.rel)
	}
	return os.OpenRoot(it.path)
}

// open opens the item, a file.
func (it *item) open() (*os.File, error) {
	if it.root != nil {
		return it.root.OpenFile(it.rel, os.O_RDONLY|nonblock, 0)
	}
	return os.OpenFile(it.path, os.O_RDONLY|nonblock, 0)
}

// Walk looks at files and folders and at all that is in them, and reads no file.
// Each path becomes an item of its base name; if it is a symbolic link, what it
// links to does. Errors: those of a path that is not there or is neither file
// nor folder or cannot be read, or whose name cannot be sent
// ([*manifest.NameError]); [manifest.ErrTwice] of paths that have the same base
// name; [manifest.ErrTooLarge]; and the cause of ctx.
func Walk(ctx context.Context, paths []string, cache *Cache) (*Source, error) {
	var items []item
	for _, path := range paths {
		it, err := at(path)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return walk(ctx, items, cache)
}

// at is the item of a path.
func at(path string) (item, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return item{}, fmt.Errorf("source: %w", err)
	}
	it := item{name: filepath.Base(abs), path: abs}
	if it.name == string(filepath.Separator) || it.name == "." {
		return item{}, fmt.Errorf("source: %s has no name to send it by", path)
	}
	if it.info, err = os.Stat(abs); err != nil {
		return item{}, fmt.Errorf("source: %w", err)
	}
	return it, nil
}

// walk makes a source of items in any order.
func walk(ctx context.Context, items []item, cache *Cache) (*Source, error) {
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.name, b.name) })
	w := walker{ctx: ctx, since: time.Now()}
	for i := range items {
		if i > 0 && items[i].name == items[i-1].name {
			return nil, fmt.Errorf("%w: %s and %s", manifest.ErrTwice, items[i-1].path, items[i].path)
		}
		if err := w.item(&items[i]); err != nil {
			return nil, err
		}
	}
	m, err := w.b.Manifest()
	if err != nil {
		return nil, err
	}
	s := newSource(m, newDisk(m, items, w.inodes), cache)
	s.omitted, s.since = w.omitted, w.since
	return s, nil
}

// walker builds a manifest.
type walker struct {
	ctx     context.Context
	since   time.Time
	b       manifest.Builder
	inodes  []uint64 // of each entry
	omitted []Omission
}

// item adds an item and what is in it. What is wrong with itself is an error.
func (w *walker) item(it *item) error {
	if reason := unfit(it.info); reason != "" {
		return fmt.Errorf("source: %s is a %s", it.path, reason)
	}
	if !it.info.IsDir() {
		f, err := it.open()
		if err != nil {
			return fmt.Errorf("source: %w", err)
		}
		f.Close()
		return w.add(it.name, it.info)
	}
	root, err := it.openRoot()
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer root.Close()
	names, err := list(root)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if err := w.add(it.name, it.info); err != nil {
		return err
	}
	return w.folder(root, it.path, it.name, names)
}

// folder adds what is in a folder: where on this machine it lies, its path in
// the content, and the names in it.
func (w *walker) folder(root *os.Root, where, path string, names []string) error {
	readable, done, err := access(root)
	if err != nil {
		return w.omit(where, err)
	}
	defer done()
	for _, name := range names {
		if err := context.Cause(w.ctx); err != nil {
			return err
		}
		at := filepath.Join(where, name)
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile
		}
		if err != nil {
			err = w.omit(at, err)
		} else {
			err = w.found(root, at, path+"/"+name, info, readable)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// found adds what is in a folder, or leaves it out. An error ends the walk.
func (w *walker) found(parent *os.Root, where, path string, info fs.FileInfo, readable func(string) error) error {
	reason := unfit(info)
	if info.IsDir() && isPartial(info.Name()) {
		reason = "unfinished transfer"
	}
	if reason != "" {
		return w.leave(where, reason)
	}
	if !info.IsDir() {
		if err := readable(info.Name()); err != nil {
			return w.omit(where, err)
		}
		return w.addOrOmit(where, path, info)
	}
	root, err := parent.OpenRoot(info.Name())
	if err != nil {
		return w.omit(where, err)
	}
	defer root.Close()
	names, err := list(root)
	if err != nil {
		return w.omit(where, err)
	}
	before := len(w.inodes)
	if err := w.addOrOmit(where, path, info); err != nil || len(w.inodes) == before {
		return err
	}
	return w.folder(root, where, path, names)
}

// addOrOmit adds an entry, unless its name cannot be sent.
func (w *walker) addOrOmit(where, path string, info fs.FileInfo) error {
	err := w.add(path, info)
	var name *manifest.NameError
	if errors.As(err, &name) {
		return w.leave(where, "name "+name.Reason)
	}
	return err
}

func (w *walker) add(path string, info fs.FileInfo) error {
	e := manifest.Entry{Path: path, Kind: manifest.Folder}
	if !info.IsDir() {
		e = manifest.Entry{
			Path:       path,
			Size:       info.Size(),
			Executable: info.Mode()&0o100 != 0,
			Changed:    changed(info),
		}
	}
	if err := w.b.Add(e); err != nil {
		return err
	}
	w.inodes = append(w.inodes, inode(info))
	return nil
}

// omit leaves out what an error kept from being looked at.
func (w *walker) omit(where string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // which path it was is known
	}
	return w.leave(where, err.Error())
}

func (w *walker) leave(where, reason string) error {
	if len(w.omitted) == maxOmitted {
		return fmt.Errorf("%w: more than %d things in it cannot be sent", manifest.ErrTooLarge, maxOmitted)
	}
	w.omitted = append(w.omitted, Omission{where, reason})
	return nil
}

// unfit is what something is that is neither file nor folder.
func unfit(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular(), mode.IsDir():
		return ""
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	default:
		return "special file"
	}
}

// isPartial says whether a folder holds what is being received into the one that
// it is in.
func isPartial(name string) bool {
	key, ok := strings.CutPrefix(name, ".lanyap-")
	return ok && len(key) == 16 && strings.Trim(key, "0123456789abcdef") == ""
}

// list is the names in a folder, sorted.
func list(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}
