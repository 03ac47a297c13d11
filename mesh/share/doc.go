// Package share moves files between the members of a mesh: from one to another,
// from one to many who help each other, and from a shelf that others browse. What
// arrives is verified, what is cut goes on, and nothing appears under its name
// before all of it is there.
//
// A program opens a [Sharer] on its node. Who sends collects what is to be sent
// and offers it to an ID; who receives decides on each offer, and where it lands:
//
//	sharer, err := share.Open(node, share.Config{StateDir: dir, Receive: true})
//	if err != nil {
//		return err
//	}
//	defer sharer.Close() // before the node
//
//	content, err := share.Collect(ctx, "holiday.zip", "slides")
//	…
//	transfer, err := sharer.Send(ctx, content, bo)
//	…
//	err = transfer.Wait(ctx)
//
// and on the other side
//
//	for offer := range sharer.Offers(ctx) {
//		transfer, err := offer.Accept(ctx, share.Destination{Dir: "Downloads"})
//		…
//	}
//
// The test that holds a promise is named in brackets.
//
// # Offers
//
// Nothing is sent that nobody has accepted. An [Offer] says who it is from, what it
// is called, and how much it is; names in it are text from a stranger, to be made
// harmless before it is shown. [TestOfferSaysWhatItIs, TestDecline]
//
// All programs that run under an ID are one recipient: all are offered it, the
// first to accept takes it, and the others see it withdrawn, as [ErrTaken].
// [TestFirstToAcceptTakesIt, TestOneDeclinesAnotherAccepts] Who sends is told at
// once that nobody of that ID is here, or that none of its programs takes offers.
// [TestNobodyOfThatIDIsHere, TestWhoDoesNotReceive] An offer may be withdrawn, and
// is when its sender is gone. [TestWithdraw, TestSenderThatDiesWithdraws]
//
// A text of up to 64 KiB comes with its offer. It is neither accepted nor declined,
// and has arrived when a program has taken it from [Sharer.Offers]. [TestText]
//
// Several transfers to one receiver, or from one sender, at once are normal.
// [TestSeveralSendersAtOnce]
//
// # What arrives
//
// Files come in pieces of 256 KiB or more. Each is compared with the BLAKE3 hash that
// whoever offered it gives for it, before it counts, and each file with its root,
// which is what b3sum prints for it, before it gets its name: so do bytes that
// differ from what is on the sender's disk, sizes that do not fit, and hashes that
// do not add up, on no side pass for having arrived. [TestOneFile, TestFolder,
// TestLyingOfferers] Sending begins before files have been hashed, and many small
// ones take no round trip each.
//
// A folder keeps its paths, and of its files the times and the executable bit,
// unless [Destination.Plain] leaves that away. What cannot be sent is left out and
// named. [TestCollectLeavesOut] Names from the network never lead out of
// [Destination.Dir]; what happens where a name is taken is up to
// [Destination.Conflict].
//
// A file that changes, or becomes unreadable, while it is sent is told to both
// sides; the others go on, and the transfer ends with an [IncompleteError] that
// names it. [TestFileThatChanges, TestFileThatIsGone] What is wrong at the
// receiver, such as a disk that is full, is told to the sender by the same error.
// [TestNoRoomIsToldAtOnce, TestDiskThatFills, TestDestinationThatIsNone]
//
// Either side may cancel; the other is told. [TestCancelBySender,
// TestCancelByReceiver, TestCloseEndsEverything]
//
// # Going on
//
// A transfer whose stream breaks goes on where it was, when the two reach each
// other again: the receiver waits until it is canceled, the sender until the
// context of Send ends. [TestCutGoesOn] It is the same when either is started
// anew, after a crash as well: what was verified is in Config.StateDir and beside
// the destination, and the same paths, unchanged, are the same content. The sender
// is told the same as before; to the receiver it is an offer again, which says in
// [Offer.Partial] what is here of it. [TestReceiverStartsAnew, TestSenderStartsAnew]
//
// What the receiver has under the same name already, or of a folder, is not sent
// again. [TestWhatIsThereIsNotSentAgain, TestManyFilesAreThere,
// TestAnotherOfThatNameIsThere]
//
// What nobody came back for goes after a week; see [Partials] and [Clean].
//
// # Many receivers
//
// Receivers of the same content give each other what they have: its sender uploads
// about once what many get. Each of them is offered it by a Send of its own, with
// the same [Content]. [TestReceiversHelpEachOther] One that comes late, or leaves in
// the middle, disturbs nobody, and if the sender leaves the others share out what
// they have. [TestReceiverJoinsLateAndOneLeaves, TestReceiversGoOnWithoutTheSender]
// Who has all goes on serving as long as its Sharer is open and another needs it.
// Who gives wrong bytes is [Dropped]. Only those take part who have accepted it from
// the sender. [TestJoinWithoutAnOffer]
//
// # Shelves
//
// [Sharer.Share] lets others look at a directory, and fetch from it, as it is at the
// time: all in the room, or the IDs that it is for. [TestShelvesAreListed, TestGet,
// TestShelfForSome] No path leads out of it, nor does a link in it.
// [TestPathThatLeavesTheShelf] What is fetched goes on after a cut, unless it is
// another by then. [TestGetGoesOnAfterACut, TestShelfThatIsTakenDown]
//
// # Pages
//
// A member that cannot move files itself, a page in a browser, has them kept by
// another: it takes part in the topic [KeeperTopic], and a Sharer with [Config.For]
// acts for it there. To all others it sends and receives as anybody does: what it
// offers is from it, what is offered to its ID its keeper is asked about, and it
// helps others, and is helped, under its own name. [TestPageReceives, TestPageSends,
// TestPagesAmongThemselves, TestPagesHelpEachOther, TestPageReadsShelves,
// TestPageThatGivesWrongBytes] One start of a program may keep several, and others
// of its own.
//
// Nobody is believed to act for a member that does not say so, or is not here: its
// streams end, with [ErrProtocol] to itself. [TestKeeperThatNobodyNamed,
// TestPageThatHasLeft, TestPageIsKnownALittleLater] Who sends to a member that names
// nobody who is here and keeps its files is told [ErrNotReceiving] at once.
// [TestPageWithoutAKeeper] A keeper that is gone is as a sender or a receiver that is
// gone: the other side waits, and goes on with the next that the member names.
// [TestKeeperThatDies]
//
// What a page sends is known before its bytes are here: [Expect] makes a content of
// names and sizes, which is offered at once, and an [Intake] takes the bytes as they
// come, once somebody has accepted, in a temporary file. [TestBytesThatComeLater,
// TestManyFilesThatComeLater, TestNothingIsLeftOfAnUpload] Each piece goes out as soon
// as it is here, whatever was asked for before it, and several receivers share out
// what comes. [TestWhatHasComeWaitsForNothing, TestReceiversOfWhatIsComing] They wait
// as long as it may come; what does not come after all they are told is unreadable.
// [TestUploadThatDoesNotCome, TestUploadThatFails, TestWhatComesLaterIsThere] An
// upload goes on where it was cut, and a full disk is told to who uploads.
// [TestIntakeErrors, TestUploadThatIsTakenUp, TestUploadFillsTheDisk] Its names are
// those that may be sent. [TestPathsThatCannotBeExpected]
//
// What comes for a page is read while it comes: [Transfer.Open] is a reader of a file
// that waits for bytes which have been verified, and has those fetched first that it
// reads next; [Transfer.Zip] is several, or a folder, as one archive whose size is
// known before. [TestReadWhileItLands, TestWriteWhileItLands, TestServeWhileItLands,
// TestReaderIsServedFirst, TestEntries, TestZipWhileItLands, TestZipSizes,
// TestZipNames] Readers hold up nobody, and end with what the transfer, or their file,
// ends with; the end of a file is not read before its root fits.
// [TestSlowReaderHoldsUpNobody, TestReadersOfASwarm, TestReaderThatWaitsInVain,
// TestReaderOfAFileThatFails, TestReaderOfALie, TestEntriesThatAreNeverTold,
// TestZipThatFails] They outlive the transfer, as long as what has landed stays.
//
// Programs from before there were pages take an offer of a page for one of its
// keeper, and cannot send to a page: they are told that it does not receive.
//
// # Strangers
//
// Who is at the other end of a stream is proven; what it says is not believed:
// everything is bounded before it is allocated, and whoever does not keep to the
// protocol loses the stream, and nobody else anything. [TestLyingReceivers,
// TestOffersThatCannotBe, TestOffersByTheThousand, TestManifestWithoutEnd,
// TestFileOfAllBytes, TestProgressThatCannotBe, TestReceiverThatDoesNotRead,
// TestTooManyRequests]
//
// Whoever is in the room sees that a member shares, not what. Streams are
// encrypted, and who relays one cannot read it.
//
// # Cost
//
// A Sharer that does nothing is a listener and one goroutine, and touches no file.
// [TestIdleTouchesNothing] One that moves files has at most 8 MiB a transfer that
// is not on disk yet, some buffers of 256 KiB a stream, and of each entry of the
// content some 50 bytes. Reading and hashing, sending, receiving, and verifying and
// writing each have goroutines of their own. Config.UploadLimit bounds what goes
// out, a fair share to each who fetches. [TestUploadLimitIsShared] A [Reader] has one
// piece in memory, a [Zip] some 500 bytes an entry.
//
// # Limits
//
//	content          1,000,000 files and directories, 64 MiB of names, 4,194,304
//	                 pieces: 1 TiB, and 16 TiB in files of 256 GiB and more
//	text             64 KiB
//	offers open      8 of an ID, 64 in all; the next is told [ErrBusy]
//	shelf requests   8 at once of an ID, 64 in all; entries in a list 10,000
//	a fetch idles    5 minutes, then a shelf forgets it [TestIdleReaders]
//	streams          32 of an ID that have not said what they are about
//	warnings         64 a transfer
//	who reads not    30 s, then its stream ends
//
// The protocol is specified in internal/proto, and what a content is in
// internal/manifest and internal/tree.
package share
