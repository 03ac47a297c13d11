package safe

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clusterMarks is how many combining marks, joiners and variation selectors
// may follow one character. Scripts and emoji in real use need four to six; a
// longer pile is there to cover the lines above and below.
const clusterMarks = 8

// Text returns s so that a terminal, a log or a page shows it and does nothing
// else. Line feeds and tabs stay. Everything that moves the cursor, changes colours,
// turns the direction of writing (Unicode Standard Annex #9) or takes no room on the
// screen is shown as a picture or as <U+XXXX>, and piles of combining marks are cut.
// A mark that follows nothing gets a dotted circle, and none of what stands before
// the text. What is not UTF-8 becomes U+FFFD.
//
// Text is idempotent: what it returned is left as it is.
func Text(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if plainASCII(s) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	walk(s, func(r rune, as role) {
		switch as {
		case itself:
			out.WriteRune(r)
		case baseless:
			out.WriteRune(dottedCircle)
			out.WriteRune(r)
		case other:
			writeVisible(&out, r)
		}
	})
	return out.String()
}

// role is what becomes of a character.
type role int

const (
	itself   role = iota // it is shown
	baseless             // a mark that follows nothing
	dropped              // one mark too many, or a selector that selects nothing
	other                // something stands for it
)

// dottedCircle is what marks are shown on (Unicode Standard, section 5.13).
const dottedCircle = '\u25cc'

// walk has f told what becomes of each character of s.
func walk(s string, f func(r rune, as role)) {
	marks := 0 // since the last character that stands for itself
	before := '\n'
	for i, r := range s {
		mark := isMark(r)
		switch {
		case (mark || isJoiner(r)) && marks < clusterMarks && joins(before, r, s[i+utf8.RuneLen(r):]):
			as := itself
			if before == '\n' || before == '\t' {
				as = baseless
			}
			marks++
			before = r
			f(r, as)
			continue
		case mark:
			f(r, dropped)
			continue
		}
		if before != zwj {
			marks = 0
		}
		before = r
		if r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && !invisible(r) {
			f(r, itself)
		} else {
			f(r, other)
		}
	}
}

// Line is [Text] for what has to stay on one line, such as a name: line feeds
// and tabs are made visible too, and spaces around it are dropped.
func Line(s string) string {
	s = Text(s)
	s = strings.NewReplacer("\n", "␊", "\t", "␉").Replace(s)
	return strings.TrimSpace(s)
}

const (
	zwnj = '\u200c' // zero width non-joiner
	zwj  = '\u200d' // zero width joiner
)

func plainASCII(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c == 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

func isJoiner(r rune) bool { return r == zwj || r == zwnj }

// isMark reports whether r is drawn over the character before it.
func isMark(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) || unicode.Is(laterMarks, r)
}

// isUnassigned reports whether r is a character that Go's tables do not know,
// which are those of one version of Unicode: an emoji or a letter of a later
// one, not something that is set aside for programs or to be ignored.
func isUnassigned(r rune) bool {
	return unicode.Is(unicode.Cn, r) && !unicode.In(r, unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)
}

// joins reports whether r, which attaches, does so usefully. Joiners are part
// of emoji and of Arabic and Indic scripts and stand between two characters of
// these; anywhere else they only hide something, such as the difference
// between two names.
func joins(before, r rune, rest string) bool {
	switch {
	case r == zwj || r == zwnj:
		after, _ := utf8.DecodeRuneInString(rest)
		return scriptOrEmoji(before) && scriptOrEmoji(after)
	case r == '\u034f', r >= 0xe0100 && r <= 0xe01ef, r >= 0xfe00 && r <= 0xfe0d, r >= 0x180b && r <= 0x180f, r == 0x17b4, r == 0x17b5:
		return false // invisible: grapheme joiner, selectors of rare glyphs, Khmer inherent vowels
	case r == 0xfe0e || r == 0xfe0f:
		return before != r && before >= utf8.RuneSelf || strings.ContainsRune("0123456789#*", before)
	}
	return true
}

func scriptOrEmoji(r rune) bool {
	return r >= 0x300 && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsSymbol(r) || isUnassigned(r))
}

// writeVisible writes what stands for r.
func writeVisible(out *strings.Builder, r rune) {
	switch {
	case r < ' ':
		out.WriteRune('\u2400' + r) // Unicode's control pictures
	case r == 0x7f:
		out.WriteRune('\u2421')
	default:
		fmt.Fprintf(out, "<U+%04X>", r)
	}
}

// invisible reports whether r does something other than show a glyph or a
// space of ordinary kind.
func invisible(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // fillers that count as letters or symbols
		return true
	}
	return !unicode.IsGraphic(r) && !isUnassigned(r)
}
