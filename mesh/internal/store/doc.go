// Package store keeps the history of a room in a file, so that it survives
// everyone's leaving.
//
// [Open] is where to start; [Store.Load] returns what the file holds,
// [Store.Add] adds to it, and [Store.Close] writes what waits:
//
//	s, err := store.Open(path, room, log)
//	if errors.Is(err, store.ErrHeld) {
//		// go on without: the process that has it keeps the history
//	}
//	defer s.Close()
//	entries, err := s.Load()
//	…
//	s.Add(store.Entry{Received: time.Now(), Frame: frame})
//
// In a browser (files *_js.go instead of *_native.go) Open fails: there are no files.
//
// The package knows nothing of messages: a frame is bytes, which whoever loads
// them has to verify as if they came from the network.
//
// # The file
//
// It is a database of bbolt: one file, whole after a crash at any moment, and
// locked by the process that has it open. It is readable by its owner alone
// (0600, and 0700 for a directory that has to be made); one that others may
// read or write is refused. It is the history of one room; the first Open says
// of which, and of a room with a secret that is a name which follows from both.
//
// A file that is no history, or is broken, is never written to: Open reads all
// of it before it opens it for writing. The errors name the file, and are
// [ErrHeld], [ErrRoom], [ErrVersion], [ErrBroken] or the operating system's.
//
// What is in the frames is no affair of this package, but it changes when they
// do: their bucket has a number in its name, and a file with another number is
// an error, and left as it is.
//
// # Bounds
//
// The file holds [MaxEntries] entries, of at most [MaxBytes] together, none
// older than [MaxAge]. What is too much goes from whose most of it is, oldest
// first (package share). It is removed in the transaction that adds the new,
// and by a look every ten minutes.
//
// # Age
//
// Within one run age counts by the monotonic clock, and the times in the file
// follow when the wall clock is set. From one start to the next the wall clock
// is all that lasts. Where it cannot be right, because an entry is from the
// future, or the clock or the entry from before 2000, an entry is as old as it
// was when an earlier run ended: nothing is kept for ever because a clock was
// wrong once. What seems too old at a start is not loaded, but removed only
// when the clock has gone evenly for five minutes: a clock that is put right
// soon after a start costs nothing.
//
// # Slow and full disks
//
// Add never waits for the disk. One goroutine writes what came within 200 ms,
// or 256 entries, in one transaction: a crash loses that much. What waits is
// bounded like the file, so nothing goes that the file would have kept. Where
// the disk is full, or fails, this is logged and told once ([Options].Changed),
// tried again every five seconds, and told once more when it works again.
package store
