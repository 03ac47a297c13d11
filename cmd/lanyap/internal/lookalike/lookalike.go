package lookalike

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns the skeleton of s: what it looks like, in letters that stand for
// all that look like them (UTS #39, section 4). It is for comparing, and not to be
// shown.
func Skeleton(s string) string {
	prototypes := prototypes()
	var out strings.Builder
	for _, r := range norm.NFD.String(s) {
		to, confusable := prototypes[r]
		switch {
		case ignorable(r):
		case confusable:
			out.WriteString(to)
		default:
			out.WriteRune(r)
		}
	}
	return norm.NFD.String(out.String())
}

// Keys are what a name is looked up by. Two names are alike if they share one that
// is not empty.
type Keys [2]string

// Of returns the keys of a name. They are empty if nothing of it can be seen.
func Of(name string) Keys {
	name = strings.ToValidUTF8(name, "\ufffd")
	return Keys{reduce(fold(name)), reduce(name)}
}

// Alike reports whether the names whose keys these are could be taken for each
// other.
func (k Keys) Alike(other Keys) bool {
	for _, a := range k {
		if a != "" && (a == other[0] || a == other[1]) {
			return true
		}
	}
	return false
}

// Alike reports whether a and b, which may be equal, could be taken for each other.
func Alike(a, b string) bool { return Of(a).Alike(Of(b)) }

// maxRounds is how often a name is reduced: a letter becomes what it looks like, a
// small one, and again what that looks like. No letter takes more than three.
const maxRounds = 4

// reduce returns what all names have in common that look like s.
func reduce(s string) string {
	for range maxRounds {
		next := fold(drop(Skeleton(norm.NFKD.String(s))))
		if next == s {
			break
		}
		s = next
	}
	return strings.ReplaceAll(s, "i", "l") // the capital of the one looks like the other
}

// drop removes spaces, and what cannot be seen.
func drop(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || ignorable(r) {
			return -1
		}
		return r
	}, s)
}

// fold returns s with all that differs by case alone alike (simple case folding).
func fold(s string) string { return strings.Map(foldRune, s) }

func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}

// ignorable reports whether r is not seen, as a rule: it is a
// Default_Ignorable_Code_Point (Unicode Standard Annex #44).
func ignorable(r rune) bool {
	if r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' {
		return true // fillers, which count as letters
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark) &&
		(r < 0xfff9 || r > 0xfffb) && (r < 0x13430 || r > 0x13440)
}

// prototypes returns what each character looks like that looks like another.
var prototypes = sync.OnceValue(func() map[rune]string {
	all := make(map[rune]string, 8<<10)
	for line := range strings.Lines(table) {
		to, from, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
		for _, r := range from {
			all[r] = to
		}
	}
	return all
})
