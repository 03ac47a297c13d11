// Package output is how every command writes what it has to say: JSON objects
// one a line ([JSONWriter], which all start with a [Head] and name people as a
// [Person]), and mistakes of users as an error and a hint ([Mistake]). What
// strangers wrote goes through package safe.
package output
