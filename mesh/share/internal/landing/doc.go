// Package landing brings what is received to its place: pieces in any order
// become files, which appear under their names when all of them is there and
// right, and not before.
//
// [Open] is where to start. It takes the manifest of a content, a directory to
// receive into, and a state directory:
//
//	l, err := landing.Open(m, landing.Options{State: state, Dir: "Downloads"})
//	…
//	defer l.Close()
//	err = l.Verify(ctx, told)                 // what an earlier run left
//	for _, e := range l.Existing() {          // what may be there already
//		err = l.SetRoot(e, root)          // as the sender said it
//		same, err := l.Adopt(ctx, e)
//	}
//	for run := range l.Wanted().Runs() {      // … fetch, and as it comes:
//		err = l.WritePiece(i, hash, data)
//		landed, err := l.Finish(ctx)
//	}
//
// # Where things lie
//
// What is under way lies beside the destination's files, in the directory
// .lanyap-KEY, which is the user's alone (0700): the stage. So a whole item, a
// file or a folder, gets its name by one rename, and a program that is killed
// leaves nothing under a final name that is not complete
// [TestKilledAtAnyMoment]. What is known of it is in the state directory, in
// partials/KEY: the journal. One process has it at a time; the next is told
// [ErrHeld] [TestOneProcessAtATime].
//
// # Only what is right counts
//
// Every piece is hashed before it is written and compared with the hash that its
// sender said [TestBytesThatDoNotFitAreRefused]. When a file is complete its
// pieces are compared with its root; if they do not fit, nothing of it counts
// [TestPiecesThatDoNotAddUpToTheRoot]. With the root, the hashes of its pieces
// may come from anybody ([Landing.SetHashes])
// [TestHashesAreComparedWithTheRoot]. Whoever reads a piece to serve it gets it
// only if it still has its hash [TestNothingIsServedThatWasChanged].
//
// # Going on
//
// The journal says which pieces were written, with their hashes. It is written
// once for every 512 pieces or MiB, the data at once, and nothing is forced to
// the disk: a crash loses no more than that. Whoever goes on hashes what is there
// ([Landing.Verify]), so it does not matter what a crash has left
// [TestOnlyWhatIsRightCountsWhenItGoesOn]. If it goes on with another
// destination, what has come moves there [TestPartialMovesToAnotherDestination],
// or, where that is on another disk, begins anew.
//
// Where a file of a folder has changed since, what is sent is another content.
// What of it lies in the partial of the one before is taken from there
// ([Landing.Existing]) [TestPartialOfAnotherContentGives].
//
// Partials that nothing comes for are removed after a week, when another content
// is received [TestPartialsAreRemovedAfterAWeek], with what lies beside their
// destinations. [Partials] lists them, [Clean] removes them.
//
// Nothing is forced to the disk when an item gets its name, either, as with cp:
// after a power cut its bytes may be missing where the file system has not
// written them yet.
//
// # Names
//
// No name from the network reaches a path but as one part of it: all is done in
// an [os.Root], step by step. What is a link where a folder is expected is not
// followed, and what is a FIFO or a device is not opened
// [TestLinksAreNotFollowed] [TestLinkThatIsSwappedInIsNotFollowed]
// [TestWhatIsPlantedInTheStageIsReplaced]. The dot that begins the name of an
// item becomes "_.", since what is hidden may be obeyed; within a folder names
// stay [TestLeadingDotOfAnItem]. Where Windows' rules hold, names that cannot be
// there change [TestWindowsNames]. Where the disk takes for one what differs in
// case or in how a letter is composed, the second of two becomes "name (2)"
// [TestTwinsAreToldApart] [TestAllTwinsLand]. Which of these hold is not asked of
// the system but tried, since a memory stick has its own.
//
// # Names that are taken
//
// By default an item lands beside what is there, as "name (2).ext"
// [TestRename], and no other process's file is replaced, whenever it appears
// [TestTwoLandUnderOneName] [TestOneOfManyGetsAName]. With [Skip] what is there stays, is not fetched, and
// a folder gets what it lacks [TestSkip]. With [Overwrite] a file is replaced,
// and a folder gets what is sent and keeps what else it has [TestOverwrite]; a
// folder is never replaced by a file, nor a file by a folder: [ErrInTheWay],
// before anything is fetched if it is there by then [TestFolderIsNotReplaced].
// What is the same already is not fetched ([Landing.Existing])
// [TestSameContentIsReceivedAgain] [TestChangedFolderIsFetchedInPart].
//
// # Disks
//
// What needs more space than there is fails before anything is written
// [TestHostileSizes]. A file is preallocated where the system can. A full disk,
// a quota, a limit on the size of files and a disk that may not be written to
// have their errors: [ErrNoSpace], [ErrQuota], [ErrTooLarge], [ErrReadOnly]
// [TestDiskIsFull] [TestFileIsTooLarge] [TestDestinationIsReadOnly]. What has
// come stays, to go on with when there is space, until [Landing.Remove].
//
// # Cost
//
// A content's pieces and entries cost a bit and a byte each; hashes and roots are
// in the journal [TestManyFilesCostLittleMemory]. At most 24 files and 48
// directories are open [TestFewFilesAreOpen], and 24 for each of at most 4 other
// partials that it takes from. A file of one
// piece costs its own five system calls, and an entry in the journal with 511
// others [BenchmarkSmallFiles].
package landing
