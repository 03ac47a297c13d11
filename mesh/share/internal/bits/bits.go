// Package bits keeps sets of pieces of a content, and writes them down.
//
// A [Set] holds numbers below a bound in a bit each, a [Run] is some that follow
// each other. What is written of a set ([Set.Append]) is never longer than a
// byte and its bits, and a few bytes for a set of few runs; [Parse] takes
// nothing that is longer or that names a number out of bounds.
package bits

import (
	"iter"
	"math/bits"
)

// A Run is Count pieces from First on.
type Run struct {
	First, Count int
}

// End is the number behind the last of the run.
func (r Run) End() int { return r.First + r.Count }

// In says whether the run is not empty and all of it is among the first n.
func (r Run) In(n int) bool {
	return r.First >= 0 && r.Count > 0 && r.First < n && r.Count <= n-r.First
}

// Set is some of the numbers below a bound. It is not safe for concurrent use.
type Set struct {
	words []uint64
	len   int
	count int
}

// New returns an empty set of numbers below n.
func New(n int) *Set {
	return &Set{words: make([]uint64, (n+63)/64), len: n}
}

// Full returns the set of all numbers below n.
func Full(n int) *Set {
	s := New(n)
	if n > 0 {
		s.AddRun(Run{0, n})
	}
	return s
}

// Len is the bound: no number in the set is as large.
func (s *Set) Len() int { return s.len }

// Count is how many are in the set.
func (s *Set) Count() int { return s.count }

// Full says whether all are.
func (s *Set) Full() bool { return s.count == s.len }

// Has says whether i is in the set. No number out of bounds is.
func (s *Set) Has(i int) bool {
	return i >= 0 && i < s.len && s.words[i/64]>>(i%64)&1 != 0
}

// Add puts i in, which must be within bounds, and says whether it is new.
func (s *Set) Add(i int) bool {
	return s.AddRun(Run{i, 1}) == 1
}

// Remove takes i out, which must be within bounds, and says whether it was in.
func (s *Set) Remove(i int) bool {
	return s.RemoveRun(Run{i, 1}) == 1
}

// AddRun puts a run in, which must be within bounds, and says how many are new.
func (s *Set) AddRun(r Run) int {
	added := 0
	for w, mask := range r.words() {
		added += bits.OnesCount64(mask &^ s.words[w])
		s.words[w] |= mask
	}
	s.count += added
	return added
}

// RemoveRun takes a run out, which must be within bounds, and says how many were
// in.
func (s *Set) RemoveRun(r Run) int {
	removed := 0
	for w, mask := range r.words() {
		removed += bits.OnesCount64(mask & s.words[w])
		s.words[w] &^= mask
	}
	s.count -= removed
	return removed
}

// CountRun is how many of a run, which must be within bounds, are in the set.
func (s *Set) CountRun(r Run) int {
	count := 0
	for w, mask := range r.words() {
		count += bits.OnesCount64(mask & s.words[w])
	}
	return count
}

// CountIn is how many are in both sets. Both must have the same bound.
func (s *Set) CountIn(other *Set) int {
	count := 0
	for i, w := range s.words {
		count += bits.OnesCount64(w & other.words[i])
	}
	return count
}

// words gives the words that hold the run, and its bits in each.
func (r Run) words() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		for i := r.First; i < r.End(); {
			n := min(64-i%64, r.End()-i)
			if !yield(i/64, (^uint64(0)>>(64-n))<<(i%64)) {
				return
			}
			i += n
		}
	}
}

// Union puts in what other has. Both must have the same bound.
func (s *Set) Union(other *Set) {
	s.count = 0
	for i, w := range other.words {
		s.words[i] |= w
		s.count += bits.OnesCount64(s.words[i])
	}
}

// Clone returns a copy.
func (s *Set) Clone() *Set {
	return &Set{words: append([]uint64(nil), s.words...), len: s.len, count: s.count}
}

// Next returns the first number in the set from i on, or the bound.
func (s *Set) Next(i int) int {
	return s.next(i, func(w int) uint64 { return s.words[w] })
}

// NextMissing returns the first number not in the set from i on, or the bound.
func (s *Set) NextMissing(i int) int {
	return s.next(i, func(w int) uint64 { return ^s.words[w] })
}

// NextIn returns the first number from i on that is in both sets, or the bound.
// Both must have the same.
func (s *Set) NextIn(i int, other *Set) int {
	return s.next(i, func(w int) uint64 { return s.words[w] & other.words[w] })
}

// NextNotIn returns the first number from i on that is in the set and not in the
// other, or the bound. Both must have the same.
func (s *Set) NextNotIn(i int, other *Set) int {
	return s.next(i, func(w int) uint64 { return s.words[w] &^ other.words[w] })
}

func (s *Set) next(i int, word func(int) uint64) int {
	i = max(i, 0)
	for i < s.len {
		if w := word(i/64) >> (i % 64); w != 0 {
			return min(i+bits.TrailingZeros64(w), s.len)
		}
		i += 64 - i%64
	}
	return s.len
}

// Runs gives what is in the set, in order, each run as long as it can be. The
// set must not be changed meanwhile.
func (s *Set) Runs() iter.Seq[Run] {
	return runs(s.Next, s.NextMissing, s.len)
}

// Missing gives what is not in the set, as Runs does.
func (s *Set) Missing() iter.Seq[Run] {
	return runs(s.NextMissing, s.Next, s.len)
}

func runs(begin, end func(int) int, n int) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		for first := begin(0); first < n; {
			last := end(first)
			if !yield(Run{first, last - first}) {
				return
			}
			first = begin(last)
		}
	}
}
