package landing

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Conflict is what happens to an item whose name is taken at the destination.
type Conflict int

// The policies.
const (
	Rename    Conflict = iota // it lands beside it: "name (2).ext"
	Skip                      // what is there stays and is not fetched; a folder gets what it lacks
	Overwrite                 // a file is replaced, a folder gets what is sent and keeps the rest
)

// Options of Open.
type Options struct {
	State    string // the state directory; the journals are in its directory "partials"
	Dir      string // the destination, which must be there
	Conflict Conflict
	Plain    bool // files land without the executable bit, whatever the sender's have

	// From and Name are who sends it, for the list of partials.
	From, Name string

	// Keep is how long a partial is kept that nobody comes back for. Zero
	// means a week, negative for ever.
	Keep time.Duration
}

// Item is one thing that is received, for the list of partials.
type Item struct {
	Name  string `json:"name"`
	Dir   bool   `json:"dir"`
	Files int    `json:"files"`
	Size  int64  `json:"size"`
}

// What is known of an entry, a bit each.
const (
	begun   = 1 << iota // its file is in the stage, and ours
	inPlace             // it is at its final place, not in the stage
	skipped             // it is not wanted
	listed              // the hashes of its pieces are known to add up to its root
	rooted              // its root is known; of a file of one piece, when that is had
	settled             // it needs nothing but to be moved
	stale               // something that is of no use may have its name in the stage
)

// Landing is a content on its way into a directory. Its methods may be called
// by several goroutines at once.
type Landing struct {
	m        *manifest.Manifest
	conflict Conflict
	plain    bool
	path     string // of the destination, absolute
	journal  *journal
	dest     *folder
	stage    *folder
	donors   []donor
	donated  map[int]int    // which of them has something for an entry
	names    map[int]string // paths of entries in the stage that are not called there what they are called
	files    files

	// moving is held while an item moves, and for reading by who reaches a
	// file by its name.
	moving    sync.RWMutex
	finishing sync.Mutex // one Finish at a time

	mu       sync.Mutex // guards all below
	have     *bits.Set
	unasked  *bits.Set // pieces of what is skipped
	existing []int     // files at whose final place there is one of the same size
	claims   *bits.Set // what an earlier run left and nobody has verified; nil: nothing
	state    []uint8   // of each entry
	writing  map[int]chan struct{}
	items    []item
	ready    []int // items that are complete and have not landed
	landed   int
	closed   bool
}

// item is a top name of the content.
type item struct {
	entries bits.Run
	sent    string // what it is called where it comes from
	name    string // what it is called in the stage, and at the destination if that is free
	as      string // its name at the destination, once it has one; else empty
	open    int    // how many of its files are not settled
	there   bool   // all of it seemed to be at the destination when it was looked for
	refused bool   // it is skipped as a whole
	landed  bool
}

// gatherLocked finds the items that need nothing any more.
func (l *Landing) gatherLocked() {
	l.ready = l.ready[:0]
	for k := range l.items {
		if it := &l.items[k]; !it.landed && it.open == 0 {
			l.ready = append(l.ready, k)
		}
	}
}

// Done says whether all items have landed.
func (l *Landing) Done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.landed == len(l.items)
}

// Close ends it. What has come is kept, to go on with; if all has landed, or
// nothing has come, nothing is left but what has landed.
func (l *Landing) Close() error {
	l.mu.Lock()
	keep := l.landed < len(l.items) && (l.have.Count() > 0 || l.claims != nil && l.claims.Count() > 0)
	l.mu.Unlock()
	return l.end(keep)
}

// Remove ends it, and leaves nothing but what has landed.
func (l *Landing) Remove() error { return l.end(false) }

func (l *Landing) end(keep bool) error {
	l.moving.Lock() // nobody is at a file now
	defer l.moving.Unlock()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.files.close()
	l.stage.close()
	l.closeDonors()
	defer l.dest.close()
	if keep {
		return failed(l.journal.dir, l.journal.close())
	}
	return l.forgetPartial()
}

