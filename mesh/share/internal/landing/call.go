package landing

import (
	"errors"
	"io/fs"
	"os"
	"runtime"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// callItems decides what everything is called here. It is the same each time
// for the same content and disk.
func (l *Landing) callItems() error {
	is, err := probeDisk(l.stage.top)
	if err != nil {
		return err
	}
	is.windows = is.windows || runtime.GOOS == "windows"
	var fold func(string) string
	if is.folds || is.windows {
		fold = manifest.Fold
	}
	n := newNamer(is.windows, fold)
	for k := range l.items {
		l.items[k].name = n.name(l.items[k].sent)
	}
	if fold == nil {
		return nil
	}
	l.names = make(map[int]string)
	for e := range l.m.Len() {
		plain := l.local(e)
		if name := n.name(l.m.Path(e)); name != plain {
			l.names[e] = name
		}
	}
	return nil
}

// kindOfDisk is what a disk makes of names.
type kindOfDisk struct {
	folds   bool // takes those for the same that differ in case or composition
	windows bool // has Windows' rules
}

// probeDisk is look; tests take another disk's part.
var probeDisk = look

// twinProbes are two names for one file where the disk does not tell case, and
// where it does not tell how a letter is composed. No item is called so: their
// names in the stage begin with no dot.
var twinProbes = [2][2]string{
	{".probe-a", ".PROBE-A"},
	{".probe-\u00e9", ".probe-e\u0301"},
}

// windowsProbe is a name that FAT, exFAT and NTFS refuse, whatever the system.
const windowsProbe = ".probe-:?"

// look finds out what kind of disk a directory is on: one can be of any kind on
// any system, as memory sticks are, so only trying tells.
func look(d *os.Root) (kindOfDisk, error) {
	var is kindOfDisk
	for _, names := range twinProbes {
		f, err := createAnew(d, names[0], 0o600)
		if err != nil {
			return is, err
		}
		f.Close()
		_, err = d.Lstat(names[1])
		if gone := d.Remove(names[0]); gone != nil {
			return is, gone
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return is, err
		}
		is.folds = is.folds || err == nil
	}
	f, err := createAnew(d, windowsProbe, 0o600)
	is.windows = err != nil // whatever it is: drivers differ in what they call it
	if is.windows {
		return is, nil
	}
	f.Close()
	return is, d.Remove(windowsProbe)
}
