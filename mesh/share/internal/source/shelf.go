package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// maxMatches is how many places a pattern may stand for; tests have less.
var maxMatches = 10_000

// Shelf is a folder that others may look around in and read from. Several
// goroutines may use it at once.
type Shelf struct {
	root  *os.Root
	name  string
	path  string // absolute
	cache *Cache
}

// Entry is a file or folder on a shelf.
type Entry struct {
	Path    string // from the shelf on, its parts separated by slashes
	Kind    manifest.Kind
	Size    int64 // bytes, of a file
	Changed int64 // nanoseconds since 1970 UTC
}

// OpenShelf opens a folder as a shelf of its base name.
func OpenShelf(dir string, cache *Cache) (*Shelf, error) {
	it, err := at(dir)
	if err != nil {
		return nil, err
	}
	if !it.info.IsDir() {
		return nil, fmt.Errorf("source: %s is no folder", it.path)
	}
	if err := manifest.CheckName(it.name); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	root, err := os.OpenRoot(it.path)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	return &Shelf{root: root, name: it.name, path: it.path, cache: cache}, nil
}

// Name is what the shelf is called: the base name of its folder.
func (sh *Shelf) Name() string { return sh.name }

// Path is where it lies.
func (sh *Shelf) Path() string { return sh.path }

// Close closes the shelf. Whatever is read from it fails from then on, but for
// files that are open.
func (sh *Shelf) Close() error { return sh.root.Close() }

// List returns what a place on the shelf holds, sorted by path, at most limit,
// and whether there is more: of a folder what is in it, of a file the file. Each
// part of the place may be a pattern ([path.Match]), unless something has just
// that name; of patterns it is what matches, not what is in it. The empty place
// is the shelf. Links that lead to something on the shelf are what they lead to;
// what [Walk] leaves out is not there. [fs.ErrNotExist] if nothing is.
func (sh *Shelf) List(ctx context.Context, place string, limit int) (entries []Entry, more bool, err error) {
	found, pattern, err := sh.find(ctx, place)
	if err != nil {
		return nil, false, err
	}
	if len(found) == 1 && !pattern && found[0].Kind == manifest.Folder {
		if found, err = sh.within(ctx, found[0].Path, func(string) bool { return true }, limit+1); err != nil {
			return nil, false, err
		}
	}
	if len(found) > limit {
		return found[:limit], true, nil
	}
	return found, false, nil
}

// Walk makes a source of a place on the shelf, as [Walk] does of paths; patterns
// are as in [Shelf.List], and the empty place is the whole shelf.
func (sh *Shelf) Walk(ctx context.Context, place string) (*Source, error) {
	found, _, err := sh.find(ctx, place)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, e := range found {
		it := item{name: path.Base(e.Path), path: sh.path, root: sh.root, rel: "."}
		if e.Path == "" {
			it.name = sh.name
		} else {
			it.rel = filepath.FromSlash(e.Path)
			it.path = filepath.Join(sh.path, it.rel)
		}
		if it.info, err = sh.root.Stat(it.rel); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return walk(ctx, items, sh.cache)
}

// find is what a place stands for, at least one, and whether it has patterns.
func (sh *Shelf) find(ctx context.Context, place string) (found []Entry, pattern bool, err error) {
	nothing := &fs.PathError{Op: "find", Path: place, Err: fs.ErrNotExist}
	found = []Entry{{Kind: manifest.Folder}}
	if place = strings.TrimSuffix(place, "/"); place == "" {
		return found, false, nil
	}
	if len(place) > manifest.MaxPath {
		return nil, false, nothing
	}
	for part := range strings.SplitSeq(place, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, false, nothing
		}
		var next []Entry
		for _, folder := range found {
			if folder.Kind != manifest.Folder {
				continue
			}
			matches, isPattern, err := sh.match(ctx, folder.Path, part)
			if err != nil {
				return nil, false, err
			}
			pattern = pattern || isPattern
			if next = append(next, matches...); len(next) > maxMatches {
				return nil, false, fmt.Errorf("%w: %q stands for more than %d places", manifest.ErrTooLarge, place, maxMatches)
			}
		}
		found = next
	}
	if len(found) == 0 {
		return nil, false, nothing
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return found, pattern, nil
}

// match is what a part of a place stands for in a folder.
func (sh *Shelf) match(ctx context.Context, folder, part string) (found []Entry, pattern bool, err error) {
	if e, ok := sh.entry(path.Join(folder, part)); ok {
		return []Entry{e}, false, nil
	}
	if !strings.ContainsAny(part, `*?[\`) {
		return nil, false, nil
	}
	if _, err := path.Match(part, ""); err != nil {
		return nil, true, fmt.Errorf("source: %w: %q", err, part)
	}
	found, err = sh.within(ctx, folder, func(name string) bool {
		ok, _ := path.Match(part, name)
		return ok
	}, maxMatches+1)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil // others may match
	}
	return found, true, err
}

// within is what is in a folder and has a name that fits, sorted, at most limit.
func (sh *Shelf) within(ctx context.Context, folder string, fits func(name string) bool, limit int) ([]Entry, error) {
	root, err := sh.root.OpenRoot(cmp.Or(filepath.FromSlash(folder), "."))
	if err != nil {
		return nil, err
	}
	names, err := list(root)
	root.Close()
	if err != nil {
		return nil, err
	}
	var found []Entry
	for _, name := range names {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if !fits(name) {
			continue
		}
		if e, ok := sh.entry(path.Join(folder, name)); ok {
			found = append(found, e)
		}
		if len(found) == limit {
			break
		}
	}
	return found, nil
}

// entry looks at one place, and says whether others may.
func (sh *Shelf) entry(place string) (Entry, bool) {
	name := path.Base(place)
	if manifest.CheckName(name) != nil {
		return Entry{}, false
	}
	info, err := sh.root.Stat(filepath.FromSlash(place)) // follows no link that leaves
	if err != nil || unfit(info) != "" || info.IsDir() && isPartial(name) {
		return Entry{}, false
	}
	e := Entry{Path: place, Kind: manifest.Folder, Changed: changed(info)}
	if !info.IsDir() {
		e.Kind, e.Size = manifest.File, info.Size()
	}
	return e, true
}
