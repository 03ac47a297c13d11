// Package name is the one rule for what people and programs are called on the
// wire: names of nodes and of topics. Whoever writes one checks it, and every
// parser that reads one does, so that no name which came over a network holds
// anything that a terminal obeys or that ends a line in a script.
package name

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Max is how long a name may be, in bytes.
const Max = 64

// ErrInvalid is what [Check] returns, with the reason.
var ErrInvalid = errors.New("invalid name")

// Check returns an error that wraps [ErrInvalid] unless s is UTF-8 of at most
// [Max] bytes without control characters (line feeds, tabs and escapes among
// them), line and paragraph separators, and characters that turn the direction
// of writing (Unicode Standard Annex #9, section 2). The empty name is valid.
func Check(s string) error {
	if len(s) > Max {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrInvalid, len(s), Max)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: not UTF-8", ErrInvalid)
	}
	if i := strings.IndexFunc(s, forbidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("%w: holds %U", ErrInvalid, r)
	}
	return nil
}

// Clean returns what is left of a text for people that came over a network: at
// most limit bytes, cut between characters, with U+FFFD for what no name may
// hold.
func Clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if forbidden(r) {
			return utf8.RuneError
		}
		return r
	}, cut(s, limit)) // what is not UTF-8 becomes U+FFFD too
	return cut(s, limit)
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func forbidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
