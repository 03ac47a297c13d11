// Package source reads what is sent where it lies: [Walk] looks at files and
// folders and makes a manifest of them, [Shelf.Walk] does of what somebody else
// names, [Spool] of a stream, and [Source.ReadPiece] reads the pieces that
// somebody asks for, each with its hash.
//
// # What is sent
//
// A path on the command line may be a symbolic link, and stands for what it
// links to. Inside of a folder no link is followed: links, named pipes, sockets,
// devices, what cannot be read, names that no manifest has
// ([manifest.CheckName]) and unfinished transfers are left out, and
// [Source.Omitted] names them with the reason
// [TestLinksAndSpecialFilesAreLeftOut, TestNamesThatCannotBeSentAreLeftOut,
// TestUnreadable, TestUnfinishedTransfersAreLeftOut]. Of the paths themselves
// the same is an error [TestItemsThatCannotBeSent,
// TestSpecialFileOnTheCommandLine].
//
// What is in a folder is opened below it ([os.Root]): whatever it is replaced by
// meanwhile, no byte from elsewhere is read [TestReplacedFiles,
// TestFolderReplacedByALink].
//
// # Shelves
//
// A [Shelf] is a folder of which others name what they want, by path or by
// patterns. All of it is opened below an [os.Root]: a path with a part that is
// empty, "." or ".." is not there, and neither is a link that leads off the
// shelf; one that stays on it may be named, and is what it leads to
// [TestShelfList, TestShelfLinks, FuzzShelf]. What is in a folder is sent as
// above, without the links in it [TestShelfWalk]. A pattern stands for at most
// 10,000 places [TestShelfListIsBounded].
//
// # Changes
//
// A file is sent as it was when it was looked at. Once its size, its time or its
// inode is another, reading it fails with [ErrChanged], also while it is open
// [TestChangedFiles]. A change that leaves all of them as they were, within one
// tick of the clock of its file system, is not seen here; what is sent is then
// not what was hashed, and the receiver sees it.
//
// # What comes later
//
// [Expect] makes a source of files whose bytes an [Intake] takes as they come.
// [Source.Ready] and [Source.Next] say what can be read by now; nobody waits for
// bytes in here. They lie in one file of a temporary name, which is removed at once
// where the system lets that be.
//
// # Hashes
//
// Each piece is hashed when it is first read, for whatever reason, and its hash
// is kept in memory: 32 bytes for 256 KiB. The root of a file is known once all
// of its pieces were read; [Source.Root] and [Source.HashAhead] read those that
// nobody asked for. HashAhead waits while others read
// [TestHashAheadWaits], and several of them share the work [TestHashAhead].
//
// A [Cache] keeps the hashes of files of 1 MiB and more, known by path, size,
// times and inode, so that they are not read again to be known [TestCache,
// TestCacheOfWhatIsNoLongerSo]. It holds the hashes of the last 16,384 files, at
// most 64 MiB [TestCacheIsBounded], and none of a file that was changed within
// the three seconds before it was looked at
// [TestCacheKeepsNothingOfWhatJustChanged].
//
// # Cost
//
// One core of a server of 2024 reads and hashes 4.2 GB/s that are in the page
// cache, walks over 200,000 files in a second, and reads 110,000 of 4 KiB. At
// most 64 files and folders are kept open. In memory a file of one piece takes
// up 72 bytes and its name [TestMemory].
package source
