package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// How much is kept open for the next piece.
const (
	openFiles   = 32
	openFolders = 32
)

// disk is the files and folders that a content was found in.
type disk struct {
	m      *manifest.Manifest
	items  []item
	inodes []uint64

	files   pool[*os.File] // by entry
	folders pool[*os.Root] // by entry
}

func newDisk(m *manifest.Manifest, items []item, inodes []uint64) *disk {
	return &disk{
		m: m, items: items, inodes: inodes,
		files:   pool[*os.File]{max: openFiles},
		folders: pool[*os.Root]{max: openFolders},
	}
}

// close closes what is kept open, which is opened again for who reads on.
func (d *disk) close() {
	d.files.close()
	d.folders.close()
}

// readAt fills buf with what a file has at an offset.
func (d *disk) readAt(entry int, buf []byte, offset int64) error {
	if d.m.PiecesOf(entry).Count == 1 { // nobody comes back for more
		f, err := d.open(entry)
		if err != nil {
			return err
		}
		defer f.Close()
		return d.readFrom(f, entry, buf, offset)
	}
	o, err := d.files.take(entry, func() (*os.File, error) { return d.open(entry) })
	if err != nil {
		return err
	}
	defer d.files.give(o)
	return d.readFrom(o.value, entry, buf, offset)
}

func (d *disk) readFrom(f *os.File, entry int, buf []byte, offset int64) error {
	_, err := f.ReadAt(buf, offset)
	// Looked at after it is read, so that no change before is missed.
	info, statErr := f.Stat()
	if statErr != nil {
		return statErr
	}
	if changed := d.same(entry, info); changed != nil {
		return changed
	}
	if errors.Is(err, io.EOF) {
		return d.changed(entry, "ends early")
	}
	return err
}

// same says whether a file is what it was when it was looked at.
func (d *disk) same(entry int, info fs.FileInfo) error {
	size, was := info.Size(), d.m.FileSize(entry)
	switch {
	case !info.Mode().IsRegular():
		return d.changed(entry, "is no file any more")
	case size != was:
		return d.changed(entry, fmt.Sprintf("has %d bytes, had %d", size, was))
	case changed(info) != d.m.Changed(entry):
		return d.changed(entry, "was written to")
	case inode(info) != d.inodes[entry]:
		return d.changed(entry, "was replaced")
	}
	return nil
}

func (d *disk) changed(entry int, how string) error { return hasChanged(d.m, entry, how) }

// changed is when a file was written to, as manifests have it.
func changed(info fs.FileInfo) int64 { return info.ModTime().UnixNano() }

// open opens a file and, unless it is an item, the folder that it is in.
func (d *disk) open(entry int) (*os.File, error) {
	parent := d.m.Parent(entry)
	if parent < 0 {
		return d.items[d.m.ItemOf(entry)].open()
	}
	folder, err := d.folders.take(parent, func() (*os.Root, error) { return d.openFolder(parent) })
	if err != nil {
		return nil, err
	}
	defer d.folders.give(folder)
	name := d.m.Name(entry)
	f, err := folder.value.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err == nil {
		return f, nil
	}
	if info, e := folder.value.Lstat(name); e == nil && !info.Mode().IsRegular() {
		return nil, d.changed(entry, "is no file any more") // a link that leaves, say
	}
	return nil, err
}

// openFolder opens a folder of an item.
func (d *disk) openFolder(entry int) (*os.Root, error) {
	index := d.m.ItemOf(entry)
	root, err := d.items[index].openRoot()
	if err != nil || d.m.Parent(entry) < 0 {
		return root, err
	}
	defer root.Close()
	within := d.m.Path(entry)[len(d.items[index].name)+1:]
	return root.OpenRoot(within)
}

// stat looks at a file again; [ErrChanged] as when it is read.
func (d *disk) stat(entry int) (fs.FileInfo, error) {
	o, err := d.files.take(entry, func() (*os.File, error) { return d.open(entry) })
	if err != nil {
		return nil, err
	}
	defer d.files.give(o)
	info, err := o.value.Stat()
	if err != nil {
		return nil, err
	}
	return info, d.same(entry, info)
}

// where is where a file lies on this machine.
func (d *disk) where(entry int) string {
	it := &d.items[d.m.ItemOf(entry)]
	return filepath.Join(it.path, filepath.FromSlash(d.m.Path(entry)[len(it.name):]))
}
