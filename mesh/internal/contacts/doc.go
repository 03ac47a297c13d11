// Package contacts decides whom a node dials, where and when.
//
// It is a state machine: it is told the time with everything that happens, and
// has no clock, no lock, no goroutine and no socket of its own. Nothing that it
// is told was proven by anybody, except that a link came up.
package contacts
