// Package words makes what people can read out to each other of what they could not:
// secrets, and hashes that two compare.
//
// The words are the large list of the Electronic Frontier Foundation, 7,776 that are
// told apart by ear and easy to spell: 12.9 bits each.
package words

import (
	"crypto/rand"
	_ "embed"
	"math/big"
	"strings"
)

// listText says in its first lines, which begin with #, where it is from.
//
//go:embed eff.txt
var listText string

// Count is how many words there are.
const Count = 7776

var list = parse(listText)

func parse(text string) []string {
	list := make([]string, 0, Count)
	for word := range strings.Lines(text) {
		if !strings.HasPrefix(word, "#") {
			list = append(list, strings.TrimSuffix(word, "\n"))
		}
	}
	return list
}

// Make returns n words that nobody can guess, joined by dashes: five are as good as
// 64 random bits.
func Make(n int) string {
	picked := make([]string, n)
	for i := range picked {
		at, err := rand.Int(rand.Reader, big.NewInt(Count))
		if err != nil {
			panic(err) // it says that it never returns one
		}
		picked[i] = list[at.Int64()]
	}
	return strings.Join(picked, "-")
}

// Of returns n words that stand for a hash, the same for the same hash. The hash has
// to be 8 bytes longer than n words are bits, at 13 each; then no word is likelier than
// another. 32 bytes are enough for 14 words.
func Of(hash []byte, n int) []string {
	rest, count, at := new(big.Int).SetBytes(hash), big.NewInt(Count), new(big.Int)
	picked := make([]string, n)
	for i := range picked {
		rest.DivMod(rest, count, at)
		picked[i] = list[at.Int64()]
	}
	return picked
}
