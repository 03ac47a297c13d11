package keeper

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

// claim is room on the disk that was promised to something that is coming.
type claim struct {
	size int64
	here atomic.Int64 // bytes of it that are on the disk by now
}

// spareOf is how many of the bytes that are free stay so: enough for what else goes on
// on a machine, and on a small disk a tenth.
func spareOf(free int64) int64 { return min(spare, free/10) }

// errNoRoom is what a roomError is.
var errNoRoom = errors.New("no room")

// roomError says that something does not fit on the disk.
type roomError struct {
	who        string
	size, free int64
}

func (e *roomError) Error() string {
	return fmt.Sprintf("%s has no room for it: %s, and %s are free", e.who, transfer.Bytes(e.size), transfer.Bytes(e.free))
}

func (e *roomError) Is(target error) bool { return target == errNoRoom }

// room reports whether so many bytes fit on the disk beside all that was promised.
func (k *Keeper) room(size int64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.roomLocked(size)
}

func (k *Keeper) roomLocked(size int64) error {
	free := k.free(k.Place)
	free -= spareOf(free)
	for c := range k.claims {
		free -= max(0, c.size-c.here.Load())
	}
	if size > free {
		return &roomError{k.Node.Self().Name, size, max(0, free)}
	}
	return nil
}

// claim promises room on the disk. What was on it before is here.
func (k *Keeper) claim(size int64) (*claim, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.roomLocked(size); err != nil {
		return nil, err
	}
	c := &claim{size: size}
	k.claims[c] = true
	return c, nil
}

// release gives up what is left of a claim; nil has nothing.
func (k *Keeper) release(c *claim) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.claims, c)
}
