package manifest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func TestRoundTrip(t *testing.T) {
	for _, m := range []*manifest.Manifest{build(t, example()...), many(t, 5000), build(t, file("f", 1))} {
		encoding := m.Encoding()
		var written bytes.Buffer
		if n, err := m.WriteTo(&written); err != nil || n != int64(len(encoding)) || !bytes.Equal(written.Bytes(), encoding) {
			t.Errorf("WriteTo writes %d bytes (%v), want the %d of Encoding", n, err, len(encoding))
		}
		if m.EncodedSize() != len(encoding) {
			t.Errorf("encoded size is %d, want %d", m.EncodedSize(), len(encoding))
		}
		if want := manifest.Key(blake3.Sum256(encoding)); m.Key() != want {
			t.Errorf("key is %v, want the hash of the encoding, %v", m.Key(), want)
		}
		got, err := manifest.Decode(iotest.OneByteReader(bytes.NewReader(encoding)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Encoding(), encoding) || got.Size() != m.Size() || got.Files() != m.Files() || got.Pieces() != m.Pieces() {
			t.Error("what is decoded is another manifest")
		}
	}
}

func TestGolden(t *testing.T) {
	m := build(t, folder("d"), manifest.Entry{Path: "d/run", Size: 300, Executable: true, Changed: -1}, file("f", 0))
	want := "\x01\x03" + "\x00\x01d\x02" + "\x01\x03run\x01\xac\x02\x01" + "\x00\x01f\x00\x00\x80\x80\xa0\xf6\xf4\xac\xdb\xe0\x1b"
	if got := string(m.Encoding()); got != want {
		t.Errorf("encoding is %q, want %q", got, want)
	}
	const key = "58075e6e31cb086b4fee8990380e5367fc879b505b33d6e6db5cc6daf499b63a"
	if got := m.Key().String(); got != key {
		t.Errorf("key is %s, want %s", got, key)
	}
}

func TestKeyIsOfEverything(t *testing.T) {
	base := manifest.Entry{Path: "a", Size: 5, Changed: 1}
	variants := []manifest.Entry{base, base, base, base, base, folder("a")}
	variants[1].Path = "b"
	variants[2].Size++
	variants[3].Executable = true
	variants[4].Changed++
	seen := map[manifest.Key]bool{}
	for _, e := range variants {
		seen[build(t, e).Key()] = true
	}
	if len(seen) != len(variants) {
		t.Errorf("%d contents have %d keys", len(variants), len(seen))
	}
}

func TestDecodeRefuses(t *testing.T) {
	const dir, f = "\x00\x01d\x02", "\x01\x01f\x00\x05\x00"
	tests := []struct {
		name, bytes string
		want        error
	}{
		{"nothing at all", "", manifest.ErrMalformed},
		{"no entries", "\x01\x00", manifest.ErrEmpty},
		{"a later version", "\x02\x01" + dir, manifest.ErrVersion},
		{"a million and one", "\x01\xc1\x84\x3d", manifest.ErrTooLarge},
		{"2^64-1 entries", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", manifest.ErrTooLarge},
		{"a number of 65 bits", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", manifest.ErrMalformed},
		{"a number without end", "\x01" + strings.Repeat("\xff", 100), manifest.ErrMalformed},
		{"a number that is longer than it must be", "\x01\x81\x00" + dir, manifest.ErrMalformed},
		{"fewer entries than it says", "\x01\x02" + dir, manifest.ErrMalformed},
		{"more entries than it says", "\x01\x01" + dir + f, manifest.ErrMalformed},
		{"an entry in no folder", "\x01\x01" + f, manifest.ErrMalformed},
		{"an entry in a file", "\x01\x03" + dir + f + "\x02\x01g\x00\x05\x00", manifest.ErrMalformed},
		{"an entry at depth 2^64-1", "\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01d\x02", manifest.ErrMalformed},
		{"an unknown kind", "\x01\x01\x00\x01d\x03", manifest.ErrMalformed},
		{"2^63 bytes", "\x01\x01\x00\x01f\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x00", manifest.ErrMalformed},
		{"2^63-1 bytes", "\x01\x01\x00\x01f\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00", manifest.ErrTooLarge},
		{"an empty name", "\x01\x01\x00\x00\x02", &manifest.NameError{}},
		{"a path that leaves", "\x01\x01\x00\x02..\x02", &manifest.NameError{}},
		{"twice", "\x01\x02" + dir + dir, manifest.ErrTwice},
		{"out of order", "\x01\x02" + dir + "\x00\x01c\x02", manifest.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := manifest.Decode(strings.NewReader(tt.bytes))
			if m != nil || !is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
}

// is says whether err is of the kind of want.
func is(err, want error) bool {
	var name *manifest.NameError
	if errors.As(want, &name) {
		return errors.As(err, &name)
	}
	return errors.Is(err, want)
}

func TestDecodeCutAnywhere(t *testing.T) {
	encoding := build(t, example()...).Encoding()
	for n := range encoding {
		if _, err := manifest.Decode(bytes.NewReader(encoding[:n])); !errors.Is(err, manifest.ErrMalformed) {
			t.Errorf("the first %d bytes: %v, want ErrMalformed", n, err)
		}
	}
}

func TestDecodeFailsAsItsReader(t *testing.T) {
	broken := errors.New("broken")
	encoding := build(t, example()...).Encoding()
	for _, n := range []int{0, 5, len(encoding)} {
		r := io.MultiReader(bytes.NewReader(encoding[:n]), iotest.ErrReader(broken))
		if _, err := manifest.Decode(r); err != broken {
			t.Errorf("after %d bytes: %v, want the reader's error", n, err)
		}
	}
}

// longNames is a manifest of a million folders whose names are as long as may
// be, which is four times as much as one may have.
type longNames struct {
	rest  []byte
	made  int
	bytes int64 // that were read
}

func (l *longNames) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.made == 0 {
			l.rest = []byte{1, 0xc0, 0x84, 0x3d}
		}
		l.rest = fmt.Appendf(l.rest, "\x00\xff%0255d\x02", l.made)
		l.made++
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	l.bytes += int64(n)
	return n, nil
}

// large keeps a test out of short runs, and out of those under the race detector,
// where it takes a quarter of a minute: it has one goroutine.
func large(t *testing.T) {
	t.Helper()
	if testing.Short() || raceEnabled {
		t.Skip("it is about a million entries")
	}
}

func TestDecodeOfTooMuchStops(t *testing.T) {
	large(t)
	r := &longNames{}
	if _, err := manifest.Decode(r); !errors.Is(err, manifest.ErrTooLarge) {
		t.Fatalf("error is %v, want ErrTooLarge", err)
	}
	if r.bytes > manifest.MaxSize+1<<20 {
		t.Errorf("%d bytes were read", r.bytes)
	}
}

func TestAMillionEntries(t *testing.T) {
	large(t)
	var b manifest.Builder
	for i := range manifest.MaxEntries {
		if err := b.Add(manifest.Entry{Path: fmt.Sprintf("%07d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Add(folder("one more")); !errors.Is(err, manifest.ErrTooLarge) {
		t.Errorf("one more: %v, want ErrTooLarge", err)
	}
	m, err := b.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := manifest.Decode(bytes.NewReader(m.Encoding())); err != nil || got.Key() != m.Key() {
		t.Errorf("decoded: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(build(f, example()...).Encoding())
	f.Add([]byte("\x01\x02\x00\x01d\x02\x01\x01f\x00\x05\x00"))
	f.Add([]byte("\x01\xc0\x84\x3d\x00\x01d\x02"))
	f.Fuzz(func(t *testing.T, p []byte) {
		m, err := manifest.Decode(bytes.NewReader(p))
		if err != nil {
			return
		}
		if !bytes.Equal(m.Encoding(), p) || m.EncodedSize() != len(p) {
			t.Fatal("one manifest has two encodings")
		}
		check(t, m)
	})
}

// check checks what must hold of every manifest.
func check(t *testing.T, m *manifest.Manifest) {
	var size int64
	files, pieces := 0, 0
	var b manifest.Builder
	for i := range m.Len() {
		e := m.Entry(i)
		if err := b.Add(e); err != nil {
			t.Fatalf("entry %d (%+v): %v", i, e, err)
		}
		if r := m.PiecesOf(i); r.First != pieces || int64(r.Count) != tree.Pieces(e.Size) {
			t.Fatalf("entry %d (%+v) has the pieces %+v", i, e, r)
		} else if r.Count > 0 {
			for _, n := range []int{r.First, r.End() - 1} {
				if p := m.Piece(n); p.Entry != i || p.Index != int64(n-r.First) || p.Length <= 0 || p.Offset+int64(p.Length) > e.Size {
					t.Fatalf("piece %d of entry %d (%+v) is %+v", n, i, e, p)
				}
			}
			if got := m.Bytes(r); got != e.Size {
				t.Fatalf("pieces of entry %d (%+v) have %d bytes", i, e, got)
			}
			pieces = r.End()
		}
		size += e.Size
		if e.Kind == manifest.File {
			files++
		}
	}
	again, err := b.Manifest()
	if err != nil || again.Key() != m.Key() {
		t.Fatalf("built again it is another: %v", err)
	}
	if size != m.Size() || files != m.Files() || pieces != m.Pieces() || size < 0 || size > math.MaxInt64/2 {
		t.Fatalf("%d bytes, %d files, %d pieces; want %d, %d, %d", m.Size(), m.Files(), m.Pieces(), size, files, pieces)
	}
}

func BenchmarkDecode(b *testing.B) {
	m := many(b, 100_000)
	p := m.Encoding()
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := manifest.Decode(bytes.NewReader(p)); err != nil {
			b.Fatal(err)
		}
	}
}
