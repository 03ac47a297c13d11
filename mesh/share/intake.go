package share

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	files "github.com/lanyap/lanyap/mesh/share/internal/source"
)

// Expected is a file that will come.
type Expected struct {
	Path string    // relative, slashes: the folders in it are sent too
	Size int64     // bytes
	Time time.Time // when it was changed
}

// Intake takes the bytes of a content that was offered before they were here. Its
// methods may be used by several goroutines at once, and number the files as
// [Expect] was given them.
type Intake struct{ in *files.Intake }

// Expect makes a content of files whose bytes come later, through the Intake: it can
// be offered at once, and whoever fetches it gets each piece as soon as that is
// here. Until [Content.Close] the bytes are kept in a temporary file in dir, or where
// [Spool] keeps them if that is empty.
//
// Names are those that may be sent: a path that leads up or out, has an empty part,
// or holds what makes one name look like another is an error that names it, and so
// are two files of one path, a file in a file, and none at all.
func Expect(dir string, expected []Expected) (*Content, *Intake, error) {
	if dir == "" {
		dir = spoolDir()
	}
	entries := make([]manifest.Entry, len(expected))
	for i, e := range expected {
		entries[i] = manifest.Entry{Path: e.Path, Size: e.Size, Changed: e.Time.UnixNano()}
	}
	src, in, err := files.Expect(dir, entries...)
	if err != nil {
		return nil, nil, err
	}
	c := contentOf(src)
	c.remove = func() { _ = in.Close() } // the bytes are of no use any more
	return c, &Intake{in}, nil
}

// Wanted is closed when somebody first fetches any of it.
func (i *Intake) Wanted() <-chan struct{} { return i.in.Wanted() }

// Order returns the numbers of the files in the order in which they are best sent:
// that in which most who fetch them ask for them.
func (i *Intake) Order() []int { return i.in.Order() }

// Offset returns how many bytes of a file are here, from its beginning on.
func (i *Intake) Offset(file int) int64 { return i.in.Offset(file) }

// Write takes what r gives of a file from offset on, until r or the file ends, and
// returns how many bytes that is; they stay if it fails in the middle. A later Write
// to the same file ends this one as soon as more comes. It waits for r alone.
//
// ErrOffset: the file does not end there so far; see [Intake.Offset]. ErrTooMuch: r
// gives more than the file was to have. ErrNoSpace: the disk is full; it may go on
// when there is room. ErrClosed: the content is. Else what [Intake.Fail] was given,
// or an error of r or of the disk.
func (i *Intake) Write(file int, offset int64, r io.Reader) (int64, error) {
	n, err := i.in.Write(file, offset, r)
	return n, intakeError(err)
}

// intakeError says with an error of this package what went wrong.
func intakeError(err error) error {
	for _, pair := range []struct{ is, as error }{
		{files.ErrOffset, ErrOffset},
		{files.ErrTooMuch, ErrTooMuch},
		{os.ErrClosed, ErrClosed},
	} {
		if errors.Is(err, pair.is) {
			return pair.as
		}
	}
	if is := landing.Kind(err); is != nil {
		return localError(fmt.Errorf("%w (%w)", is, err))
	}
	return err
}

// Fail says that what is not here of a file will not come: its receivers are told
// that it cannot be read, and the others go on.
func (i *Intake) Fail(file int, err error) { i.in.Fail(file, err) }
