//go:build !js

package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/share"
	"github.com/lanyap/lanyap/mesh/internal/store"
)

// skew is a wall clock that can be set.
type skew struct{ off atomic.Int64 }

func (s *skew) now() time.Time { return time.Now().Round(0).Add(time.Duration(s.off.Load())) }

func (s *skew) set(d time.Duration) { s.off.Store(int64(d)) }

func (s *skew) open(t *testing.T, path string) *store.Store {
	t.Helper()
	st, err := store.Open(path, room, store.Options{Wall: s.now})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

const year = 365 * 24 * time.Hour

// sets are ways in which a clock is set.
var sets = []time.Duration{time.Hour, -time.Hour, 3 * 24 * time.Hour, -3 * 24 * time.Hour, 10 * year, -10 * year, -35 * year}

// TestClockIsSetWhileRunning sets the clock before, between and after what is
// added: it is all there at the next start, and gone when it is a day old.
func TestClockIsSetWhileRunning(t *testing.T) {
	for _, set := range sets {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprint(set, " back ", back), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(26 * year) // the bubble begins in 2000
					var clock skew
					path := newPath(t)
					s := clock.open(t, path)
					add(s, "one")
					time.Sleep(time.Minute)
					clock.set(set)
					add(s, "two")
					time.Sleep(20 * time.Minute) // two looks at what is too old
					if back {
						clock.set(0)
					}
					add(s, "three")
					time.Sleep(20 * time.Minute)
					wantFrames(t, s, "one", "two", "three")
					closeStore(t, s)
					s = clock.open(t, path)
					time.Sleep(20 * time.Minute)
					wantFrames(t, s, "one", "two", "three")
					time.Sleep(store.MaxAge)
					synctest.Wait()
					wantFrames(t, s)
					closeStore(t, s)
				})
			})
		}
	}
}

// TestClockIsSetBetweenStarts has a run of a few minutes with a wrong clock
// between two with the right one. What was written before and after it is
// kept. So is what it wrote itself, if the clock showed that it was wrong.
func TestClockIsSetBetweenStarts(t *testing.T) {
	for _, set := range sets {
		t.Run(set.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(26 * year)
				var clock skew
				path := newPath(t)
				run := func(off time.Duration, frame string) {
					clock.set(off)
					s := clock.open(t, path)
					if off == 0 && frame != "before" {
						wantFrames(t, s, "before", "wrong")
					}
					add(s, frame)
					time.Sleep(time.Minute)
					closeStore(t, s)
					time.Sleep(10 * time.Minute)
				}
				run(0, "before")
				run(set, "wrong")
				run(0, "after")
				s := clock.open(t, path)
				wantFrames(t, s, "before", "wrong", "after")
				closeStore(t, s)
			})
		})
	}
}

// TestClockThatWasNeverSet keeps a history over starts on a machine whose clock
// begins in 1970 each time, and ends it by the time for which it ran.
func TestClockThatWasNeverSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		var clock skew
		run := func(add1 string, want ...string) {
			clock.set(-time.Since(time.Unix(0, 0)))
			s := clock.open(t, path)
			wantFrames(t, s, want...)
			if add1 != "" {
				add(s, add1)
			}
			time.Sleep(7 * time.Hour)
			closeStore(t, s)
		}
		run("one")
		run("two", "one")
		run("", "one", "two")
		run("", "one", "two")
		run("", "two")
		run("")
	})
}

// TestFromTheFutureIsNotForEver ends what an earlier run stamped with a time
// that has yet to come.
func TestFromTheFutureIsNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		var clock skew
		clock.set(10 * year)
		s := clock.open(t, path)
		add(s, "x")
		closeStore(t, s)
		clock.set(0)
		for range 4 {
			s = clock.open(t, path)
			wantFrames(t, s, "x")
			time.Sleep(7 * time.Hour)
			closeStore(t, s)
		}
		s = clock.open(t, path)
		wantFrames(t, s)
		closeStore(t, s)
	})
}

// TestTooOldIsRemovedOnceTheClockIsTrusted looks at a file with a clock that is
// years ahead for a moment, and then for longer.
func TestTooOldIsRemovedOnceTheClockIsTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		var clock skew
		s := clock.open(t, path)
		add(s, "x")
		closeStore(t, s)
		clock.set(year)
		s = clock.open(t, path)
		wantFrames(t, s)
		closeStore(t, s)
		if n := records(t, path); n != 1 {
			t.Errorf("the file holds %d after a look, want it still", n)
		}
		s = clock.open(t, path)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if n := records(t, path); n != 0 {
			t.Errorf("the file holds %d after a quarter of an hour", n)
		}
		closeStore(t, s)
	})
}

// TestTalkativeAuthorLeavesOthersTheirs holds that the bounds are shared out,
// in a file and in what waits for one.
func TestTalkativeAuthorLeavesOthersTheirs(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame string
		count int
	}{
		{"many", "t", 5 * store.MaxEntries},
		{"long", "t" + string(make([]byte, 64<<10)), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := newPath(t)
			options := store.Options{Author: func(frame []byte) [32]byte { return [32]byte{frame[0]} }}
			say := func(s *store.Store, frame string) {
				who := [32]byte{frame[0]}
				s.Add(store.Entry{Received: time.Now(), Frame: []byte(frame), Owner: share.Owner{Giver: who, Author: who}})
			}
			s, err := store.Open(path, room, options)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				say(s, fmt.Sprint("a", i))
			}
			for range 2 {
				for range tt.count {
					say(s, tt.frame)
				}
				count := make(map[byte]int)
				for _, f := range frames(t, s) {
					count[f[0]]++
				}
				if count['a'] != 50 || count['t'] < 100 {
					t.Errorf("holds %d of a and %d of t", count['a'], count['t'])
				}
				closeStore(t, s)
				if s, err = store.Open(path, room, options); err != nil {
					t.Fatal(err)
				}
			}
			closeStore(t, s)
		})
	}
}
