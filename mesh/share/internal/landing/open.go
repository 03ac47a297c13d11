package landing

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// Open begins to receive a content into a directory, or goes on where an
// earlier run ended: then [Landing.Verify] comes next.
//
// It fails before anything is written where that has no prospect: the disk has
// less space than is needed, or may not be written to, or a folder is in the
// place of a file that is to be overwritten. Nothing is left then.
func Open(m *manifest.Manifest, o Options) (*Landing, error) {
	l, err := open(m, o)
	if err != nil {
		return nil, err
	}
	if o.Keep >= 0 {
		keep := o.Keep
		if keep == 0 {
			keep = Week
		}
		_, _ = Clean(o.State, keep) // what cannot be removed now may be at another time
	}
	return l, nil
}

func open(m *manifest.Manifest, o Options) (*Landing, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, &Error{Path: o.Dir, Kind: ErrDestination, Cause: err}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &Error{Path: dir, Kind: ErrDestination, Cause: bare(err)}
	}
	l := &Landing{
		m:        m,
		conflict: o.Conflict,
		plain:    o.Plain,
		path:     dir,
		dest:     newFolder(root),
		state:    make([]uint8, m.Len()),
		writing:  make(map[int]chan struct{}),
	}
	l.journal, err = openJournal(o.State, m.Key())
	if err != nil {
		l.dest.close()
		return nil, failed(filepath.Join(o.State, partialsDir), err)
	}
	if err := l.begin(o); err != nil {
		if l.stage != nil {
			l.stage.close()
		}
		l.closeDonors()
		if l.claims == nil {
			_ = l.forgetPartial()
		} else {
			_ = l.journal.close()
		}
		l.dest.close()
		return nil, err
	}
	return l, nil
}

// begin finds out what there is, and what there is room for.
func (l *Landing) begin(o Options) error {
	l.count()
	resumed, err := l.resume()
	if err != nil {
		return failed(l.path, err)
	}
	if !resumed {
		if err := l.start(o); err != nil {
			return err
		}
	}
	if err := l.survey(); err != nil {
		return err
	}
	l.findDonors(o.State)
	l.surveyDonors()
	if err := l.room(); err != nil {
		return err
	}
	if l.claims == nil {
		l.gatherLocked()
	}
	return nil
}

// count makes the sets and finds what entries each item has.
func (l *Landing) count() {
	l.have = bits.New(l.m.Pieces())
	l.unasked = bits.New(l.m.Pieces())
	l.items = make([]item, l.m.Items())
	for k := range l.items {
		sent := l.m.Item(k)
		it := &l.items[k]
		it.entries, it.sent, it.name = sent.Entry, sent.Name, sent.Name
		for e := it.entries.First; e < it.entries.End(); e++ {
			if l.m.FileSize(e) > 0 {
				it.open++
			} else {
				l.state[e] |= settled
			}
		}
	}
}

// single says whether a file is one piece, whose hash is its root.
func (l *Landing) single(e int) bool { return l.m.PiecesOf(e).Count == 1 }

// resume takes up what an earlier run left. It returns false if there is
// nothing, or nothing that helps.
func (l *Landing) resume() (bool, error) {
	j := l.journal
	if j.Version == 0 {
		return false, nil
	}
	if !l.openStage() {
		return false, l.discard()
	}
	if err := l.callItems(); err != nil {
		return false, err
	}
	moves, err := j.readMoves()
	if err != nil {
		return false, err
	}
	for k, m := range moves {
		if k >= 0 && k < len(l.items) {
			l.takeUp(k, m)
		}
	}
	if l.landed == len(l.items) {
		return false, l.discard()
	}
	claims, err := j.claims(l.m.Pieces())
	if err != nil {
		return false, err
	}
	l.claims = claims
	l.stage.replace = true
	for e := range l.state {
		l.state[e] |= stale
	}
	return true, nil
}

// takeUp notes what an earlier run said of an item's move.
func (l *Landing) takeUp(k int, m move) {
	it := &l.items[k]
	it.as = m.As
	if m.Done || !m.Merge && l.hasMoved(k, m) {
		it.landed = true
		l.landed++
		return
	}
	if !m.Merge {
		it.as = ""
	}
}

// hasMoved says whether an item that was about to move has.
func (l *Landing) hasMoved(k int, m move) bool {
	if _, err := l.stage.top.Lstat(l.items[k].name); err == nil {
		return false
	}
	info, err := l.dest.top.Lstat(m.As)
	return err == nil && (m.Number == 0 || m.Number == number(info))
}

