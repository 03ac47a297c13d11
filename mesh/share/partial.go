package share

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Partial is what is here of a transfer that has not come to its end.
type Partial struct {
	Key   string // of the content, in hex
	From  peer.ID
	Name  string // of who offered it, as it called itself
	Dir   string // the destination
	Items []Item // at most 64
	Size  int64  // of all of it, in bytes
	Have  int64  // of it is here
	Since time.Time
	Used  time.Time // when something last came
}

// Partials returns what is unfinished in a state directory, latest first.
func Partials(stateDir string) ([]Partial, error) { return nil, errSoon }

// Clean removes those that nothing came for in the given time, or all if it is 0,
// and what lies beside their destinations; not those that a process works on.
// It returns what it removed. A Sharer does so by itself after a week.
func Clean(stateDir string, unused time.Duration) ([]Partial, error) { return nil, errSoon }
