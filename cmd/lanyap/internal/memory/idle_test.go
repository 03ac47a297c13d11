package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestIdle(t *testing.T) {
	before := heap{allocated: 100 << 20}
	for name, c := range map[string]struct {
		now  heap
		want bool
	}{
		"much to spare, nothing happens":   {heap{100 << 20, worth}, true},
		"much to spare, little happens":    {heap{100<<20 + quiet - 1, worth}, true},
		"much to spare, something happens": {heap{100<<20 + quiet, 64 << 20}, false},
		"little to spare":                  {heap{100 << 20, worth - 1}, false},
		"the runtime tells nothing":        {heap{}, false},
	} {
		if got := c.now.idle(before); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSpareIsSeen has what is in use no more be spare, and nothing be when it is given
// back.
func TestSpareIsSeen(t *testing.T) {
	large := make([]byte, 256<<20)
	runtime.GC()
	before := look()
	runtime.KeepAlive(large)
	runtime.GC()
	with := look()
	if grown := int64(with.spare) - int64(before.spare); grown < 64<<20 {
		t.Errorf("of 256 MiB that nobody needs %d KiB are spare", grown>>10)
	}
	debug.FreeOSMemory()
	if after := look(); after.spare >= worth {
		t.Errorf("%d KiB are spare when all is given back", after.spare>>10)
	}
}
