// Package known remembers whom this user has met: which name goes with which ID, who
// was made sure of, and who is not wanted.
//
// [Open] reads the book and [Book.Meet] enters who is here. [Book.Judge] says how well
// somebody is known, and with whom a name could be mixed up. [Table] is the same
// without a file and without a clock, and [Words] is what two people compare.
//
// # How well somebody is known
//
// An ID cannot be borrowed, a name can. So somebody is
//
//   - [Verified], if this user has made sure who has that ID, by words that both
//     compared or otherwise; and the own ID always is
//   - [Seen], if the same ID came by the same name before
//   - [New], when it is here for the first time, until it has left
//   - [Changed], if the name is that of somebody else who is known, or could be taken
//     for it (package lookalike). [Verdict.Like] is whom it resembles.
//
// A name belongs to who was verified under it, and among others to who bore it first;
// who takes the name of somebody known is Changed, however long that ID was known by
// another. [TestBorrowedName, TestRename] If two were met within a minute of each other, neither has a
// claim. They are told apart by their IDs if their names are the same, and none is
// Changed; if one looks like the other both are. [TestOneHonestName, TestRace] To
// verify somebody settles it. What a page calls itself is
// no claim, since its key goes with the tab, and it is not remembered.
//
// # What is kept
//
// The file "known" in the state directory: JSON, a line for each, for its user alone.
// It holds [Limit] people. When it is full the merely seen go, those met on the fewest
// days first, and of these the longest not met: strangers by the thousand push out
// strangers. [TestStrangersPushOutStrangers] Who is verified or blocked never goes;
// if there is room for none of them [ErrFull] says so. [TestNeverForgotten]
//
// Several processes may have it open: each change is made to the file as it is then,
// under a lock, and each process takes in what others wrote. [TestTwoBooks] It is
// written whole beside the old one, which then gives way: a crash or a full disk
// leaves the old one. [TestFullDisk] Lines that cannot be read are told of and set
// aside, in a copy of the file, and the others stay. [TestDamaged, TestDamagedAtOnce] A
// file of a later version is not touched. [TestLaterVersion]
package known
