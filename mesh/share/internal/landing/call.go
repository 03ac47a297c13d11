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
	windows := runtime.GOOS == "windows"
	var fold func(string) string
	same, err := probeFolds(l.stage.top)
	if err != nil {
		return err
	}
	if same {
		fold = manifest.Fold
	}
	n := newNamer(windows, fold)
	for k := range l.items {
		l.items[k].name = n.name(l.items[k].sent)
	}
	if !windows && fold == nil {
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

// probes are two names for one file where the disk does not tell case, and two
// where it does not tell how a letter is composed.
var probes = [2][2]string{
	{"probe-a", "PROBE-A"},
	{"probe-\u00e9", "probe-e\u0301"},
}

// probeFolds is folds; tests take another disk's part.
var probeFolds = folds

// folds says whether a directory takes names for the same that differ in case
// or composition. Only the disk knows: one can be of either kind on any system.
func folds(d *os.Root) (bool, error) {
	for _, names := range probes {
		f, err := createAnew(d, names[0], 0o600)
		if err != nil {
			return false, err
		}
		f.Close()
		_, err = d.Lstat(names[1])
		if gone := d.Remove(names[0]); gone != nil {
			return false, gone
		}
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}
