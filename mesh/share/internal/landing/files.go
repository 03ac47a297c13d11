package landing

import (
	"os"
	"sync"
)

// maxFiles is how many files are kept open, to be written to and read from
// piece by piece. Files of one piece are opened and closed for it.
const maxFiles = 24

// files are those that are open, by their entry.
type files struct {
	mu   sync.Mutex // guards all below; held while one is opened
	open map[int]*file
	turn int
}

// file is an open file. Who has it gives it back.
type file struct {
	*os.File
	entry  int
	users  int
	used   int  // when, in turns
	closed bool // as soon as nobody uses it
}

// use returns an entry's file, which open opens if it is not open.
func (fs *files) use(entry int, open func() (*os.File, error)) (*file, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.open[entry]
	if f == nil {
		opened, err := open()
		if err != nil {
			return nil, err
		}
		f = &file{File: opened, entry: entry}
		if fs.open == nil {
			fs.open = make(map[int]*file)
		}
		fs.open[entry] = f
	}
	fs.turn++
	f.used = fs.turn
	f.users++
	fs.shrinkLocked()
	return f, nil
}

// shrinkLocked closes what was used least of late.
func (fs *files) shrinkLocked() {
	for len(fs.open) > maxFiles {
		var oldest *file
		for _, f := range fs.open {
			if f.users == 0 && (oldest == nil || f.used < oldest.used) {
				oldest = f
			}
		}
		if oldest == nil {
			return
		}
		fs.dropLocked(oldest)
	}
}

func (fs *files) dropLocked(f *file) {
	delete(fs.open, f.entry)
	f.closed = true
	if f.users == 0 {
		f.Close()
	}
}

// release gives back what use returned.
func (fs *files) release(f *file) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.users--
	if f.closed && f.users == 0 {
		f.Close()
	}
}

// drop closes an entry's file, as soon as nobody uses it.
func (fs *files) drop(entry int) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.open[entry]; f != nil {
		fs.dropLocked(f)
	}
}

// close closes all of them.
func (fs *files) close() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.open {
		fs.dropLocked(f)
	}
}
