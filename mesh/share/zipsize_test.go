package share

import (
	"archive/zip"
	"fmt"
	"io"
	"testing"
	"time"
)

// zeros gives them for ever.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What is told of an archive's size is so, also of what is too large for 32 bits.
func TestZipSizes(t *testing.T) {
	many := make([]zip.FileHeader, 1<<16)
	for i := range many {
		many[i].Name = fmt.Sprintf("d/%d", i)
	}
	changed := time.Unix(1_700_000_000, 0)
	for name, headers := range map[string][]zip.FileHeader{
		"small":           {{Name: "a", UncompressedSize64: 3}, {Name: "d/"}, {Name: "d/ü", UncompressedSize64: 5, Modified: changed}},
		"one short":       many[:1<<16-2],
		"many":            many[:1<<16-1],
		"more":            many,
		"large":           {{Name: "a", UncompressedSize64: 1 << 32, Modified: changed}, {Name: "b", UncompressedSize64: 1}, {Name: "d/"}},
		"as large as can": {{Name: "a", UncompressedSize64: 1<<32 - 2}, {Name: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled && headers[0].UncompressedSize64 > 1<<30 {
				t.Skip("4 GiB take too long with the race detector")
			}
			want := sizeOf(headers)
			out := &counter{w: io.Discard}
			z := zip.NewWriter(out)
			buf := make([]byte, 1<<20)
			for _, h := range headers {
				size := h.UncompressedSize64
				w, err := z.CreateHeader(&h)
				if err == nil && size > 0 {
					_, err = io.CopyBuffer(w, io.LimitReader(zeros{}, int64(size)), buf)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			if out.n != want {
				t.Errorf("%d bytes are written, %d were announced", out.n, want)
			}
		})
	}
}
