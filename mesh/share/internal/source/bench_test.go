package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/source"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func BenchmarkReadPiece(b *testing.B) {
	dir := b.TempDir()
	const size = 256 << 20
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte(random(size)), 0o644); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, tree.MaxPiece)
	read := func(s *source.Source) {
		for n := range s.Manifest().Pieces() {
			if _, _, err := s.ReadPiece(n, buf); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("hashed", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			read(walk(b, filepath.Join(dir, "f")))
		}
	})
	b.Run("known", func(b *testing.B) {
		b.SetBytes(size)
		s := walk(b, filepath.Join(dir, "f"))
		read(s)
		for b.Loop() {
			read(s)
		}
	})
}

// smallFiles makes 10,000 files of 4 KiB in 100 folders.
func smallFiles(b *testing.B) string {
	dir := b.TempDir()
	content := []byte(random(4 << 10))
	for i := range 10_000 {
		folder := filepath.Join(dir, fmt.Sprint(i/100))
		if i%100 == 0 {
			if err := os.Mkdir(folder, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func BenchmarkWalk(b *testing.B) {
	dir := smallFiles(b)
	for b.Loop() {
		walk(b, dir)
	}
	b.ReportMetric(1e4*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

func BenchmarkSmallFiles(b *testing.B) {
	dir := smallFiles(b)
	buf := make([]byte, tree.MaxPiece)
	for b.Loop() {
		b.StopTimer()
		s := walk(b, dir)
		b.StartTimer()
		for n := range s.Manifest().Pieces() {
			if _, _, err := s.ReadPiece(n, buf); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(1e4*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	runtime.KeepAlive(buf)
}
