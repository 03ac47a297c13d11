package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BuildMovable is Build for a program whose clock [Host.MoveClock] can move. The
// kernel has no such thing for one program: time namespaces hold the monotonic
// clock and the time since boot. So the program is built with a standard
// library in which time.Now adds what a file says that both share, and all that
// is linked into it has the same clock: ours, pion, crypto/x509. Durations,
// timers and deadlines are measured by the monotonic clock and stay as they
// are, as on a machine that is set right. The product itself knows nothing of it.
//
// The standard library is compiled anew for it, once: the build cache keeps it.
func BuildMovable(t testing.TB, pkg string) string {
	t.Helper()
	return built(t, order{pkg: pkg, movable: true})
}

// isMovable reports whether a program was built by BuildMovable.
func isMovable(path string) bool {
	builds.mu.Lock()
	defer builds.mu.Unlock()
	for what, p := range builds.paths {
		if what.movable && p == path {
			return true
		}
	}
	return false
}

// clockVariable names the file of eight bytes, of the machine's order, that
// hold what is added to the clock, in nanoseconds.
const clockVariable = "LANYAP_LAB_CLOCK"

// What becomes of time.Now.
const (
	nowBefore = "sec, nsec, mono := runtimeNow()\n\tif mono == 0"
	nowAfter  = "sec, nsec, mono := runtimeNow()\n\tsec, nsec = labMoved(sec, nsec)\n\tif mono == 0"
)

// movedSource is a file beside time.go. It is initialized before any package
// that asks for the time. The memory is shared: who writes into the file has
// moved the clock, without a moment in between.
const movedSource = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var labOffset = labShared()

func labShared() *int64 {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return new(int64)
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic("the lab's clock: " + err.Error())
	}
	defer syscall.Close(fd)
	shared, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("the lab's clock: " + err.Error())
	}
	return (*int64)(unsafe.Pointer(&shared[0]))
}

func labMoved(sec int64, nsec int32) (int64, int32) {
	offset := atomic.LoadInt64(labOffset)
	sec += offset / 1e9
	nsec += int32(offset % 1e9)
	if nsec < 0 {
		return sec - 1, nsec + 1e9
	}
	if nsec >= 1e9 {
		return sec + 1, nsec - 1e9
	}
	return sec, nsec
}
`

// movableClock writes the overlay (go help build) into dir and returns its path.
func movableClock(dir string) (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("lab: where the standard library is: %w", err)
	}
	original := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	if bytes.Count(source, []byte(nowBefore)) != 1 {
		return "", fmt.Errorf("lab: time.Now in %s is not the one whose clock can be moved", original)
	}
	source = bytes.Replace(source, []byte(nowBefore), []byte(nowAfter), 1)
	now, moved := filepath.Join(dir, "time.go"), filepath.Join(dir, "moved.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		original: now,
		filepath.Join(filepath.Dir(original), "lab_moved.go"): moved,
	}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	for name, content := range map[string][]byte{now: source, moved: []byte(movedSource), path: overlay} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return "", err
		}
	}
	return path, nil
}
