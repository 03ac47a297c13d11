//go:build !js

package peer

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/peer/internal/cpace"
)

// garbled are what may come in place of a message of some length; said is what the
// reader has said last.
var garbled = map[string]func(length int, said []byte) []byte{
	"nothing":                 func(int, []byte) []byte { return nil },
	"a byte":                  func(int, []byte) []byte { return []byte{1} },
	"a byte too few":          func(n int, _ []byte) []byte { return noise(n - 1) },
	"a byte too many":         func(n int, _ []byte) []byte { return noise(n + 1) },
	"as much as there may be": func(int, []byte) []byte { return noise(maxHello - 1 - nonceSize) },
	"noise":                   func(n int, _ []byte) []byte { return noise(n) },
	"the identity":            func(n int, _ []byte) []byte { return make([]byte, n) },
	"no element":              func(n int, _ []byte) []byte { return bytes.Repeat([]byte{0xff}, n) },
	"an element":              func(n int, _ []byte) []byte { return append(slices.Clone(basePoint), noise(n)...)[:n] },
	"what was said":           func(_ int, said []byte) []byte { return said },
	"the end of it":           func(n int, said []byte) []byte { return said[max(0, len(said)-n):] },
	"an open room's hello":    func(int, []byte) []byte { return noise(200) },
}

func noise(n int) []byte {
	p := make([]byte, n)
	rand.Read(p)
	return p
}

// intruder is at the other end of a link, and does hello by hand.
type intruder struct {
	t    *testing.T
	ch   channel
	told *string // what it is told at last
}

// hears returns the next message, or nil if there is none any more.
func (i intruder) hears() []byte {
	buf := make([]byte, maxHello)
	n, text, err := i.ch.read(buf)
	if err != nil {
		return nil
	}
	if text {
		*i.told = string(buf[:n])
		return i.hears()
	}
	return buf[:n]
}

// says says something, if anybody is there to hear it.
func (i intruder) says(p []byte) { _ = i.ch.write(p, false) }

// knocks says a first message of a room with a secret, and takes the other's.
func (i intruder) knocks() transcript {
	i.t.Helper()
	first := i.hears()
	ours := noise(nonceSize)
	i.says(slices.Concat([]byte{helloVersion}, ours, []byte{flagSecret}, noise(hintSize)))
	theirs, _, err := parseFirst(first)
	if err != nil {
		i.t.Error(err)
	}
	return transcript{room: "lan", offererNonce: theirs, answererNonce: [nonceSize]byte(ours)}
}

// breakIn has an intruder at the other end of somebody's hello. It returns how hello
// ended and what the intruder was told, and fails if it was told who that is.
func (s side) breakIn(t *testing.T, offerer bool, intrude func(i intruder)) (honest greeted, told string) {
	t.Helper()
	x, y := memories()
	var wrote [][]byte
	done := make(chan greeted)
	go func() { done <- s.greet(tapped{x, &wrote}, offerer) }()
	i := intruder{t, y, &told}
	intrude(i)
	for i.hears() != nil {
	}
	honest = <-done
	if honest.err == nil || shows(wrote, s) {
		t.Errorf("hello ended with %v and the intruder heard %q", honest.err, wrote)
	}
	return honest, told
}

func anySide() side {
	s, _ := sides()
	return s
}

// TestGarbageAtTheDoor says what is wrong in each message of hello, in each role: it
// ends in one and the same way, whatever it was, and nobody has shown who it is.
func TestGarbageAtTheDoor(t *testing.T) {
	steps := map[string]struct {
		offerer bool // the honest side is
		play    func(i intruder, garble func(int, []byte) []byte)
	}{
		"share and tag": {true, func(i intruder, garble func(int, []byte) []byte) {
			i.knocks()
			said := i.hears()
			i.says(garble(cpace.ShareSize+cpace.TagSize, said))
		}},
		"share": {false, func(i intruder, garble func(int, []byte) []byte) {
			i.knocks()
			i.says(garble(cpace.ShareSize, noise(cpace.ShareSize)))
			i.hears() // the share may be one
			i.says(noise(cpace.TagSize))
		}},
		"tag": {false, func(i intruder, garble func(int, []byte) []byte) {
			i.knocks()
			_, ya := cpace.Start(cpace.Inputs{Password: []byte("a guess")})
			i.says(ya[:])
			said := i.hears()
			i.says(garble(cpace.TagSize, said))
		}},
		"knock of the answering side": {true, func(i intruder, garble func(int, []byte) []byte) {
			first := i.hears()
			i.says(append(slices.Clone(first[:1+nonceSize]), garble(knockSize, first[1+nonceSize:])...))
			i.hears()
			i.says(noise(cpace.ShareSize + cpace.TagSize))
		}},
		"knock of the offering side": {false, func(i intruder, garble func(int, []byte) []byte) {
			first := i.hears()
			i.says(append(slices.Clone(first[:1+nonceSize]), garble(knockSize, first[1+nonceSize:])...))
			i.says(noise(cpace.ShareSize))
			i.hears()
			i.says(noise(cpace.TagSize))
		}},
	}
	for step, s := range steps {
		for what, garble := range garbled {
			t.Run(fmt.Sprintf("%s: %s", step, what), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					honest, told := anySide().breakIn(t, s.offerer, func(i intruder) { s.play(i, garble) })
					if !errors.Is(honest.err, ErrSecret) || told != closingSecret {
						t.Errorf("got %v, and the intruder is told %q; want %v and %q", honest.err, told, ErrSecret, closingSecret)
					}
				})
			})
		}
	}
}

