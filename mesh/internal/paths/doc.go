// Package paths knows who reaches whom in a room: over links of their own, and
// through others where a pair has none.
//
// A [Table] is what one node knows. It is told when a link begins and ends
// ([Table.Up], [Table.Down]) and what neighbours say ([Table.Hear]), and says
// which ways lead to whom ([Table.Ways], [Table.Best]) and what a neighbour is
// to be told ([Table.Tick], [Table.Take]). Time comes in as an argument; there
// is no I/O, no lock and no goroutine in here. A Table is not safe for
// concurrent use.
//
// # Links
//
// Each node knows the links of its neighbours, so that it knows at once who
// else leads to a member whose link ends. To tell everybody each link of
// everybody would take n³ entries in a room of n, and nearly always for
// nothing: where all have links to all, all have the same. So a member tells
// the digest of its links, and whoever has a list with that digest, its own or
// another neighbour's, has this one too. Only what is left is asked for, once
// the own links have been the same for a moment: while a room forms, all lists
// differ and none matters.
//
// Links that end are always named, and at once; those that are new when no more
// have come for a moment, and by name if they are few.
//
// # Further ways
//
// Whoever has no link to a member, but knows a way of at most three links, says
// so to those neighbours that have no part in it: not to the first on it, nor
// to those that have a link to the first, who know a shorter way by that. In a
// room where most have links to most, nobody is told anything of the kind.
//
// How long the shortest way is depends on links alone: ways of three links on
// those of two, and these on what neighbours say of their links. So once links
// stay as they are, what is told ends, after three steps.
//
// # Ties
//
// Of ways that are as short each pair of members has an order of its own, from
// a hash, so that those that relay share the work; those over pages come last. A way that carries
// something, and one that a neighbour was told of, is kept as long as it is as
// short as any: the frames of a tunnel must not overtake each other, and nobody
// is to be told of what makes no difference.
package paths
