package share_test

import (
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/share"
)

func owner(giver, author byte) share.Owner {
	return share.Owner{Giver: [32]byte{giver}, Author: [32]byte{author}}
}

func TestMost(t *testing.T) {
	type entry struct {
		giver, author byte
		count         int
		bytes         int64
	}
	tests := []struct {
		name    string
		entries []entry
		by      share.Measure
		want    []share.Owner
	}{
		{"nobody", nil, share.Count, nil},
		{"one", []entry{{1, 1, 1, 9}}, share.Count, []share.Owner{owner(1, 1)}},
		{"in number", []entry{{1, 1, 5, 1}, {2, 2, 4, 900}}, share.Count, []share.Owner{owner(1, 1)}},
		{"in bytes", []entry{{1, 1, 5, 1}, {2, 2, 4, 900}}, share.Bytes, []share.Owner{owner(2, 2)}},
		{"two as much", []entry{{1, 1, 5, 1}, {2, 2, 5, 1}, {3, 3, 4, 1}}, share.Count, []share.Owner{owner(1, 1), owner(2, 2)}},
		{"a crowd of one giver", []entry{{1, 1, 5, 1}, {2, 2, 3, 1}, {2, 3, 3, 1}}, share.Count, []share.Owner{owner(2, 2), owner(2, 3)}},
		{"one of a crowd", []entry{{1, 1, 5, 1}, {2, 2, 3, 1}, {2, 3, 4, 1}}, share.Count, []share.Owner{owner(2, 3)}},
		{"what went", []entry{{1, 1, 5, 5}, {2, 2, 4, 4}, {1, 1, -5, -5}}, share.Bytes, []share.Owner{owner(2, 2)}},
		{"all went", []entry{{1, 1, 5, 5}, {1, 1, -5, -5}}, share.Bytes, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l share.Ledger
			var count, bytes int64
			for _, e := range tt.entries {
				l.Add(owner(e.giver, e.author), e.count, e.bytes)
				count, bytes = count+int64(e.count), bytes+e.bytes
			}
			if l.Total(share.Count) != count || l.Total(share.Bytes) != bytes {
				t.Errorf("%d of %d bytes, want %d of %d", l.Total(share.Count), l.Total(share.Bytes), count, bytes)
			}
			most := l.Most(tt.by)
			want := make(map[share.Owner]bool)
			for _, o := range tt.want {
				want[o] = true
			}
			for giver := range byte(4) {
				for author := range byte(4) {
					if o := owner(giver, author); most(o) != want[o] {
						t.Errorf("author %d of giver %d: %v, want %v", author, giver, most(o), want[o])
					}
				}
			}
		})
	}
}
