package landing_test

import (
	"fmt"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// many is a folder of n files of size bytes, 100 to a folder, all the same.
func many(t testing.TB, n, size int) *content {
	files := make(map[string][]byte, n)
	data := noise(1, size)
	for i := range n {
		files[fmt.Sprintf("folder/%03d/%02d", i/100, i%100)] = data
	}
	return send(t, files)
}

// BenchmarkSmallFiles receives 10,000 files of 4 KiB.
func BenchmarkSmallFiles(b *testing.B) {
	const files = 10_000
	c := many(b, files, 4<<10)
	data, hash := c.piece(0)
	b.ReportAllocs()
	for b.Loop() {
		p := newPlace(b)
		l := p.open(b, c)
		for i := range c.Pieces() {
			if err := l.WritePiece(i, hash, data); err != nil {
				b.Fatal(err)
			}
			if _, err := l.Finish(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		if !l.Done() {
			b.Fatal("it is not done")
		}
		l.Close()
	}
	b.ReportMetric(float64(files*b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkItems receives 2,000 files that are items each.
func BenchmarkItems(b *testing.B) {
	const items = 2000
	files := make(map[string][]byte)
	for i := range items {
		files[fmt.Sprint(i)] = noise(1, 4<<10)
	}
	c := send(b, files)
	for b.Loop() {
		newPlace(b).receive(b, c)
	}
	b.ReportMetric(float64(items*b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkOneFile receives a file of 256 MiB.
func BenchmarkOneFile(b *testing.B) {
	const size = 256 << 20
	m, err := manifest.New(manifest.Entry{Path: "file", Size: size})
	if err != nil {
		b.Fatal(err)
	}
	c := &content{Manifest: m}
	data := noise(1, tree.MinPiece)
	hashes := make([]tree.Hash, m.Pieces())
	for i := range hashes {
		hashes[i] = tree.Sum(data, size, int64(i))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		l := newPlace(b).open(b, c)
		if err := l.SetRoot(0, tree.Root(hashes, size)); err != nil {
			b.Fatal(err)
		}
		for i, hash := range hashes {
			if err := l.WritePiece(i, hash, data); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := l.Finish(b.Context()); err != nil || !l.Done() {
			b.Fatal(err)
		}
		l.Close()
	}
}

// BenchmarkVerify hashes again what an earlier run left of a file of 256 MiB.
func BenchmarkVerify(b *testing.B) {
	const size = 256 << 20
	m, err := manifest.New(manifest.Entry{Path: "file", Size: size})
	if err != nil {
		b.Fatal(err)
	}
	p, c := newPlace(b), &content{Manifest: m}
	data := noise(1, tree.MinPiece)
	l := p.open(b, c)
	for i := range m.Pieces() {
		if err := l.WritePiece(i, tree.Sum(data, size, int64(i)), data); err != nil {
			b.Fatal(err)
		}
	}
	l.Close()
	b.SetBytes(size)
	for b.Loop() {
		l, err := landing.Open(m, p.Options)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Verify(b.Context(), nil); err != nil || !l.Have().Full() {
			b.Fatal(err)
		}
		l.Close()
	}
}
