// Package output is how every command writes what it has to say: text that is
// safe on a terminal ([Text], [Line]), JSON objects one a line ([JSONWriter],
// which all start with a [Head] and name people as a [Person]), and mistakes of
// users as an error and a hint ([Mistake]).
//
// # What a terminal is shown
//
// Names and texts come from strangers. [Text] and [Line] let no control
// sequence, bidirectional override or pile of combining marks through to a
// terminal. JSON keeps the exact text and escapes such characters in the way
// of JSON.
package output
