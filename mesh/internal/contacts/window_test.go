package contacts

import (
	"testing"
	"time"
)

// TestWindowFollowsWhatDialsTake holds that there are more dials at once where
// each is quick, and fewer where each is slow.
func TestWindowFollowsWhatDialsTake(t *testing.T) {
	tests := []struct {
		name       string
		took       time.Duration
		min, max   int
		dialsTaken time.Duration
	}{
		{"an idle machine", 10 * time.Millisecond, mostDials, mostDials, 10 * time.Millisecond},
		{"a busy one", 80 * time.Millisecond, firstDials, firstDials, 80 * time.Millisecond},
		{"one with 64 programs on two cores", 2 * time.Second, 1, 1, 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w window
			now := noon
			for range 40 {
				began := now
				now = now.Add(tt.took)
				w.made(now, began)
			}
			if got := w.dials(now); got < tt.min || got > tt.max {
				t.Errorf("%d dials at once, want %d to %d", got, tt.min, tt.max)
			}
			if got := w.dialTakes(now); got != tt.dialsTaken {
				t.Errorf("a dial is said to take %v, want %v", got, tt.dialsTaken)
			}
			later := now.Add(time.Minute)
			if got := w.dials(later); got != firstDials || w.dialTakes(later) != 0 {
				t.Errorf("a minute later there are %d dials at once, want %d as in the beginning", got, firstDials)
			}
		})
	}
}

// TestSlowDialsAtOnceHalveOnce holds that four slow dials that began together
// say no more than one.
func TestSlowDialsAtOnceHalveOnce(t *testing.T) {
	var w window
	for i := range 4 {
		w.made(at(time.Second+time.Duration(i)*time.Millisecond), noon)
	}
	if got := w.dials(at(time.Second)); got != firstDials/2 {
		t.Errorf("%d dials at once, want %d", got, firstDials/2)
	}
}
