// Package keeper handles files for pages: members of the mesh in browser tabs, which
// have a disk only by way of their browser's uploads and downloads. A page tells its
// keeper, a node that serves it, what it offers and takes; the keeper acts in its name
// (share.Config.For), and moves the bytes between the mesh and the browser by HTTP.
//
// [Open] has a node do so, and the [Keeper] is the http.Handler of /files/. The test
// that holds a promise is named in brackets.
//
// # Control
//
// A page opens a stream of the service [Service] to its keeper, which proves who it
// is, and takes part in the topic share.KeeperTopic of it, by which others believe the
// keeper. Both write JSON objects, one a line. Lines of unknown kinds, and keys that
// are not known, are ignored; one that makes no sense is answered by a mistake.
//
// From the page, with "do" saying what:
//
//	{"do":"offer","id":"a1","to":["ID",…],"files":[{"path":"a/b.txt","size":1,"time":MS},…]}
//	                            offer files to some, or without to, to all who are here
//	                            and who come while it is open; id is the page's choice
//	{"do":"withdraw","id":"a1"} end that
//	{"do":"accept","id":"…"}    take what is offered
//	{"do":"decline","id":"…"}   turn it down
//	{"do":"cancel","id":"…"}    end what was accepted, or offered
//	{"do":"forget","id":"…"}    what was downloaded is not needed any more
//
// To the page, with "is" saying what it is; person is {"id","instance","name"} and
// "web":true for a page:
//
//	{"is":"ready"}              the first line; what is open follows
//	{"is":"offer","id":"…","from":person,"items":[{"name","dir","files","size"},…],"count":1,"files":1,"size":1}
//	{"is":"text","id":"…","from":person,"text":"…"}
//	                            a text that somebody sent; there is nothing to accept
//	{"is":"withdrawn","id":"…","why":"…"}
//	                            an offer that is no longer there
//	{"is":"upload","id":"a1","file":0,"url":"/files/TOKEN","offset":0,"key":"…"}
//	                            send that file, by its place in files, from offset on;
//	                            key, in base64, in a private room alone: sealed
//	{"is":"download","id":"…","url":"/files/TOKEN/NAME","name":"…","size":1,"zip":false,"key":"…"}
//	                            where what was accepted is; zip: as one archive
//	{"is":"progress","id":"…","member":person,"bytes":1,"size":2}
//	                            of what is coming, or with member of what goes to somebody
//	{"is":"state","id":"a1","member":person,"state":"…","why":"…"}
//	                            offered, accepted, declined, arrived or failed
//	{"is":"done","id":"…"}      all of it is here, or an offer is over
//	{"is":"failed","id":"…","why":"…"}
//	{"is":"mistake","id":"…","why":"…"}
//
// What a why says is for people; where it is about a member its name goes before it.
// An offer's items are the first 64. Progress is told when there is any, at most five
// times a second. Who is here and takes no files is not told of, if it is offered to
// all; if that are all, it fails after 5 s. [TestOfferToOne, TestOfferToAll,
// TestOfferToNobody, TestOfferToAnotherStart, TestTakeWhatIsOffered, TestText,
// TestMistakes]
//
// Uploads are asked for when somebody has accepted, at most 8 files at a time, in the
// order of files; the next when one is complete. [TestUploadsAreAskedForInTurn]
//
// # Bytes
//
// TOKEN is 130 random bits, and good for as long as what it is for.
//
//	PUT /files/TOKEN        with Upload-Offset: N appends the body to a file. 204, or
//	                        409 if N is not where the file ends; both say Upload-Offset
//	                        (as in draft-ietf-httpbis-resumable-upload). 413: it would
//	                        be longer than was announced. 507: the disk is full. 408: no
//	                        byte came for a minute.
//	HEAD /files/TOKEN       says Upload-Offset and Upload-Length
//	GET /files/TOKEN/NAME   is what was accepted, from the first byte on while the rest
//	                        is still coming; with Range, but for archives. 410: it did
//	                        not arrive
//
// A second PUT ends the first one to the same file. What is slow may take as long as
// it takes; what stands still for a minute is ended, and a browser that takes less than
// 256 KiB in one. [TestSlowUpload, TestSlowDownload] [TestUpload, TestWrongOffset,
// TestTwoUploadsOfOneFile, TestUploadCutInTheMiddle, TestDownload, TestRanges,
// TestArchive] The name in a URL is for people: it is not looked at. What is sent is
// an attachment of no type, under a name by RFC 8187. [TestNames]
//
// # In a private room
//
// With [Config.Sealed] all bodies are sealed (package sealed), each thing that is moved
// under a key of its own that only the page knows, and what is authenticated beside a
// body is the offset at which it begins. Upload-Offset and Upload-Length count the file's
// own bytes. Nothing in an address, a header or an answer names a file or somebody: what
// went wrong is told over the stream. A download has no Range, but ?from=N, of one file.
// Who listens learns how long things are, and when they go; who has seen a TOKEN and
// asks for it gets what is of no use to them. [TestSealedUpload, TestSealedDownload,
// TestSealedTellsNothing]
//
// # Who is gone
//
// A page whose stream ends keeps all for a minute: transfers, uploads and downloads go
// on, and a new stream of the same page finds them; of what its browser has fetched only
// the end is told again. [TestPageComesBack, TestFetchedIsNotToldAgain] Then its offers
// are withdrawn, those who were fetching are told that it was canceled, and what it
// took is removed, when the browser has fetched it or does not try to. [TestPageIsGone]
//
// # Bounds
//
// Nobody's disk is filled: what does not fit, with 256 MiB to spare (on a small disk a
// tenth of what is free) and with all that has been promised to others, is refused with
// words that say so. [TestDiskIsFull] All is in a temporary directory that goes with
// the program, or after a crash when the next one starts. [TestNothingIsLeft]
//
//	pages                64
//	a page's offers      16 open, and 16 that it has accepted: for another goes what
//	                     was fetched longest ago, or failed
//	files of an offer    10,000
//	a line               2 MiB
//	lines                50 a second, and 200 at once; others wait
//	unread lines         4 MiB, then the stream ends, and the page opens another; or
//	                     what was so when it began, and 1 MiB
//	texts                16 of 2 MiB in all, for a page that has no stream
//	what was fetched     goes after 10 minutes
//	what failed          goes after a minute, when the page has been told
//
// [TestManyDownloads, TestCanceledDownloadsGo, TestManyLongTexts]
package keeper
