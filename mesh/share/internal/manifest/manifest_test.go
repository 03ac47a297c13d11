package manifest_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func folder(path string) manifest.Entry {
	return manifest.Entry{Path: path, Kind: manifest.Folder}
}

func file(path string, size int64) manifest.Entry {
	return manifest.Entry{Path: path, Size: size, Changed: 1e18 + size}
}

// example has each kind of entry, in order.
func example() []manifest.Entry {
	return []manifest.Entry{
		folder("a"),
		folder("a/b"),
		file("a/b/empty", 0),
		file("a/b/large", 3*tree.MinPiece+1),
		{Path: "a/b/run", Size: 5, Executable: true, Changed: -1},
		folder("a/c"),
		file("a/c.txt", tree.MinPiece),
		file("a.txt", 7),
		folder("empty"),
		{Path: "zero", Changed: math.MinInt64},
	}
}

func build(t testing.TB, entries ...manifest.Entry) *manifest.Manifest {
	t.Helper()
	m, err := manifest.New(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEntries(t *testing.T) {
	want := example()
	m := build(t, want...)
	var got []manifest.Entry
	for i := range m.Len() {
		got = append(got, m.Entry(i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries are\n%+v, want\n%+v", got, want)
	}
	if m.Files() != 6 || m.Size() != 4*tree.MinPiece+13 || m.Pieces() != 7 {
		t.Errorf("%d files, %d bytes, %d pieces", m.Files(), m.Size(), m.Pieces())
	}
	if got := []string{m.Name(3), m.Path(m.Parent(3))}; !slices.Equal(got, []string{"large", "a/b"}) {
		t.Errorf("name and folder of a/b/large are %q", got)
	}
	if m.Parent(0) != -1 || m.Parent(7) != -1 {
		t.Error("items are in a folder")
	}
}

func TestItems(t *testing.T) {
	m := build(t, example()...)
	want := []manifest.Item{
		{"a", manifest.Folder, 4*tree.MinPiece + 6, 4, bits.Run{First: 0, Count: 7}, bits.Run{First: 0, Count: 6}},
		{"a.txt", manifest.File, 7, 1, bits.Run{First: 7, Count: 1}, bits.Run{First: 6, Count: 1}},
		{"empty", manifest.Folder, 0, 0, bits.Run{First: 8, Count: 1}, bits.Run{First: 7, Count: 0}},
		{"zero", manifest.File, 0, 1, bits.Run{First: 9, Count: 1}, bits.Run{First: 7, Count: 0}},
	}
	var got []manifest.Item
	for i := range m.Items() {
		got = append(got, m.Item(i))
		for e := got[i].Entry.First; e < got[i].Entry.End(); e++ {
			if m.ItemOf(e) != i {
				t.Errorf("entry %d is in item %d, want %d", e, m.ItemOf(e), i)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("items are\n%+v, want\n%+v", got, want)
	}
}

func TestPieces(t *testing.T) {
	m := build(t, example()...)
	const p = tree.MinPiece
	want := []manifest.Piece{
		{3, 0, 0, p}, {3, 1, p, p}, {3, 2, 2 * p, p}, {3, 3, 3 * p, 1}, // large
		{4, 0, 0, 5}, // run
		{6, 0, 0, p}, // c.txt
		{7, 0, 0, 7}, // a.txt
	}
	for i, w := range want {
		if got := m.Piece(i); got != w {
			t.Errorf("piece %d is %+v, want %+v", i, got, w)
		}
	}
	for first := range want {
		for end := first; end <= len(want); end++ {
			sum := int64(0)
			for _, w := range want[first:end] {
				sum += int64(w.Length)
			}
			if got := m.Bytes(bits.Run{First: first, Count: end - first}); got != sum {
				t.Errorf("pieces %d to %d have %d bytes, want %d", first, end, got, sum)
			}
		}
	}
	next := 0
	for i := range m.Len() {
		r := m.PiecesOf(i)
		if r.First != next || r.Count != int(tree.Pieces(m.FileSize(i))) {
			t.Errorf("pieces of %q are %+v", m.Path(i), r)
		}
		next = r.End()
	}
}

func TestBuilder(t *testing.T) {
	tests := []struct {
		name  string
		paths []string // those that end with a slash are folders
		want  error
	}{
		{"a folder before what is in it", []string{"a/", "a/b", "a.b"}, nil},
		{"a name that begins like a folder", []string{"a/", "a/b", "aa"}, nil},
		{"nothing", nil, manifest.ErrEmpty},
		{"twice", []string{"a", "a"}, manifest.ErrTwice},
		{"a file and a folder of one name", []string{"a", "a/"}, manifest.ErrTwice},
		{"twice in a folder", []string{"a/", "a/b/", "a/b/c", "a/b"}, manifest.ErrTwice},
		{"out of order", []string{"b", "a"}, manifest.ErrMalformed},
		{"out of order in a folder", []string{"a/", "a/b", "a/a"}, manifest.ErrMalformed},
		{"behind the folder", []string{"a/", "a.b", "a/b"}, manifest.ErrMalformed},
		{"in no folder", []string{"a/b"}, manifest.ErrMalformed},
		{"in a file", []string{"a", "a/b"}, manifest.ErrMalformed},
		{"in a file in a folder", []string{"a/", "a/b", "a/b/c"}, manifest.ErrMalformed},
		{"in another folder", []string{"a/", "b/c"}, manifest.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b manifest.Builder
			var err error
			for _, path := range tt.paths {
				e := file(path, 1)
				if dir, ok := strings.CutSuffix(path, "/"); ok {
					e = folder(dir)
				}
				if err = b.Add(e); err != nil {
					break
				}
			}
			if err == nil {
				_, err = b.Manifest()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}

func TestBuilderGoesOnAfterAnError(t *testing.T) {
	var b manifest.Builder
	for _, e := range []manifest.Entry{folder("a"), file("a/b", 5), file("a/b", 6), file("a/a", 7), file("a/..", 8), file("a/c", -1), file("a/d", math.MaxInt64), file("a/e", 9)} {
		b.Add(e)
	}
	m, err := b.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if want := build(t, file("a/b", 5), file("a/e", 9)); m.Key() != want.Key() {
		t.Error("what was refused left something behind")
	}
}

func TestBounds(t *testing.T) {
	deep := strings.Repeat("d/", manifest.MaxDepth)
	long := strings.Repeat(strings.Repeat("x", 127)+"/", 31) + strings.Repeat("x", 128)
	tests := []struct {
		name    string
		entries []manifest.Entry
		want    error
	}{
		{"as deep as may be", []manifest.Entry{file(deep+"f", 1)}, nil},
		{"too deep", []manifest.Entry{file(deep+"d/f", 1)}, &manifest.NameError{}},
		{"as long as may be", []manifest.Entry{file(long, 1)}, nil},
		{"too long", []manifest.Entry{file(long+"x", 1)}, &manifest.NameError{}},
		{"as many pieces as may be", []manifest.Entry{file("f", manifest.MaxPieces*tree.MaxPiece)}, nil},
		{"too many pieces", []manifest.Entry{file("f", manifest.MaxPieces*tree.MaxPiece+1)}, manifest.ErrTooLarge},
		{"too many pieces of several", []manifest.Entry{file("f", manifest.MaxPieces*tree.MaxPiece), file("g", 1)}, manifest.ErrTooLarge},
		{"2^63-1 bytes", []manifest.Entry{file("f", math.MaxInt64)}, manifest.ErrTooLarge},
		{"2^63-1 bytes twice", []manifest.Entry{file("f", math.MaxInt64), file("g", math.MaxInt64)}, manifest.ErrTooLarge},
		{"a negative size", []manifest.Entry{file("f", -1)}, manifest.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := manifest.New(tt.entries...)
			var name *manifest.NameError
			if want := tt.want; errors.As(want, &name) && errors.As(err, &name) {
				return
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}

// many is a manifest of n files in folders of a hundred.
func many(t testing.TB, n int) *manifest.Manifest {
	t.Helper()
	var b manifest.Builder
	for i := range n {
		if i%100 == 0 {
			if err := b.Add(folder(fmt.Sprintf("folder %05d", i/100))); err != nil {
				t.Fatal(err)
			}
		}
		err := b.Add(manifest.Entry{Path: fmt.Sprintf("folder %05d/a file of some length %07d.jpg", i/100, i), Size: int64(i), Changed: 1_700_000_000_123_456_789 + int64(i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := b.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := many(t, 100_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d entries, %d bytes encoded: %d KiB", m.Len(), m.EncodedSize(), grown>>10)
	if grown > 10<<20 {
		t.Errorf("100,000 files take %d bytes", grown)
	}
	runtime.KeepAlive(m)
}
