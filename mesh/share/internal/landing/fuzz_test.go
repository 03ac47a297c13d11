package landing

import (
	"bytes"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// FuzzRecords has a journal say what it likes of pieces, as a disk may that lost its
// power.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 3*recordSize+1))
	f.Add(append(make([]byte, recordSize), 1, 2, 3))
	f.Fuzz(func(t *testing.T, p []byte) {
		const n = 1000
		set, count := bits.New(n), 0
		err := readRecords(bytes.NewReader(p), func(r record) {
			count++
			run := bits.Run{First: int(r.First), Count: int(r.Count)}
			if r.First < 1<<62 && r.Count < 1<<62 && run.In(n) {
				set.AddRun(run)
			}
		})
		if err != nil || count != len(p)/recordSize {
			t.Errorf("%d records of %d bytes: %v", count, len(p), err)
		}
	})
}
