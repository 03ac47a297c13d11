// Package contacts decides whom a node dials, where and when.
//
// It is a state machine: a [Table] is told the time with everything that happens,
// and has no clock, no lock, no goroutine and no socket of its own; what it does
// by chance follows from a seed. Nothing that it is told was proven by anybody,
// except that a link came up.
//
// # Use
//
// Tell it what discovery sees ([Table.Sighted], [Table.Vanished]), what members
// say ([Table.Told], [Table.Reached]), and of links ([Table.Linked], [Table.Unlinked],
// [Table.Departed]). [Table.Due] returns the dials to begin, [Table.Wake] when to
// ask again. Of each dial tell how far it is ([Table.Moved]), who answered in
// place of who was meant ([Table.Instead]), and how it ended ([Table.Ended],
// [Table.EndedByHand]). [Table.Expire] forgets. [Table.Pending], [Table.IsGone],
// [Table.IsSighted], [Table.Known] and [Table.All] answer questions.
//
// # Who dials
//
// Of two nodes the lower instance dials at once. The higher one waits 40 ms, or
// twice what dials take at present (a second at most), and begins to wait anew
// while others call it, for three seconds in all (turn.go). So few dials cross, and
// a firewall that lets in one side only costs no more than that.
//
// # Pages
//
// A page, a node in a browser, dials only what was given to it by hand, the node
// that served it; nobody dials it. To whom members reach ([Table.Reached]) it offers
// a link through one of them: a dial like others, with the same order, number at
// once and patience, which has [Dial].Over in place of addresses. No neighbour has
// more than its share of those under way, one that came to nothing is repeated
// over another, and the wait doubles up to four minutes (offer.go).
//
// # How many at once
//
// Four to begin with; one more for each dial that made a link within 40 ms, up to
// 16; half when one took longer than 150 ms, down to one (window.go). What was
// measured holds for ten seconds. A dial that is kept waiting gives its place up
// to others and goes on beside them, 16 in all (dial.go). Addresses given by hand
// have four places of their own.
//
// # In what order
//
// Who was met where another was meant; who failed least often, or ended a link
// within five seconds of its coming; who is due first,
// where chance decides within a second, so that of many who start at once not all
// dial the same one (due.go). Half of the places are for those that never failed.
// Of a contact's addresses those come last at which it did not answer last time,
// or another is linked.
//
// # How often
//
// After a dial in vain 250 ms, doubled up to 5 s, or 30 s for those that nobody
// has sighted for a minute (retry.go). No address more often than every 150 ms,
// no host more than six times in vain and then every 5 s, no network more than 128
// times and then every 125 ms, whoever is said to be there (places.go): forged
// announcements cost a bystander no more than one node there would.
//
// # Other secrets
//
// An instance that turned out to know another secret of the room is never dialed at
// that host again, for each dial is a guess ([Table.Foreign], foreign.go): at another
// host it is, and so is another instance there. 4,096 of them are remembered, beyond
// the contacts; a link proves the contrary. Of a member it is held for ten minutes:
// somebody was in its place. Where somebody called from in a node's name with another
// secret, that node is dialed in a minute, if it is no member ([Table.Denied]).
//
// # How long
//
// Two minutes after the last sighting, 15 minutes after the last link; 512
// contacts, 16 addresses each, of which members told four (forget.go).
package contacts
