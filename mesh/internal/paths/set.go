package paths

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Instance is one start of a member's program.
type Instance = [8]byte

func compare(a, b Instance) int {
	return cmp.Compare(binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:]))
}

// set is to whom a member has links, and the member itself: so the sets of all
// are one where all have links to all. It is never changed, since several share
// it.
type set struct {
	sum  [8]byte
	list []Instance // sorted
}

// newSet takes the list over.
func newSet(list []Instance) *set {
	slices.SortStableFunc(list, compare)
	list = slices.Compact(list)
	h := sha256.New()
	for i := range list {
		h.Write(list[i][:])
	}
	return &set{sum: [8]byte(h.Sum(nil)), list: list}
}

func (s *set) has(in Instance) bool {
	_, ok := slices.BinarySearchFunc(s.list, in, compare)
	return ok
}

// without returns whom s has and other has not.
func (s *set) without(other *set) []Instance {
	if s == other {
		return nil
	}
	var list []Instance
	rest := other.list
	for _, in := range s.list {
		for len(rest) > 0 && compare(rest[0], in) < 0 {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] != in {
			list = append(list, in)
		}
	}
	return list
}

// changed returns s with some more and some less.
func (s *set) changed(more, less []Instance) *set {
	if len(more) == 0 && len(less) == 0 {
		return s
	}
	list := append(slices.Clone(s.list), more...)
	if len(less) > 0 {
		list = slices.DeleteFunc(list, func(in Instance) bool { return slices.Contains(less, in) })
	}
	return newSet(list)
}
