package passphrase

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/words"
)

const (
	// Min is how many characters a passphrase has at least. That keeps what people
	// think of at once from being one; who guesses at it on the network has 365 tries
	// an hour.
	Min = 12

	// Max is how many bytes a passphrase has at most. A longer one is a file that was
	// named by mistake.
	Max = 1024

	// wordsMade is how many words [Make] takes: 64 bits.
	wordsMade = 5
)

// Why something is no passphrase; test with errors.Is. None of the errors of this
// package holds any of the text.
var (
	ErrEmpty   = errors.New("is empty")
	ErrShort   = fmt.Errorf("is too short: it has fewer than %d characters", Min)
	ErrLong    = fmt.Errorf("is too long: it has more than %d bytes", Max)
	ErrUnclean = errors.New("has characters that nobody can type")
)

// Make returns a passphrase that nobody can guess.
func Make() string { return words.Make(wordsMade) }

// Canonical returns the canonical form of what somebody typed or wrote down, or why it
// cannot be a passphrase.
func Canonical(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", ErrUnclean
	}
	composed := norm.NFC.String(strings.TrimPrefix(text, "\ufeff"))
	phrase := strings.Join(strings.Fields(composed), " ") // of unicode.White_Space
	switch {
	case phrase == "":
		return "", ErrEmpty
	case strings.ContainsFunc(phrase, isUnclean):
		return "", ErrUnclean
	case utf8.RuneCountInString(phrase) < Min:
		return "", ErrShort
	case len(phrase) > Max:
		return "", ErrLong
	}
	return phrase, nil
}

// isUnclean reports whether r is something of files and terminals, not of what people
// say.
func isUnclean(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' }
