package landing

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// maxDonors is how many partials are looked through for files of another
// content.
const maxDonors = 4

// coarse is more than the difference between two times that a disk may take for
// one: FAT has even seconds.
const coarse = 3 * time.Second

// A donor is the partial of another content, with items of the same names, for
// the same destination: what is sent once more after one of its files was
// changed has another key, and most of it may be in the stage of the one before.
type donor struct {
	dir   string // its journal's
	stage *folder
}

// findDonors opens the stages of those that were used last.
func (l *Landing) findDonors(state string) {
	all, err := Partials(state)
	if err != nil {
		return // then it is fetched
	}
	names := make(map[string]bool)
	for k := range l.items {
		names[l.items[k].sent] = true
	}
	shared := func(it Item) bool { return names[it.Name] }
	for _, p := range all {
		if p.Held || p.Dir != l.path || p.Key == l.m.Key() || !slices.ContainsFunc(p.Items, shared) {
			continue
		}
		j := &journal{dir: filepath.Join(state, partialsDir, p.Key.String())}
		if j.read() != nil || j.Version == 0 {
			continue
		}
		info, err := l.dest.top.Lstat(j.Stage)
		if err != nil || !j.made(info) {
			continue
		}
		root, err := enter(l.dest.top, j.Stage)
		if err != nil {
			continue
		}
		l.donors = append(l.donors, donor{j.dir, newFolder(root)})
		if len(l.donors) == maxDonors {
			return
		}
	}
}

// surveyDonors looks in them for what may be files of this content.
func (l *Landing) surveyDonors() {
	if len(l.donors) == 0 {
		return
	}
	l.donated = make(map[int]int)
	there := make(map[int]bool)
	for _, e := range l.existing {
		there[e] = true
	}
	for e := range l.m.Len() {
		if l.m.Kind(e) != manifest.File || l.state[e]&settled != 0 || there[e] {
			continue
		}
		for n, from := range l.donors {
			if l.isDonated(e, from) {
				l.donated[e] = n
				l.existing = append(l.existing, e)
				break
			}
		}
	}
}

// isDonated says whether a donor may have an entry's file. One that is complete
// has its sender's time; of others the root is not worth asking for.
func (l *Landing) isDonated(e int, from donor) bool {
	at, name := splitPath(l.local(e))
	d, err := from.stage.dir(at, false)
	if err != nil {
		return false
	}
	defer from.stage.release(d)
	info, err := d.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != l.m.FileSize(e) {
		return false
	}
	entry := l.m.Entry(e)
	age := info.ModTime().Sub(time.Unix(0, entry.Changed)).Abs()
	return age < coarse && (info.Mode()&0o100 != 0) == l.executable(e)
}

// take moves an entry's file from a donor's stage to ours, if it is the same. A
// process that has begun to receive the donor's content keeps it.
func (l *Landing) take(ctx context.Context, e int, from donor, root tree.Hash) (bool, error) {
	j := &journal{dir: from.dir}
	if j.take(false) != nil {
		return false, nil
	}
	defer j.lock.Close()
	f, err := openBeneath(from.stage, l.local(e), os.O_RDONLY)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	size := l.m.FileSize(e)
	hashes, err := hashFile(ctx, f, size)
	if err != nil || tree.Root(hashes, size) != root {
		return false, context.Cause(ctx)
	}
	f.Close()
	if err := l.moveFrom(e, from); err != nil {
		return false, nil
	}
	return true, l.adopt(e, hashes, begun)
}

func (l *Landing) moveFrom(e int, from donor) error {
	l.moving.RLock()
	defer l.moving.RUnlock()
	at, name := splitPath(l.local(e))
	source, err := from.stage.dir(at, false)
	if err != nil {
		return err
	}
	defer from.stage.release(source)
	to, err := l.stage.dir(at, true)
	if err != nil {
		return err
	}
	defer l.stage.release(to)
	if err := moveNew(source.Root, name, to.Root, name); err != nil {
		return err
	}
	return l.setTime(to.Root, name, e)
}

// closeDonors ends the use of other partials.
func (l *Landing) closeDonors() {
	for _, d := range l.donors {
		d.stage.close()
	}
	l.donors = nil
}
