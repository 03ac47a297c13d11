package memory_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/memory"
)

// percent returns how much garbage may gather now.
func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// awaitPercent collects until what may gather is as wanted.
func awaitPercent(t *testing.T, what string, want func(uint64) bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !want(percent()); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: %d %%", what, percent())
		}
		runtime.GC()
	}
}

func TestSmallHeapIsSpared(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	t.Setenv("GOGC", "100")
	memory.Spare()
	if got := percent(); got != 100 {
		t.Fatalf("with GOGC in the environment it is set to %d", got)
	}
	os.Unsetenv("GOGC") // Setenv restores it
	memory.Spare()
	if got := percent(); got <= 300 {
		t.Errorf("at first %d %% may gather", got)
	}
	large := make([]byte, 64<<20)
	awaitPercent(t, "with 64 MiB in use", func(p uint64) bool { return p == 100 })
	runtime.KeepAlive(large)
	awaitPercent(t, "when they are not", func(p uint64) bool { return p > 300 })
}
