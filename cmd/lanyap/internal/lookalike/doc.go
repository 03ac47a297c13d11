// Package lookalike tells which names could be taken for each other: those that
// differ in nothing but case, spaces, characters that are not seen, and characters
// that look like others, as the Cyrillic а and the Latin a.
//
// [Skeleton] is that of Unicode Technical Standard #39, section 4, with the table
// of the standard ([Version]). It compares what is written, not how: letters that
// are written from right to left are not put into the order in which they are seen.
// [Of] returns what a name is looked up by, and [Alike] compares two.
//
// # What is alike
//
// Case makes no difference, which the standard leaves to others, since it keeps
// nobody from taking Ana for ana. That has a price: a capital I looks like a small l,
// and is a small i, so all three, and 1, are one here, and "Ian" is like "Lan". A
// name is folded both before and after its characters are replaced by what they look
// like, and two names are alike if they meet in any of it: some letters change what
// they look like with their case, such as the Greek Ν and ν.
//
// Letters that are wide, raised, joined or in a circle are like those that are not
// (compatibility decomposition). Letters with accents are not like those without.
package lookalike

//go:generate go run ./generate confusables.txt
