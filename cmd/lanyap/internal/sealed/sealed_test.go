package sealed

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func seal(t testing.TB, key Key, about string, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, key, about)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), 10_007)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 8)
	}
	return b
}

var sizes = []int{0, 1, 16, piece - 1, piece, piece + 1, 2 * piece, 3*piece + 17}

func TestWhatIsSealedIsOpened(t *testing.T) {
	key := NewKey()
	for _, n := range sizes {
		body := seal(t, key, "17", text(n))
		if got := int64(len(body)); got != Size(int64(n)) {
			t.Errorf("%d bytes are sealed in %d, want %d", n, got, Size(int64(n)))
		}
		for name, r := range map[string]io.Reader{"at once": bytes.NewReader(body), "by halves": iotest.HalfReader(bytes.NewReader(body)), "with the end": iotest.DataErrReader(bytes.NewReader(body))} {
			got, err := io.ReadAll(NewReader(r, key, "17"))
			if err != nil || !bytes.Equal(got, text(n)) {
				t.Errorf("%d bytes, read %s: %d bytes, %v", n, name, len(got), err)
			}
		}
	}
}

func TestNothingIsSealedTwiceAlike(t *testing.T) {
	key := NewKey()
	if bytes.Equal(seal(t, key, "", text(100)), seal(t, key, "", text(100))) {
		t.Error("the same text is sealed twice alike")
	}
}

// opened returns how much of a body comes out before the error.
func opened(body []byte, key Key, about string) ([]byte, error) {
	return io.ReadAll(NewReader(bytes.NewReader(body), key, about))
}

// TestNothingElseIsOpened: whatever is done to a body, what comes out is a beginning of
// what was sealed, and an error.
func TestNothingElseIsOpened(t *testing.T) {
	const whole = piece + tagSize
	key, plain := NewKey(), text(3*piece+17)
	body := seal(t, key, "17", plain)
	pieces := func(order ...int) []byte {
		out := bytes.Clone(body[:saltSize])
		for _, i := range order {
			from := saltSize + i*whole
			out = append(out, body[from:min(from+whole, len(body))]...)
		}
		return out
	}
	flipped := func(at int) []byte {
		out := bytes.Clone(body)
		out[at] ^= 1
		return out
	}
	for name, c := range map[string]struct {
		body  []byte
		key   Key
		about string
	}{
		"another key":            {body, NewKey(), "17"},
		"another place":          {body, key, "18"},
		"a bit of the salt":      {flipped(3), key, "17"},
		"a bit of a piece":       {flipped(saltSize + whole + 100), key, "17"},
		"a bit of the last":      {flipped(len(body) - 1), key, "17"},
		"a piece is left out":    {pieces(0, 2, 3), key, "17"},
		"two are swapped":        {pieces(1, 0, 2, 3), key, "17"},
		"one comes twice":        {pieces(0, 0, 1, 2, 3), key, "17"},
		"the last is missing":    {pieces(0, 1, 2), key, "17"},
		"something follows":      {append(bytes.Clone(body), 0), key, "17"},
		"it is cut in a piece":   {body[:saltSize+whole+100], key, "17"},
		"it is cut in the salt":  {body[:5], key, "17"},
		"there is nothing":       {nil, key, "17"},
		"there is but the salt":  {body[:saltSize], key, "17"},
		"the last comes earlier": {pieces(0, 1, 3), key, "17"},
	} {
		got, err := opened(c.body, c.key, c.about)
		if !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: what comes out was not sealed", name)
		}
	}
}

func TestErrorsOfTheWayStay(t *testing.T) {
	key := NewKey()
	body := seal(t, key, "", text(2*piece))
	want := errors.New("cut")
	for _, n := range []int{0, 3, saltSize, saltSize + 100, saltSize + piece + tagSize, len(body) - 1} {
		_, err := io.ReadAll(NewReader(io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(want)), key, ""))
		if !errors.Is(err, want) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestOpenerTakesAnyPortions: it does not matter in what portions a body comes.
func TestOpenerTakesAnyPortions(t *testing.T) {
	key := NewKey()
	for _, size := range sizes {
		body := seal(t, key, "", text(size))
		for _, portion := range []int{1000, piece, piece + tagSize, len(body)} {
			o := NewOpener(key, "")
			var got []byte
			var err error
			for rest := body; len(rest) > 0 && err == nil; {
				n := min(portion, len(rest))
				got, err = o.Add(got, rest[:n])
				rest = rest[n:]
			}
			if err == nil {
				got, err = o.End(got)
			}
			if err != nil || !bytes.Equal(got, text(size)) {
				t.Errorf("%d bytes in portions of %d: %d come out, %v", size, portion, len(got), err)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	var key Key
	for _, n := range sizes[:4] {
		f.Add(seal(f, key, "17", text(n)), "17")
	}
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, body []byte, about string) {
		if len(about) > maxAbout {
			return
		}
		got, err := opened(body, key, about)
		if int64(len(got)) > int64(len(body)) || err == nil && Size(int64(len(got))) != int64(len(body)) {
			t.Errorf("%d bytes of %d come out, %v", len(got), len(body), err)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	buf := text(1 << 20)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		w := NewWriter(io.Discard, Key{}, "")
		_, _ = w.Write(buf)
		_ = w.Close()
	}
}

func BenchmarkReader(b *testing.B) {
	body := seal(b, Key{}, "", text(1<<20))
	b.SetBytes(1 << 20)
	for b.Loop() {
		_, _ = io.Copy(io.Discard, NewReader(bytes.NewReader(body), Key{}, ""))
	}
}
