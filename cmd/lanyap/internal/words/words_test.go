package words

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestList holds that the list is the foundation's: what two compare is the same for
// both only then.
func TestList(t *testing.T) {
	if len(list) != Count {
		t.Fatalf("%d words, want %d", len(list), Count)
	}
	const want = "6d557f0693958fb5e650b68b5bee585eb82cf4da32965505c789e924743bc522"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(list, "\n")+"\n"))); got != want {
		t.Errorf("SHA-256 of the words is %s, want %s", got, want)
	}
	if !strings.Contains(listText, "Creative Commons") {
		t.Error("the list does not say whose it is")
	}
	plain := regexp.MustCompile(`^[a-z]+(-[a-z]+)?$`)
	if twice := slices.Compact(slices.Sorted(slices.Values(list))); len(twice) != Count {
		t.Errorf("%d words are there twice", Count-len(twice))
	}
	for _, word := range list {
		if !plain.MatchString(word) || len(word) > 9 {
			t.Errorf("%q is a word", word)
		}
	}
}

func TestMake(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z]+(-[a-z]+){4,9}$`) // yo-yo is one word
	seen := make(map[string]bool)
	for range 100 {
		secret := Make(5)
		if !shape.MatchString(secret) || seen[secret] {
			t.Errorf("%q is made", secret)
		}
		seen[secret] = true
	}
}

func TestOf(t *testing.T) {
	hash := sha256.Sum256([]byte("ana and bo"))
	got := strings.Join(Of(hash[:], 6), " ")
	if want := "playing disobey footsie wager jasmine undress"; got != want {
		t.Errorf("the words are %q, want %q", got, want)
	}
	for i := range hash {
		other := hash
		other[i] ^= 1
		if strings.Join(Of(other[:], 20), " ") == strings.Join(Of(hash[:], 20), " ") {
			t.Errorf("byte %d does not count", i)
		}
	}
}

// TestOfIsEven holds that no word is likelier than another.
func TestOfIsEven(t *testing.T) {
	const hashes = 20_000
	low := 0
	for i := range hashes {
		hash := sha256.Sum256(fmt.Append(nil, i))
		for _, word := range Of(hash[:], 6) {
			if at, _ := slices.BinarySearch(list, word); at < Count/2 {
				low++
			}
		}
	}
	if share := float64(low) / (6 * hashes); share < 0.49 || share > 0.51 {
		t.Errorf("%.3f of the words are of the first half", share)
	}
}
