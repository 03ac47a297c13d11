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
// The package knows nothing of messages: a frame is bytes, which whoever loads
// them has to verify as if they came from the network.
//
// # The file
//
// It is a database of bbolt: one file, whole after a crash at any moment, and
// locked by the process that has it open. It is readable by its owner alone
// (0600, and 0700 for a directory that has to be made); one that others may
// read or write is refused. It is the history of one room; the first Open says
// of which.
//
// A file that is no history, or is broken, is never written to: Open reads all
// of it before it opens it for writing. The errors name the file, and are
// [ErrHeld], [ErrRoom], [ErrBroken] or the operating system's.
//
// # Bounds
//
// The file holds the last [MaxEntries] entries, of at most [MaxBytes] together,
// none older than [MaxAge]. What goes beyond is removed in the transaction that
// adds the new, and by a look every ten minutes. Age counts by the wall clock,
// which is all that lasts from one start to the next; an entry from the future
// counts as received now, so that a clock that was wrong once keeps nothing for
// ever.
//
// # Slow and full disks
//
// Add never waits for the disk. One goroutine writes what came within 200 ms,
// or 256 entries, in one transaction: a crash loses that much. What waits is
// bounded like the file, the oldest going first, so nothing goes that the file
// would have kept. Where the disk is full, or fails, this is logged once, tried
// again every five seconds, and logged once more when it works again.
package store
