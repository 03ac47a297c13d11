package bits

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// lengths are bounds about those of a word.
var lengths = []int{0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000}

// model is a set as nobody can get it wrong.
type model []bool

func (m model) count() int {
	n := 0
	for _, in := range m {
		if in {
			n++
		}
	}
	return n
}

func (m model) next(i int, want bool) int {
	for ; i < len(m); i++ {
		if m[i] == want {
			return i
		}
	}
	return len(m)
}

func (m model) same(t *testing.T, s *Set) {
	t.Helper()
	if s.Len() != len(m) || s.Count() != m.count() || s.Full() != (m.count() == len(m)) {
		t.Fatalf("a set of %d of %d, want %d of %d", s.Count(), s.Len(), m.count(), len(m))
	}
	for i, in := range m {
		if s.Has(i) != in {
			t.Fatalf("%d in the set: %v, want %v", i, !in, in)
		}
		if got, want := s.Next(i), m.next(i, true); got != want {
			t.Fatalf("next from %d: %d, want %d", i, got, want)
		}
		if got, want := s.NextMissing(i), m.next(i, false); got != want {
			t.Fatalf("next missing from %d: %d, want %d", i, got, want)
		}
	}
}

func randomRun(random *rand.Rand, n int) Run {
	first := random.IntN(n)
	return Run{first, 1 + random.IntN(min(n-first, 100))}
}

func TestSetIsWhatWasPutInAndNotTakenOut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths {
		s, m := New(n), make(model, n)
		for range min(n, 40) {
			r := randomRun(random, n)
			in := random.IntN(2) == 0
			changed := 0
			if got, want := s.CountRun(r), m[r.First:r.End()].count(); got != want {
				t.Fatalf("%d of %v are in, want %d", got, r, want)
			}
			for i := r.First; i < r.End(); i++ {
				if m[i] != in {
					m[i] = in
					changed++
				}
			}
			var got int
			if in {
				got = s.AddRun(r)
			} else {
				got = s.RemoveRun(r)
			}
			if got != changed {
				t.Fatalf("%v changed %d, want %d", r, got, changed)
			}
			m.same(t, s)
		}
	}
}

func TestFullSetHasAll(t *testing.T) {
	for _, n := range lengths {
		s := Full(n)
		if !s.Full() || s.Count() != n || s.NextMissing(0) != n || s.Has(n) || s.Has(-1) {
			t.Errorf("a full set of %d has %d", n, s.Count())
		}
	}
}

func TestUnionHasWhatEitherHas(t *testing.T) {
	a, b := New(200), New(200)
	a.AddRun(Run{10, 100})
	b.AddRun(Run{60, 100})
	c := a.Clone()
	c.Union(b)
	if c.Count() != 150 || !slices.Equal(slices.Collect(c.Runs()), []Run{{10, 150}}) {
		t.Errorf("the union has %d", c.Count())
	}
	if a.Count() != 100 {
		t.Errorf("the set that was copied has changed: %d", a.Count())
	}
}

func TestRunsAndMissingAreAll(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range lengths {
		s := New(n)
		for range min(n, 5) {
			s.AddRun(randomRun(random, n))
		}
		in, out := New(n), New(n)
		for r := range s.Runs() {
			in.AddRun(r)
		}
		for r := range s.Missing() {
			out.AddRun(r)
		}
		if in.Count() != s.Count() || out.Count() != n-s.Count() {
			t.Fatalf("%d in runs and %d missing, want %d and %d", in.Count(), out.Count(), s.Count(), n-s.Count())
		}
		in.Union(out)
		if !in.Full() {
			t.Fatalf("%d of %d are neither in nor missing", n-in.Count(), n)
		}
	}
}

func TestNextOfTwoSets(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, n := range lengths {
		a, b := New(n), New(n)
		for range min(n, 5) {
			a.AddRun(randomRun(random, n))
			b.AddRun(randomRun(random, n))
		}
		both, only, count := n, n, 0
		for i := n - 1; i >= 0; i-- {
			if a.Has(i) && b.Has(i) {
				both = i
				count++
			}
			if a.Has(i) && !b.Has(i) {
				only = i
			}
			if got := a.NextIn(i, b); got != both {
				t.Fatalf("next from %d that is in both: %d, want %d", i, got, both)
			}
			if got := a.NextNotIn(i, b); got != only {
				t.Fatalf("next from %d that is in the first alone: %d, want %d", i, got, only)
			}
		}
		if got := a.CountIn(b); got != count {
			t.Fatalf("%d are in both, want %d", got, count)
		}
	}
}