// forgetPartial removes the stage and the journal.
func (l *Landing) forgetPartial() error {
	var first error
	if l.journal.Stage != "" {
		first = failed(l.path, l.dest.top.RemoveAll(l.journal.Stage))
	}
	return errors.Join(first, failed(l.journal.dir, l.journal.remove()))
}

// Has says whether a piece is here and verified.
func (l *Landing) Has(i int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.have.Has(i)
}

// Have returns the set of pieces that are here and verified: it can be served.
func (l *Landing) Have() *bits.Set {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.have.Clone()
}

// Wanted returns the set of pieces that are to be fetched: those that are not
// here, and not of what is skipped.
func (l *Landing) Wanted() *bits.Set {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := bits.Full(l.m.Pieces())
	for run := range l.have.Runs() {
		set.RemoveRun(run)
	}
	for run := range l.unasked.Runs() {
		set.RemoveRun(run)
	}
	return set
}

// Settled says whether an entry's file needs neither a piece nor its root any
// more: it is complete, or is skipped, or is none.
func (l *Landing) Settled(e int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state[e]&settled != 0
}

// Skipped returns the entries of files that the policy leaves out.
func (l *Landing) Skipped() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []int
	for e, s := range l.state {
		if s&skipped != 0 && l.m.Kind(e) == manifest.File {
			all = append(all, e)
		}
	}
	return all
}

// local returns the slash path of an entry in the stage.
func (l *Landing) local(e int) string {
	if name, ok := l.names[e]; ok {
		return name
	}
	it := &l.items[l.m.ItemOf(e)]
	return under(it.name, it.sent, l.m.Path(e))
}

// final returns the slash path of an entry in the destination.
func (l *Landing) final(e int) string {
	it := &l.items[l.m.ItemOf(e)]
	if it.as == "" {
		return l.local(e)
	}
	return under(it.as, it.name, l.local(e))
}

// under is a path that begins with the name old, with the name top instead.
func under(top, old, path string) string {
	if top == old {
		return path
	}
	return top + path[len(old):]
}

// splitPath separates the directory of a slash path from the base name.
func splitPath(p string) (dir, base string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return ".", p
	}
	return p[:i], p[i+1:]
}

// shown is a path in the destination as users know it.
func (l *Landing) shown(p string) string { return filepath.Join(l.path, filepath.FromSlash(p)) }

// create makes the file of an entry in its directory in the stage.
func (l *Landing) create(d *os.Root, name string, e int) (*os.File, error) {
	l.mu.Lock()
	anew := l.state[e]&stale != 0
	l.mu.Unlock()
	if anew {
		return createAnew(d, name, l.mode(e))
	}
	f, err := create(d, name, l.mode(e))
	if errors.Is(err, fs.ErrExist) {
		// The disk takes two names of the content for one, though it said
		// that it would not. Neither is to be lost.
		return nil, ErrInTheWay
	}
	return f, err
}

// settleLocked notes that a file needs nothing but to be moved.
func (l *Landing) settleLocked(e int) {
	if l.state[e]&settled != 0 {
		return
	}
	l.state[e] |= settled
	k := l.m.ItemOf(e)
	l.items[k].open--
	if l.items[k].open == 0 && !l.items[k].landed {
		l.ready = append(l.ready, k)
	}
}

// unsettleLocked notes that it does after all.
func (l *Landing) unsettleLocked(e int) {
	if l.state[e]&settled == 0 {
		return
	}
	l.state[e] &^= settled
	k := l.m.ItemOf(e)
	l.items[k].open++
	l.ready = slices.DeleteFunc(l.ready, func(r int) bool { return r == k })
}

func (l *Landing) root(e int) (tree.Hash, bool, error) {
	var root [1]tree.Hash
	if l.single(e) {
		err := l.journal.readHashes(l.m.PiecesOf(e).First, root[:])
		return root[0], root[0] != tree.Hash{}, err
	}
	err := l.journal.readRoots(e, root[:])
	return root[0], root[0] != tree.Hash{}, err
}
