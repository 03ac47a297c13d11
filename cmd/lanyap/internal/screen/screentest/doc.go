// Package screentest is a terminal that somebody looks at, for tests of what is
// drawn on one.
package screentest
