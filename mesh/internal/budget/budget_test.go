package budget_test

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
)

func TestBucket(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	b := budget.Bucket{Burst: 3, PerSecond: 2}
	if !b.Take(noon, 3) || b.Take(noon, 1) {
		t.Error("want a burst of 3 and no more")
	}
	wait := b.Wait(noon, 1)
	if wait < time.Second/2 || wait > time.Second/2+time.Millisecond {
		t.Errorf("the next is there after %v, want half a second", wait)
	}
	if now := noon.Add(wait); b.Wait(now, 1) != 0 || !b.Take(now, 1) || b.Take(now, 1) {
		t.Error("want one more after that wait")
	}
	if owed := b.Spend(noon.Add(wait), 4); owed < 2*time.Second-time.Millisecond || owed > 2*time.Second+time.Millisecond {
		t.Errorf("four that are not there take %v, want two seconds", owed)
	}
	b.Restore(4)
	b.Restore(2)
	if !b.Take(noon.Add(wait), 2) {
		t.Error("what was given back is not there")
	}
	if got := b.Taken(noon.Add(time.Minute)); got != 0 {
		t.Errorf("%v are not regained after a minute", got)
	}
	if got := b.Taken(noon.Add(-time.Minute)); got != 0 {
		t.Errorf("a clock that went back leaves %v taken", got)
	}
}
