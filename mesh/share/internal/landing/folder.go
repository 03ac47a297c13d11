package landing

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
)

// maxDirs is how many directories of one folder are kept open. The files of a
// content come sorted by path, so a few would do.
const maxDirs = 24

// A folder reaches what is beneath a directory, and follows no link on the way:
// it goes step by step, and what it opened has to be what the name stands for.
// A directory that is open stays the same one, whatever becomes of its name.
type folder struct {
	mu   sync.Mutex // guards all below, and makes directories one at a time
	top  *os.Root
	open map[string]*dir
	turn int

	// replace says that what is no directory, where one is to be made, is
	// removed: it is rubbish in a stage.
	replace bool
}

// dir is an open directory. Who has it gives it back to its folder.
type dir struct {
	*os.Root
	path   string
	users  int
	used   int  // when, in turns
	closed bool // as soon as nobody uses it
}

func newFolder(top *os.Root) *folder {
	return &folder{top: top, open: make(map[string]*dir)}
}

// dir returns the directory at a slash path; "." is the top. It makes what is
// missing if it should.
func (t *folder) dir(at string, create bool) (*dir, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, err := t.reachLocked(path.Clean(at), create)
	if err != nil {
		return nil, err
	}
	d.users++
	t.turn++
	d.used = t.turn
	t.shrinkLocked()
	return d, nil
}

func (t *folder) reachLocked(at string, create bool) (*dir, error) {
	if d := t.open[at]; d != nil {
		return d, nil
	}
	if at == "." {
		root, err := t.top.OpenRoot(".")
		if err != nil {
			return nil, err
		}
		return t.keepLocked(root, at), nil
	}
	up, err := t.reachLocked(path.Dir(at), create)
	if err != nil {
		return nil, err
	}
	name := path.Base(at)
	root, err := enter(up.Root, name)
	if create && t.replace && errors.Is(err, ErrInTheWay) {
		if err := up.Remove(name); err != nil {
			return nil, err
		}
		err = fs.ErrNotExist
	}
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := up.Mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		root, err = enter(up.Root, name)
	}
	if err != nil {
		return nil, err
	}
	return t.keepLocked(root, at), nil
}

func (t *folder) keepLocked(root *os.Root, at string) *dir {
	t.turn++
	d := &dir{Root: root, path: at, used: t.turn}
	t.open[at] = d
	return d
}

// shrinkLocked closes what was used least of late.
func (t *folder) shrinkLocked() {
	for len(t.open) > maxDirs {
		var oldest *dir
		for _, d := range t.open {
			if d.users == 0 && (oldest == nil || d.used < oldest.used) {
				oldest = d
			}
		}
		if oldest == nil {
			return
		}
		t.dropLocked(oldest)
	}
}

func (t *folder) dropLocked(d *dir) {
	delete(t.open, d.path)
	d.closed = true
	if d.users == 0 {
		d.Close()
	}
}

// release gives back what dir returned.
func (t *folder) release(d *dir) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.users--
	if d.closed && d.users == 0 {
		d.Close()
	}
}

// forget closes what is open at a path and beneath: it is moved or removed.
func (t *folder) forget(at string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, d := range t.open {
		if at == "." || p == at || strings.HasPrefix(p, at+"/") {
			t.dropLocked(d)
		}
	}
}

// close closes the folder and its top.
func (t *folder) close() {
	t.forget(".")
	t.top.Close()
}

// enter opens the directory that name is in up. It is an error that it is
// anything else, such as a link to one.
func enter(up *os.Root, name string) (*os.Root, error) {
	before, err := up.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.IsDir() {
		return nil, ErrInTheWay
	}
	// With "/." the system opens a directory or nothing: another process might
	// have put a FIFO there meanwhile, and opening one waits.
	root, err := up.OpenRoot(name + "/.")
	if err != nil {
		return nil, swapped(err)
	}
	after, err := root.Lstat(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	if !os.SameFile(before, after) {
		root.Close() // a link, put there meanwhile
		return nil, ErrInTheWay
	}
	return root, nil
}

// swapped is an error of opening what was something else a moment ago. One that
// is not the system's is of [os.Root], which has refused to follow a link.
func swapped(err error) error {
	var code syscall.Errno
	if !errors.As(err, &code) || code == syscall.ENOTDIR || code == syscall.ELOOP {
		return ErrInTheWay
	}
	return err
}

// openRegular opens the file that name is in d. It is an error that it is
// anything but a regular file, such as a link to one or a FIFO.
func openRegular(d *os.Root, name string, flag int) (*os.File, error) {
	before, err := d.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, ErrInTheWay
	}
	f, err := d.OpenFile(name, flag|noWait, 0)
	if err != nil {
		return nil, swapped(err)
	}
	after, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if !os.SameFile(before, after) {
		f.Close()
		return nil, ErrInTheWay
	}
	return f, nil
}

// create makes the file name in d. It is an error that there is something of
// that name, whatever it is: it is neither opened nor followed.
func create(d *os.Root, name string, perm fs.FileMode) (*os.File, error) {
	return d.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
}

// createAnew does, and removes what has that name: what an earlier run left, or
// a link or a FIFO that somebody planted.
func createAnew(d *os.Root, name string, perm fs.FileMode) (*os.File, error) {
	const tries = 5 // against somebody who plants it again and again
	for try := 0; ; try++ {
		f, err := create(d, name, perm)
		if !errors.Is(err, fs.ErrExist) || try == tries {
			return f, err
		}
		if err := d.RemoveAll(name); err != nil {
			return nil, err
		}
	}
}
