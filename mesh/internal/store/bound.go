package store

import (
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/share"
)

type owner = share.Owner

// bound returns those of all, oldest first, that a file may hold. What is too
// much goes from whose most of it is.
func bound(all []record) []record {
	keep := slices.DeleteFunc(slices.Clone(all), func(r record) bool { return r.expired })
	var held share.Ledger
	for _, r := range keep {
		held.Add(r.owner, 1, int64(r.size))
	}
	for {
		by := share.Count
		switch {
		case held.Total(share.Count) > MaxEntries:
		case held.Total(share.Bytes) > MaxBytes:
			by = share.Bytes
		default:
			return keep
		}
		most := held.Most(by)
		i := slices.IndexFunc(keep, func(r record) bool { return most(r.owner) })
		held.Add(keep[i].owner, -1, -int64(keep[i].size))
		keep = slices.Delete(keep, i, i+1)
	}
}
