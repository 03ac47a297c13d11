package cpace

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"filippo.io/edwards25519"
)

var kitchen = Inputs{
	Password:      []byte("a password of the kitchen"),
	Channel:       []byte("both certificates"),
	Session:       []byte("both nonces"),
	InitiatorData: []byte("a"),
	ResponderData: []byte("b"),
}

// meet runs the protocol between two sides, and returns what each has of it.
func meet(initiator, responder Inputs) (a, b [KeySize]byte, aErr, bErr error) {
	i, ya := Start(initiator)
	r, yb, tb, err := Respond(responder, ya[:])
	if err != nil {
		return a, b, err, err
	}
	a, ta, aErr := i.Finish(yb[:], tb[:])
	b, bErr = r.Finish(ta[:])
	return a, b, aErr, bErr
}

func TestSameInputs(t *testing.T) {
	keys := make(map[[KeySize]byte]bool)
	for range 10 {
		a, b, aErr, bErr := meet(kitchen, kitchen)
		if aErr != nil || bErr != nil || a != b {
			t.Fatalf("%x, %v and %x, %v", a, aErr, b, bErr)
		}
		if keys[a] || a == [KeySize]byte{} {
			t.Fatal("two runs have the same key")
		}
		keys[a] = true
	}
}

func TestOtherInputs(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*Inputs)
	}{
		{"password", func(in *Inputs) { in.Password = []byte("a password of the cellar") }},
		{"no password", func(in *Inputs) { in.Password = nil }},
		{"channel", func(in *Inputs) { in.Channel = []byte("other certificates") }},
		{"session", func(in *Inputs) { in.Session = []byte("other nonces") }},
		{"initiator's data", func(in *Inputs) { in.InitiatorData = []byte("c") }},
		{"responder's data", func(in *Inputs) { in.ResponderData = nil }},
		{"where one ends and the next begins", func(in *Inputs) {
			in.Channel = append(bytes.Clone(in.Channel), in.Session[0])
			in.Session = in.Session[1:]
		}},
		{"roles", func(in *Inputs) { in.InitiatorData, in.ResponderData = in.ResponderData, in.InitiatorData }},
	} {
		other := kitchen
		c.change(&other)
		for _, sides := range [][2]Inputs{{kitchen, other}, {other, kitchen}} {
			a, b, aErr, bErr := meet(sides[0], sides[1])
			if aErr != ErrMismatch || bErr != ErrMismatch {
				t.Errorf("another %s: %v, %v", c.what, aErr, bErr)
			}
			if a != [KeySize]byte{} || b != [KeySize]byte{} {
				t.Errorf("another %s: a key comes with the error", c.what)
			}
		}
	}
}

// A password may be longer than a block of the hash.
func TestLongPassword(t *testing.T) {
	for _, n := range []int{100, 108, 109, 110, 111, 127, 128, 129, 1000, 20000} {
		in := kitchen
		in.Password = bytes.Repeat([]byte("x"), n)
		if a, b, aErr, bErr := meet(in, in); aErr != nil || bErr != nil || a != b {
			t.Errorf("%d bytes: %v, %v", n, aErr, bErr)
		}
		other := in
		other.Password = bytes.Repeat([]byte("x"), n+1)
		if _, _, aErr, bErr := meet(in, other); aErr == nil || bErr == nil {
			t.Errorf("%d bytes are the same as one more", n)
		}
		if got := cap(in.generatorString()) - len(in.generatorString()); got < 0 || n < 128 && len(in.generatorString()) < 128 {
			t.Errorf("%d bytes: %d to spare of %d", n, got, cap(in.generatorString()))
		}
	}
}

// bad are messages that no honest side sends, by what an honest one would.
func bad(honest []byte) map[string][]byte {
	flipped, last := bytes.Clone(honest), bytes.Clone(honest)
	flipped[0] ^= 1
	last[len(last)-1] ^= 0x80
	return map[string][]byte{
		"nothing":       nil,
		"a byte less":   honest[:len(honest)-1],
		"a byte more":   append(bytes.Clone(honest), 0),
		"zeros":         make([]byte, len(honest)),
		"ones":          bytes.Repeat([]byte{0xff}, len(honest)),
		"the first bit": flipped,
		"the last bit":  last,
	}
}