// discard forgets what an earlier run left: it is of no use.
func (l *Landing) discard() error {
	if l.stage != nil {
		l.stage.close()
		l.stage = nil
	}
	_ = removeStage(l.journal.about) // if it cannot be, it is not in the way either
	l.journal.about = about{}
	for k := range l.items {
		l.items[k].landed, l.items[k].as = false, ""
	}
	l.landed = 0
	return nil
}

// stagePrefix begins the name of the directory beside the destination's files
// where data lies that is under way.
const stagePrefix = ".lanyap-"

func isStage(name string) bool {
	return strings.HasPrefix(name, stagePrefix) && !strings.ContainsAny(name, `/\`)
}

// made says whether a directory is the stage: whoever may write to the
// destination could have put another there.
func (a about) made(info fs.FileInfo) bool {
	return info.IsDir() && owner(info) == a.Owner
}

// openStage opens the stage that the journal names. It is moved here if it is
// beside another destination.
func (l *Landing) openStage() bool {
	a := l.journal.about
	if a.Dir != l.path && !l.fetchStage(&a) {
		return false
	}
	info, err := l.dest.top.Lstat(a.Stage)
	if err != nil || !a.made(info) {
		return false
	}
	root, err := enter(l.dest.top, a.Stage)
	if err != nil {
		return false
	}
	l.stage = newFolder(root)
	return true
}

// fetchStage moves the stage from beside another destination to this one.
func (l *Landing) fetchStage(a *about) bool {
	old, err := os.OpenRoot(a.Dir)
	if err != nil {
		return false
	}
	defer old.Close()
	if moveNew(old, a.Stage, l.dest.top, a.Stage) != nil {
		return false // it is on another disk
	}
	moved := *a
	moved.Dir = l.path
	if l.journal.write(moved) != nil {
		return false
	}
	*a = moved
	return true
}

// start begins anew: a stage and a journal that are empty.
func (l *Landing) start(o Options) error {
	if err := l.journal.begin(l.m.Encoding()); err != nil {
		return failed(l.journal.dir, err)
	}
	key := l.m.Key()
	base := fmt.Sprintf("%s%x", stagePrefix, key[:8])
	name := base
	for n := 2; ; n++ {
		err := l.dest.top.Mkdir(name, 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) || n > 100 {
			return failed(l.path, err)
		}
		name = fmt.Sprintf("%s-%d", base, n) // another's, or its journal is lost
	}
	l.journal.Stage = name
	root, err := enter(l.dest.top, name)
	if err != nil {
		return failed(l.path, err)
	}
	l.stage = newFolder(root)
	info, err := root.Lstat(".")
	if err != nil {
		return failed(l.path, err)
	}
	a := about{
		Key:   key.String(),
		Dir:   l.path,
		Stage: name,
		Owner: owner(info),
		From:  o.From,
		Name:  o.Name,
		Items: l.list(),
		Files: l.m.Files(),
		Size:  l.m.Size(),
		Since: time.Now().UTC(),
	}
	if err := l.journal.write(a); err != nil {
		return failed(l.journal.dir, err)
	}
	return failed(l.path, l.callItems())
}

// maxListed is how many items the list of partials names.
const maxListed = 64

func (l *Landing) list() []Item {
	all := make([]Item, min(l.m.Items(), maxListed))
	for k := range all {
		sent := l.m.Item(k)
		all[k] = Item{Name: sent.Name, Dir: sent.Kind == manifest.Folder, Files: sent.Files, Size: sent.Size}
	}
	return all
}

// room says an error if the disk has less space than is needed.
func (l *Landing) room() error {
	var need uint64
	there := make(map[int]bool)
	for _, e := range l.existing {
		there[e] = true // perhaps; if not, the disk will say
	}
	for e := range l.m.Len() {
		if l.state[e]&settled != 0 || there[e] {
			continue
		}
		need = min(need+uint64(l.m.FileSize(e)), math.MaxInt64)
	}
	if need == 0 {
		return nil
	}
	dir, err := l.dest.top.Open(".")
	if err != nil {
		return failed(l.path, err)
	}
	defer dir.Close()
	if l.claims != nil {
		need -= min(need, l.used())
	}
	if have := free(dir); need > uint64(have) {
		return &Error{Path: l.path, Kind: ErrNoSpace, Cause: fmt.Errorf("%d bytes are needed, %d are free", need, have)}
	}
	return nil
}

// used returns how much of the disk what was received already has.
func (l *Landing) used() uint64 {
	var sum uint64
	for e := range l.m.Len() {
		if l.claims.CountRun(l.m.PiecesOf(e)) == 0 {
			continue
		}
		at, name := splitPath(l.local(e))
		d, err := l.stage.dir(at, false)
		if err != nil {
			continue
		}
		if info, err := d.Lstat(name); err == nil {
			sum += uint64(allocated(info))
		}
		l.stage.release(d)
	}
	return sum
}
