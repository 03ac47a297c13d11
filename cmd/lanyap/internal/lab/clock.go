//go:build linux

package lab

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"time"
)

// newClock makes the file by which the host's clock is moved.
func (h *Host) newClock() {
	h.lab.t.Helper()
	h.clock = filepath.Join(h.lab.t.TempDir(), "clock")
	h.MoveClock(0)
}

// MoveClock has the wall clock of the host differ by that much from the one of
// this machine, for programs that run and for those that are started later:
// all of them have to be of [BuildMovable]. It is there at once, as if somebody
// had set the clock by hand.
func (h *Host) MoveClock(by time.Duration) {
	h.lab.t.Helper()
	for _, p := range h.lab.all() {
		if p.Host == h && !p.Ended() && !isMovable(p.cmd.Path) {
			h.lab.t.Fatalf("%s: the clock of %s cannot be moved", h.Name, p.cmd.Path)
		}
	}
	h.moved = by
	// Eight bytes at the start of a page are written in one piece. Programs
	// that run have the file's memory, so it is never another file.
	file, err := os.OpenFile(h.clock, os.O_WRONLY|os.O_CREATE, 0o644)
	h.lab.must(err)
	defer file.Close()
	_, err = file.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(by)), 0)
	h.lab.must(err)
}

// SetClock sets the wall clock of the host, as [Host.MoveClock] does.
func (h *Host) SetClock(to time.Time) {
	h.lab.t.Helper()
	h.MoveClock(time.Until(to))
}

// Clock returns what the wall clock of the host shows.
func (h *Host) Clock() time.Time { return time.Now().Add(h.moved) }
