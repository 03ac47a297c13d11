// Package picker chooses which pieces of a content a receiver asks of whom.
//
// A [Picker] is what one receiver knows of who has what: it is told who can be
// asked and what they have ([Picker.Joined], [Picker.Has], [Picker.Left]), what
// has arrived ([Picker.Got]) and what has not ([Picker.Failed], [Picker.Lied]),
// and says what to ask next ([Picker.Next]) and what no longer needs an answer
// ([Picker.Cancelled]). Time comes in as an argument; there is no I/O, no lock
// and no goroutine in here. A Picker is not safe for concurrent use.
//
// # One holder
//
// Who is alone with one holder asks for everything in order, in runs of up to 4
// MiB or 1,024 pieces, several at a time.
//
// # Many receivers
//
// Where several receive the same, the origin is to send each piece about once,
// and the others pass it on. The content is cut into blocks of some pieces, in
// which all receivers agree. Each block that nobody has yet has an owner among
// the receivers, by a hash in which all agree as well: it is the one that asks
// the origin for it. So no two ask for the same, however long it takes until
// they hear of each other. Who has asked for its own blocks asks for those of
// others, except for what they announced; so nobody who is slow or gone holds up
// the rest.
//
// What others have is asked of others: the rarest first, of those as rare some at
// random, so that each has something that the rest lack. The origin is asked for
// it only when nothing is left that is new, and the others would take long.
//
// # How much at a time
//
// At each holder there is in flight what it gives in a fraction of a second: what
// is asked for is out of others' reach, and what arrives late cannot be passed on.
//
// # Those that are late
//
// A holder that gives nothing for many times as long as others take for a piece
// has stalled: what it was asked for is asked of others as soon as they have
// nothing else to give, and it is asked no more until something comes. Near the
// end, what would come much sooner from another is asked of both; that is
// bounded to a fiftieth of the content, and what came from one is cancelled at
// the other.
//
// A holder that lied is never taken again, nor one that again and again has not
// what it said it had.
package picker
