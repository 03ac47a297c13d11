package source

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

const (
	// minCached is how large a file is whose hashes are worth a file of their
	// own: reading it takes longer than reading that.
	minCached = 1 << 20

	// settled is how long a file has to lie still before its hashes are
	// kept. Until then it could be written to once more and have the same
	// time, as far as the coarsest file system tells times apart (FAT: 2 s).
	settled = 3 * time.Second
)

// Bounds of a cache; tests have less.
var (
	maxCached            = 16384    // files
	maxCachedBytes int64 = 64 << 20 // the hashes of 512 GiB
)

// Cache keeps the hashes of files in a folder, a file for each, so that they need
// not be read again for them. Each is known by its path, and counts as long as
// size, inode and times are the same. What cannot be kept or is broken is as if
// it never was. A nil Cache keeps nothing. Several processes may use one folder.
type Cache struct {
	dir    string
	stored atomic.Bool // since it was trimmed
}

// NewCache returns the cache in a folder, which need not exist yet.
func NewCache(dir string) *Cache { return &Cache{dir: dir} }

// identity is what has to be the same for hashes to count, as it stands in the
// file that holds them.
func identity(path string, info fs.FileInfo) []byte {
	p := append([]byte("lanyap hashes 1\n"), make([]byte, 32)...)
	sum := blake3.Sum256([]byte(path))
	copy(p[16:], sum[:])
	for _, n := range []uint64{uint64(info.Size()), uint64(changed(info)), uint64(touched(info)), inode(info)} {
		p = binary.BigEndian.AppendUint64(p, n)
	}
	return p
}

// name is the file that holds the hashes of the file at path.
func (c *Cache) name(path string) string {
	sum := blake3.Sum256([]byte(path))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:16]))
}

// load reads the hashes of the pieces of a file, or returns nil.
func (c *Cache) load(path string, info fs.FileInfo) []tree.Hash {
	if c == nil || info.Size() < minCached {
		return nil
	}
	f, err := os.Open(c.name(path))
	if err != nil {
		return nil
	}
	defer f.Close()
	head := identity(path, info)
	n := int(tree.Pieces(info.Size()))
	if st, err := f.Stat(); err != nil || st.Size() != int64(len(head)+32*n+32) {
		return nil // not even read
	}
	p := make([]byte, len(head)+32*n+32)
	if _, err := f.ReadAt(p, 0); err != nil || !bytes.HasPrefix(p, head) {
		return nil
	}
	body, sum := p[:len(p)-32], p[len(p)-32:]
	if want := blake3.Sum256(body); !bytes.Equal(sum, want[:]) {
		return nil
	}
	hashes := make([]tree.Hash, n)
	for i := range hashes {
		hashes[i] = tree.Hash(body[len(head)+32*i:])
	}
	return hashes
}

// store keeps the hashes of the pieces of a file.
func (c *Cache) store(path string, info fs.FileInfo, hashes []tree.Hash) {
	if c == nil || info.Size() < minCached {
		return
	}
	p := identity(path, info)
	for i := range hashes {
		p = append(p, hashes[i][:]...)
	}
	sum := blake3.Sum256(p)
	if replace(c.name(path), append(p, sum[:]...)) == nil {
		c.stored.Store(true)
	}
}

// replace puts a file in the place of another at once.
func replace(name string, p []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// trim removes the longest unchanged if there are too many, after something was
// stored.
func (c *Cache) trim() {
	if c == nil || !c.stored.Swap(false) {
		return
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var infos []fs.FileInfo
	var sum int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			infos = append(infos, info)
			sum += info.Size()
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for len(infos) > maxCached || sum > maxCachedBytes {
		_ = os.Remove(filepath.Join(c.dir, infos[0].Name()))
		sum -= infos[0].Size()
		infos = infos[1:]
	}
}
