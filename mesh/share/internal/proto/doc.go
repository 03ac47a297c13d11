// Package proto is the protocol in which members of a mesh share files, as
// bytes: AppendX writes, ParseX reads, [Reader] takes frames from a stream, and
// this page is the specification. It keeps no state.
//
// # Streams and frames
//
// It is spoken on streams of the service [Service], which prove who is at the
// other end. Each stream is about one content, or one question about a shelf.
// Both sides write frames, whenever they like:
//
//	kind     1 byte
//	length   4 bytes   of what follows
//	payload
//
// All integers are big-endian and of fixed width. Text is UTF-8, preceded by its
// length in 2 bytes where something follows it.
//
//	kind  name       most      payload
//	1     hello      64 KiB    version 2
//	2     offer      160 KiB   key 32 · flags 1 · files 4 · size 8 · items, below · a text
//	3     answer     64 KiB    code 1
//	4     join       64 KiB    key 32
//	5     describe   64 KiB    empty
//	6     manifest   256 KiB   last 1 · a part of the manifest
//	7     get        64 KiB    runs: first 4 · count 4
//	8     piece      4 MiB     index 4 · hash 32 · data
//	9     have       1 MiB     a set of pieces (package bits)
//	10    got        64 KiB    runs: which the sender of the frame has besides
//	11    fetching   64 KiB    runs: which it has asked others for
//	12    cancel     64 KiB    runs: which it no longer waits for
//	13    roots      64 KiB    entry 4 · root 32, repeated
//	14    ask hashes 64 KiB    runs
//	15    hashes     64 KiB    first 4 · hashes of 32
//	16    progress   64 KiB    bytes 8 · skipped 8 · files 4
//	17    failed     64 KiB    entry 4 · code 1
//	18    peers      64 KiB    several 1 · ID 32 · instance 8, repeated
//	19    bye        64 KiB    code 1
//	20    list       64 KiB    path
//	21    entries    64 KiB    last 1 · flags 1 · size 8 · time 8 · path, repeated
//	22    open       64 KiB    path
//	23    shown      64 KiB    empty
//	24    done       64 KiB    empty
//	25    ask roots  64 KiB    entries of 4
//	26    for        64 KiB    instance 8
//
// # How a stream goes
//
// The first frame of each side is hello, which it sends without waiting for the
// other's. The next one, of who opened the stream, says what it is about:
//
//   - offer: here is something for you. It is answered with asking, as soon as
//     somebody is asked, and then with accepted or declined; or with another
//     code at once. Who offers withdraws it with bye.
//   - join: I fetch what has this key, and you have it, or some of it. It is
//     answered with accepted or unknown.
//   - list: what is at this path of a shelf? It is answered with entries. An
//     empty path asks for the shelves.
//   - open: I fetch what is at this path. It is answered with an offer, which
//     needs no answer, or with bye.
//
// # Who acts for another
//
// A member may have its files kept by another, a page in a browser by the node
// that serves it: it says so by taking part in the topic "share@" and the keeper's
// instance in hex. Who has something for it dials the service "share/" and the
// member's instance, at the keeper. Who keeps, and opens a stream for it, says for
// between hello and what the stream is about; that is believed if the member is
// here and says the same of the one at the other end. All that this page says of
// members, in peers too, is of the member that it is for.
//
// Versions from before that skip for, and so take what is opened for a member as
// its keeper's own: an offer is from the keeper then, and who fetches with others is
// not known to them. They dial the member itself, where nobody listens.
//
// From then on who fetches pulls: describe is answered with the manifest in
// parts, get with a piece for each number or with failed for the file it is of.
// Pieces come in the order in which they were asked for, but those that who offers
// has not got itself yet come when they can. Bit 2 of an offer's flags says that
// there may be such: who fetches asks for the first ones first. have says once what
// there is to get, got what came since; of who offers all is had. ask is answered
// with hashes, for which who offers reads its files where it has not yet, and
// others give what they have or nothing. roots come from who offers as soon as
// they are known, for each entry that ask roots named. peers names who else fetches
// the same, and says whether there are, or will be, others at all; it replaces the
// one before.
// progress, failed and done tell who offers how far the other is. bye ends the
// stream and says why; nothing comes after it.
//
// Those whom peers names to each other open streams among themselves: the one whose
// instance is the smaller does, after two seconds either may. The first frame is
// join, and nobody is accepted whom the offerer has not named. Both then fetch and
// serve on it: have comes first, then got for what has come since, and fetching for
// what was asked of the offerer, so that others do not ask it too.
//
// A piece is verified against the hash that its offerer gave for it, a file
// against the root that its offerer gave for it. What others say of either is
// believed where it adds up to that.
//
// # Bounds
//
// A payload that is longer than its kind may be, or does not read as written here,
// is a violation, and so are more than [MaxGets] runs that are asked for and not
// answered, and an answer to what was never asked. Whoever meets one ends the
// stream.
//
// # How it grows
//
// A frame of an unknown kind is skipped if it is not longer than 64 KiB. What
// follows the fields listed here in hello, answer, join, progress, failed, bye,
// shown and done is ignored. Bits of flags that are not known are ignored. The version
// in hello is 1, and rises only with changes that older ones cannot skip: then
// both speak the lower of the two.
package proto
