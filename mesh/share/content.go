package share

import (
	"context"
	"io"
	"os"
	"runtime"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	files "github.com/lanyap/lanyap/mesh/share/internal/source"
)

// MaxText is the longest text, in bytes.
const MaxText = 64 << 10

// Item is one thing that is sent: a file, or a folder with all that is in it.
type Item struct {
	Name  string // base name, as it is sent
	Dir   bool
	Files int   // in it; 1 for a file
	Size  int64 // bytes of all its files
}

// Omission is what was left out of a [Content], since it cannot be sent: a
// symbolic link, a device, a FIFO, a socket, or what cannot be read.
type Omission struct {
	Path   string // as it was found
	Reason string // for people: "symbolic link", "permission denied"
}

// Content is what is sent: items, or a text. It may be sent several times, also
// at once.
type Content struct {
	Items   []Item
	Files   int
	Size    int64
	Omitted []Omission
	Text    string // if it is one; there are no items then

	src    *files.Source
	remove func() // what was spooled
}

// Collect looks at files and folders that are to be sent: reads the folders, but
// not the files. Of a path the base name is sent; two of the same are an error,
// and so is a path that does not exist or cannot be read. What is inside a folder
// and cannot be sent is in Omitted.
func Collect(ctx context.Context, paths ...string) (*Content, error) {
	src, err := files.Walk(ctx, paths, nil)
	if err != nil {
		return nil, err
	}
	return contentOf(src), nil
}

// Spool collects what r gives until its end as one file of the given name. It is
// kept in a temporary file until Close.
func Spool(ctx context.Context, name string, r io.Reader) (*Content, error) {
	src, remove, err := files.Spool(ctx, spoolDir(), name, r)
	if err != nil {
		return nil, err
	}
	c := contentOf(src)
	c.remove = remove
	return c, nil
}

// spoolDir is where much may be kept for a while. Where nobody says it, that is
// not the folder of temporary files on Linux, which is in memory on many systems
// (Filesystem Hierarchy Standard, section 5.15).
func spoolDir() string {
	const large = "/var/tmp"
	if info, err := os.Stat(large); runtime.GOOS == "linux" && os.Getenv("TMPDIR") == "" && err == nil && info.IsDir() {
		return large
	}
	return os.TempDir()
}

func contentOf(src *files.Source) *Content {
	m := src.Manifest()
	c := &Content{Files: m.Files(), Size: m.Size(), src: src}
	for i := range m.Items() {
		c.Items = append(c.Items, itemOf(m, i))
	}
	for _, o := range src.Omitted() {
		c.Omitted = append(c.Omitted, Omission(o))
	}
	return c
}

// Text makes a content of a text of at most [MaxText] bytes, which the receiver
// reads with the offer and need not accept.
func Text(text string) *Content { return &Content{Text: text, Size: int64(len(text))} }

// Close releases what a content of [Spool] holds; of others it holds nothing.
func (c *Content) Close() error {
	if c.remove != nil {
		c.src.Close()
		c.remove()
	}
	return nil
}

func itemOf(m *manifest.Manifest, i int) Item {
	it := m.Item(i)
	return Item{Name: it.Name, Dir: it.Kind == manifest.Folder, Files: it.Files, Size: it.Size}
}
