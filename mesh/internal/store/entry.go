package store

import (
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/share"
	"github.com/lanyap/lanyap/peer/logger"
)

// ErrHeld is what Open returns for a file that another process has.
var ErrHeld = errors.New("another process holds it")

// Bounds of a file, and of what waits to be written to it.
const (
	MaxEntries = 1000
	MaxBytes   = 8 << 20 // of frames
	MaxAge     = 24 * time.Hour
)

// Entry is one message of the history.
type Entry struct {
	Received time.Time   // with its monotonic reading; in the file to the millisecond
	Frame    []byte      // not to be changed once it is added
	Owner    share.Owner // whose share it counts against; of what is loaded, without a giver
}

// Options are what an Open may be told. The zero value works.
type Options struct {
	Log *logger.Logger // a *slog.Logger; nil: discard
	// Author returns who said what is in a frame; nil: nobody in particular.
	Author func(frame []byte) [32]byte
	// Changed is called when writing begins to fail, with the error, and with
	// nil when it works again. It must not call the Store. nil: nobody.
	Changed func(error)
	// Wall reads the wall clock; nil: time.Now.
	Wall func() time.Time
}
