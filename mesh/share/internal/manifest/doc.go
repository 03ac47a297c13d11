// Package manifest says what a content consists of: its items, the folders and
// files in them, and the numbers of their pieces. It does no I/O beyond the
// reader and the writer it is given, and this page is the specification of the
// encoding.
//
// # Entries
//
// A content is a list of entries, each a folder or a file, in the order in which
// a walk meets them: a folder, then everything in it, then what comes behind
// it; what is in one folder by the bytes of its names, and no name twice. Every
// folder is an entry, so the one an entry is in always comes before it. What is
// in no folder is an item: a file, or a folder with all that is in it.
//
// A file has a size, whether its owner may execute it, and the time it was
// changed. A folder has neither: its time changes with every visitor's cache.
//
// # Encoding
//
//	version   1 byte   1
//	entries   number   1 to 1,000,000
//
// and for each entry
//
//	depth     number   in how many folders it is: at most one more than the
//	                   entry before it if that is a folder, else at most as many
//	name      1 + 1 to 255   length and bytes
//	kind      1 byte   0 file, 1 file its owner may execute, 2 folder
//	size      number   files only
//	changed   number   files only: nanoseconds since 1970 UTC, as signed below
//
// A number is 7 bits in each byte, the low ones first, and the top bit set in
// all but the last byte (LEB128), in as few bytes as can hold it. A signed
// number n is written as 2n, or -2n-1 if it is negative. Nothing follows the
// last entry. So each content has exactly one encoding, and its [Key] is the
// BLAKE3 hash of that: the same paths unchanged have the same key, whoever
// offers them. What is in the files has no part in it, since sending begins
// before all of it is read. [TestRoundTrip, TestGolden, TestKeyIsOfEverything,
// TestDecodeRefuses, FuzzDecode]
//
// # Bounds
//
// [Decode] refuses more than [MaxEntries] entries, [MaxSize] bytes and
// [MaxPieces] pieces, and does so while it reads: what it has taken up by then
// is what came, and about 32 bytes an entry. 100,000 files cost 6 MiB.
//
// # Names
//
// [CheckName] says which names no content has, since they are dangerous
// somewhere or cannot be written down: those that are no name but a path, that
// are too long, no UTF-8, or hold something that a terminal obeys. Everything
// else is somebody's file. The Linux kernel has an aux.c, and files whose names
// differ in case alone: what cannot have such a name at the destination is for
// [CheckWindows] and [Fold] to tell, and for whoever writes there to act on.
// [TestNames, TestFold, FuzzName]
package manifest
