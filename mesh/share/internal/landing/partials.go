package landing

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// Week is how long partials are kept that nobody comes back for.
const Week = 7 * 24 * time.Hour

// Partial is what is here of a content that has not all come.
type Partial struct {
	Key   manifest.Key
	From  string
	Name  string
	Dir   string // the destination
	Items []Item // the first 64
	Files int
	Size  int64 // of all of it, in bytes
	Have  int64 // of it is here, as far as nobody has looked again
	Since time.Time
	Used  time.Time // when something last came
	Held  bool      // a process receives it now
}

// Partials returns what there is in a state directory, what was used last first.
func Partials(state string) ([]Partial, error) {
	var all []Partial
	err := each(state, func(j *journal) error {
		if j.Version == 0 {
			return nil
		}
		err := j.take(false)
		if err != nil && !errors.Is(err, ErrHeld) {
			return nil // removed meanwhile
		}
		p := j.partial()
		p.Held = err != nil
		if err == nil {
			j.lock.Close()
		}
		all = append(all, p)
		return nil
	})
	slices.SortFunc(all, func(a, b Partial) int { return b.Used.Compare(a.Used) })
	return all, err
}

// each calls do for each journal, not locked.
func each(state string, do func(*journal) error) error {
	dir := filepath.Join(state, partialsDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(dir, err)
	}
	var errs []error
	for _, entry := range entries {
		if key, err := hex.DecodeString(entry.Name()); err != nil || len(key) != len(manifest.Key{}) {
			continue
		}
		j := &journal{dir: filepath.Join(dir, entry.Name())}
		if err := j.read(); err != nil {
			errs = append(errs, failed(j.dir, err))
			continue
		}
		if err := do(j); err != nil {
			errs = append(errs, failed(j.dir, err))
		}
	}
	return errors.Join(errs...)
}

// partial is what a journal says, whoever has it.
func (j *journal) partial() Partial {
	p := Partial{
		From:  j.From,
		Name:  j.Name,
		Dir:   j.Dir,
		Items: j.Items,
		Files: j.Files,
		Size:  j.Size,
		Since: j.Since,
		Used:  j.used(),
	}
	key, _ := hex.DecodeString(filepath.Base(j.dir))
	copy(p.Key[:], key)
	f, err := os.Open(filepath.Join(j.dir, haveFile))
	if err != nil {
		return p
	}
	defer f.Close()
	_ = readRecords(f, func(r record) {
		p.Have = min(p.Have+int64(min(r.Bytes, 1<<62)), p.Size)
	})
	return p
}

// used returns when something was last written to the journal.
func (j *journal) used() time.Time {
	var last time.Time
	for _, name := range []string{lockFile, aboutFile, haveFile, hashesFile, rootsFile, movesFile} {
		if info, err := os.Stat(filepath.Join(j.dir, name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// Clean removes the partials that nothing has come for in a time, or all if it
// is 0, but none that a process receives now; and what lies of them beside their
// destinations. It returns what it removed. One whose destination is not there,
// on a disk that was taken out say, is kept eight times as long.
func Clean(state string, unused time.Duration) ([]Partial, error) {
	var removed []Partial
	err := each(state, func(j *journal) error {
		p, err := j.clean(unused)
		if p != nil {
			removed = append(removed, *p)
		}
		return err
	})
	return removed, err
}

// clean removes the journal if it is old enough.
func (j *journal) clean(unused time.Duration) (*Partial, error) {
	if unused > 0 && time.Since(j.used()) < unused {
		return nil, nil
	}
	if err := j.take(false); err != nil {
		if errors.Is(err, ErrHeld) || errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	if err := j.read(); err != nil {
		j.lock.Close()
		return nil, err
	}
	if unused > 0 && time.Since(j.used()) < unused {
		j.lock.Close() // somebody was here meanwhile
		return nil, nil
	}
	if j.Version == 0 {
		return nil, j.remove()
	}
	p := j.partial()
	err := removeStage(j.about)
	if errors.Is(err, fs.ErrNotExist) && unused > 0 && time.Since(p.Used) < 8*unused {
		j.lock.Close()
		return nil, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.lock.Close()
		return nil, err
	}
	return &p, j.remove()
}

// removeStage removes what lies beside a destination. The error is
// [fs.ErrNotExist] if there is no destination.
func removeStage(a about) error {
	root, err := os.OpenRoot(a.Dir)
	if err != nil {
		return bare(err)
	}
	defer root.Close()
	info, err := root.Lstat(a.Stage)
	if err != nil || !a.made(info) {
		return nil
	}
	return root.RemoveAll(a.Stage)
}