// TestHelloSentBack plays what somebody says back to it.
func TestHelloSentBack(t *testing.T) {
	kitchen()
	synctest.Test(t, func(t *testing.T) {
		h := newHalf()
		s, _ := sides()
		s.token = token{1}
		if g := s.greet(&pipeEnd{in: h, out: h}, true); !errors.Is(g.err, ErrSecret) {
			t.Errorf("got %v, want %v", g.err, ErrSecret)
		}
	})
}

// TestReplayedHello plays all that one side has said in a hello that went well to the
// other side of a second one.
func TestReplayedHello(t *testing.T) {
	a, b := sides()
	near, far, said, answered := knocking(t, a, b)
	if near.err != nil || far.err != nil {
		t.Fatal(near.err, far.err)
	}
	for what, play := range map[string]struct {
		offerer bool
		said    [][]byte
	}{"the offerer's": {false, said}, "the answerer's": {true, answered}} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				honest, _ := anySide().breakIn(t, play.offerer, func(i intruder) {
					for _, p := range play.said {
						i.says(p)
					}
				})
				if !errors.Is(honest.err, ErrSecret) {
					t.Errorf("got %v, want %v", honest.err, ErrSecret)
				}
			})
		})
	}
}

// TestRememberedOverAnotherCertificate has somebody use the knock of one who is
// remembered on a link of its own: it is not taken for that one.
func TestRememberedOverAnotherCertificate(t *testing.T) {
	a, b := sides()
	a.token, b.token = token{1}, token{1}
	_, _, said, _ := knocking(t, a, b)
	b.script.offerer[0]++
	x, y := memories()
	var wrote [][]byte
	done := make(chan greeted)
	go func() { done <- b.greet(tapped{x, &wrote}, false) }()
	i := intruder{t, y, new(string)}
	i.says(said[0])
	i.says(noise(3)) // instead of a share
	if g := <-done; !errors.Is(g.err, ErrSecret) || shows(wrote, b) {
		t.Errorf("got %v, and it said %q", g.err, wrote)
	}
}

// TestRelayedProof is somebody in between two who know the secret, who takes each
// message of the proof from one link to the other: the certificates are not the same.
func TestRelayedProof(t *testing.T) {
	for what, remembered := range map[string]token{"the first time": {}, "again": {1}} {
		t.Run(what, func(t *testing.T) {
			a, b := sides()
			a.token, b.token = remembered, remembered
			a.script.answerer = [32]byte{66} // that of who is in between
			b.script.offerer = [32]byte{66}
			near, far, said, answered := knocking(t, a, b)
			if !errors.Is(near.err, ErrSecret) || !errors.Is(far.err, ErrSecret) || shows(said, a) || shows(answered, b) {
				t.Errorf("got %v and %v, after %q and %q", near.err, far.err, said, answered)
			}
		})
	}
}

// TestTextAtTheDoor says something of the link's own in hello.
func TestTextAtTheDoor(t *testing.T) {
	for said, want := range map[string]error{
		closingSecret: ErrSecret, closingBusy: ErrGuesses, "secret ": errHello, "ping 1": errHello, "": errHello,
	} {
		t.Run(said, func(t *testing.T) {
			kitchen()
			synctest.Test(t, func(t *testing.T) {
				honest, _ := anySide().breakIn(t, true, func(i intruder) {
					i.knocks()
					i.hears()
					_ = i.ch.write([]byte(said), true)
				})
				if !errors.Is(honest.err, want) {
					t.Errorf("got %v, want %v", honest.err, want)
				}
			})
		})
	}
}