func TestBadShareForResponder(t *testing.T) {
	_, ya := Start(kitchen)
	for what, p := range bad(ya[:]) {
		r, yb, tb, err := Respond(kitchen, p)
		if err == nil {
			// A share that somebody else might have sent: the tag tells.
			_, err = r.Finish(make([]byte, TagSize))
		} else if yb != [ShareSize]byte{} || tb != [TagSize]byte{} {
			t.Errorf("%s: there is something to send", what)
		}
		if err != ErrMismatch {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBadAnswerForInitiator(t *testing.T) {
	for _, part := range []string{"Yb", "Tb"} {
		honest := make([]byte, ShareSize)
		if part == "Tb" {
			honest = make([]byte, TagSize)
		}
		for what := range bad(honest) {
			i, ya := Start(kitchen)
			_, yb, tb, err := Respond(kitchen, ya[:])
			if err != nil {
				t.Fatal(err)
			}
			share, tag := yb[:], tb[:]
			if part == "Yb" {
				share = bad(share)[what]
			} else {
				tag = bad(tag)[what]
			}
			if key, ta, err := i.Finish(share, tag); err != ErrMismatch || key != [KeySize]byte{} || ta != [TagSize]byte{} {
				t.Errorf("%s with %s: %v", part, what, err)
			}
		}
	}
}

func TestBadTagForResponder(t *testing.T) {
	for what := range bad(make([]byte, TagSize)) {
		i, ya := Start(kitchen)
		r, yb, tb, err := Respond(kitchen, ya[:])
		if err != nil {
			t.Fatal(err)
		}
		_, ta, err := i.Finish(yb[:], tb[:])
		if err != nil {
			t.Fatal(err)
		}
		if key, err := r.Finish(bad(ta[:])[what]); err != ErrMismatch || key != [KeySize]byte{} {
			t.Errorf("%s: %v", what, err)
		}
		// The right one comes too late.
		if _, err := r.Finish(ta[:]); err != ErrMismatch {
			t.Errorf("a second tag: %v", err)
		}
	}
}

// Who sends back what it got knows nothing.
func TestReflection(t *testing.T) {
	same := kitchen
	same.ResponderData = same.InitiatorData
	for _, in := range []Inputs{kitchen, same} {
		i, ya := Start(in)
		if _, _, err := i.Finish(ya[:], make([]byte, TagSize)); err != ErrMismatch {
			t.Errorf("our own share: %v", err)
		}
		r, _, tb, err := Respond(in, ya[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Finish(tb[:]); err != ErrMismatch {
			t.Errorf("our own tag: %v", err)
		}
	}
}

// Each run is good for one guess: who has one wrong cannot try another.
func TestSecondGuess(t *testing.T) {
	i, ya := Start(kitchen)
	_, yb, tb, err := Respond(kitchen, ya[:])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.Finish(yb[:], make([]byte, TagSize)); err != ErrMismatch {
		t.Fatal(err)
	}
	if _, _, err := i.Finish(yb[:], tb[:]); err != ErrMismatch {
		t.Errorf("a second answer: %v", err)
	}
}

// What both sides had to keep is gone when they are done.
func TestNothingIsKept(t *testing.T) {
	for _, good := range []bool{true, false} {
		a, b := newScalar(), newScalar()
		i, ya := start(kitchen, a)
		r, yb, tb, err := respond(kitchen, ya[:], b)
		if err != nil {
			t.Fatal(err)
		}
		result := r.result
		if !good {
			tb[0] ^= 1
		}
		_, ta, err := i.Finish(yb[:], tb[:])
		if good != (err == nil) {
			t.Fatal(err)
		}
		r.Finish(ta[:])
		if zero := edwards25519.NewScalar(); a.Equal(zero) != 1 || b.Equal(zero) != 1 {
			t.Error("a secret number is kept")
		}
		if result.key != [KeySize]byte{} || result.ta != [TagSize]byte{} || i.secret != nil || r.result != nil {
			t.Error("a key is kept")
		}
	}
}

// Secret numbers are below 2^252, and use all of their bits.
func TestScalars(t *testing.T) {
	var seen [32]byte
	for range 200 {
		p := newScalar().Bytes()
		for n := range seen {
			seen[n] |= p[n]
		}
	}
	want := bytes.Repeat([]byte{0xff}, 32)
	want[31] = 0x0f
	if !bytes.Equal(seen[:], want) {
		t.Errorf("bits used are %x", seen)
	}
}

func FuzzRespond(f *testing.F) {
	run, points := draft(f)
	f.Add(run["Ya"], make([]byte, TagSize))
	f.Add(points["X"], make([]byte, TagSize))
	f.Add(points["invalid"], []byte{})
	f.Add(points["identity"], []byte{})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, ya, ta []byte) {
		r, _, _, err := Respond(kitchen, ya)
		if err == nil {
			_, err = r.Finish(ta)
		}
		if !errors.Is(err, ErrMismatch) {
			t.Fatalf("%x and %x: %v", ya, ta, err)
		}
	})
}

func FuzzFinish(f *testing.F) {
	run, points := draft(f)
	f.Add(run["Yb"], make([]byte, TagSize))
	f.Add(points["X"], make([]byte, TagSize))
	f.Add(points["invalid"], []byte{})
	f.Add(points["identity"], []byte{})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, yb, tb []byte) {
		i, _ := Start(kitchen)
		if _, _, err := i.Finish(yb, tb); !errors.Is(err, ErrMismatch) {
			t.Fatalf("%x and %x: %v", yb, tb, err)
		}
	})
}

// Two sides agree if all of their inputs are the same, and only then.
func FuzzInputs(f *testing.F) {
	f.Add([]byte("pw"), []byte("ci"), []byte("sid"), []byte("a"), []byte("b"), byte(0), byte(0))
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, []byte{}, byte(1), byte(0))
	f.Add(bytes.Repeat([]byte{0}, 109), []byte{0}, []byte{0}, []byte{0}, []byte{0}, byte(2), byte(1))
	f.Fuzz(func(t *testing.T, password, channel, session, ada, adb []byte, which, shift byte) {
		a := Inputs{password, channel, session, ada, adb}
		// The other side has the same bytes with one border elsewhere.
		b := a
		parts := []*[]byte{&b.Password, &b.Channel, &b.Session, &b.InitiatorData, &b.ResponderData}
		left, right := parts[which%4], parts[which%4+1]
		n := min(int(shift), len(*right))
		*left, *right = append(bytes.Clone(*left), (*right)[:n]...), (*right)[n:]
		_, _, aErr, bErr := meet(a, b)
		if agree := aErr == nil && bErr == nil; agree != (n == 0) || (aErr == nil) != (bErr == nil) {
			t.Fatalf("border %d moved by %d: %v, %v; %s", which%4, n, aErr, bErr, hex.EncodeToString(password))
		}
	})
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		if _, _, aErr, bErr := meet(kitchen, kitchen); aErr != nil || bErr != nil {
			b.Fatal(aErr, bErr)
		}
	}
}