func TestRunIsInBounds(t *testing.T) {
	const large = int(^uint(0) >> 1)
	tests := []struct {
		run  Run
		want bool
	}{
		{Run{0, 10}, true},
		{Run{9, 1}, true},
		{Run{0, 0}, false},
		{Run{0, 11}, false},
		{Run{10, 1}, false},
		{Run{-1, 2}, false},
		{Run{5, -1}, false},
		{Run{1, large}, false},
		{Run{large, large}, false},
	}
	for _, test := range tests {
		if got := test.run.In(10); got != test.want {
			t.Errorf("%v in 10: %v, want %v", test.run, got, test.want)
		}
	}
}

func TestSetIsReadAsItWasWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range lengths {
		for _, adds := range []int{0, 1, 3, n / 2, n} {
			s := New(n)
			for range min(adds, n) {
				s.Add(random.IntN(n))
			}
			b := s.Append(nil)
			if len(b) > MaxEncoded(n) {
				t.Fatalf("%d of %d took %d bytes, more than %d", s.Count(), n, len(b), MaxEncoded(n))
			}
			back, err := Parse(b, n)
			if err != nil {
				t.Fatalf("%d of %d: %v", s.Count(), n, err)
			}
			if !slices.Equal(back.words, s.words) || back.Count() != s.Count() {
				t.Fatalf("%d of %d came back as %d", s.Count(), n, back.Count())
			}
		}
	}
}

func TestSetOfFewRunsIsShort(t *testing.T) {
	s := Full(1_000_000)
	s.RemoveRun(Run{1000, 1024})
	if n := len(s.Append(nil)); n > 12 {
		t.Errorf("two runs of a million took %d bytes", n)
	}
}

func TestSetIsAppended(t *testing.T) {
	b := New(10_000).Append([]byte("before"))
	if !bytes.HasPrefix(b, []byte("before")) || len(b) != len("before")+1 {
		t.Errorf("%q", b)
	}
	s := New(64)
	for i := 0; i < 64; i += 2 {
		s.Add(i)
	}
	b = s.Append([]byte("before"))
	if back, err := Parse(b[len("before"):], 64); err != nil || back.Count() != 32 {
		t.Errorf("%q: %v", b, err)
	}
}

func TestMalformedSetIsRefused(t *testing.T) {
	tests := []struct {
		name string
		b    []byte
		n    int
	}{
		{"nothing", nil, 10},
		{"of no kind", []byte{2}, 10},
		{"too few bits", []byte{0, 255}, 10},
		{"too many bits", []byte{0, 255, 0, 0}, 10},
		{"a bit out of bounds", []byte{0, 255, 4}, 10},
		{"a run out of bounds", []byte{1, 5, 6}, 10},
		{"a run that begins out of bounds", []byte{1, 11, 1}, 10},
		{"an empty run", []byte{1, 5, 0}, 10},
		{"half a run", []byte{1, 5}, 10},
		{"half a number", []byte{1, 0x80}, 10},
		{"a number of more than 64 bits", append([]byte{1}, bytes.Repeat([]byte{255}, 20)...), 1000},
		{"more bytes than the bits", []byte{1, 0, 1, 0, 1}, 10},
		{"a run of 2^64-1", []byte{1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 1000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if s, err := Parse(test.b, test.n); err == nil {
				t.Errorf("taken for a set of %d of %d", s.Count(), s.Len())
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	s := New(100)
	s.AddRun(Run{3, 9})
	f.Add(s.Append(nil), 100)
	for i := 0; i < 100; i += 2 {
		s.Add(i)
	}
	f.Add(s.Append(nil), 100)
	f.Add(Full(100).Append(nil), 100)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		s, err := Parse(b, n)
		if err != nil {
			return
		}
		again, err := Parse(s.Append(nil), n)
		if err != nil || !slices.Equal(again.words, s.words) {
			t.Fatalf("%q is a set that does not come back: %v", b, err)
		}
	})
}
