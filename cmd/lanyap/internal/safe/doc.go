// Package safe is what becomes of names and texts of strangers before anybody
// is shown them, on a terminal, in a log or in a page: [Text], [Line] and
// [Name]. It is pure, and knows nothing of terminals.
//
// They let no control sequence, bidirectional override or pile of combining
// marks through.
package safe
