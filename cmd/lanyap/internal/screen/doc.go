// Package screen draws on a terminal without taking it over: a [Painter] prints
// what scrolls by and keeps a [Block] of rows below it, and a [Console] gives the
// keys one by one.
package screen
