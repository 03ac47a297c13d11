//go:build !js

package peer

import (
	"bytes"
	"io"
	"testing"
)

// recital is the other side of a hello that says what it would say anyhow.
type recital struct {
	channel // nil: hello needs nothing else of it
	left    []utterance
	heard   [][]byte
}

type utterance struct {
	p    []byte
	text bool
}

func (r *recital) read(p []byte) (int, bool, error) {
	if len(r.left) == 0 {
		return 0, false, io.EOF
	}
	u := r.left[0]
	if len(u.p) > len(p) {
		return 0, false, io.ErrShortBuffer
	}
	r.left = r.left[1:]
	return copy(p, u.p), u.text, nil
}

func (r *recital) write(p []byte, _ bool) error {
	r.heard = append(r.heard, bytes.Clone(p))
	return nil
}

// Whatever is said at the door of a room with a secret, in either role, and to who
// was linked before or not: hello ends, and nobody has heard who is there.
func FuzzDoor(f *testing.F) {
	knock := append(append([]byte{helloVersion}, make([]byte, nonceSize)...), flagSecret)
	knock = append(knock, make([]byte, hintSize)...)
	for _, roles := range []byte{0, 1, 2, 3} {
		f.Add(roles, byte(0), knock, append(bytes.Clone(basePoint), make([]byte, 64)...), make([]byte, 64))
		f.Add(roles, byte(0), knock, basePoint, make([]byte, 64))
		f.Add(roles, byte(0), knock[:1+nonceSize], []byte{}, []byte{})
		f.Add(roles, byte(2), knock, []byte(closingSecret), []byte{})
		f.Add(roles, byte(6), knock, []byte(closingBusy), []byte("close "))
		f.Add(roles, byte(1), []byte(closingBusy), []byte{}, []byte{})
	}
	us, _ := sides()
	f.Fuzz(func(t *testing.T, roles, texts byte, first, second, third []byte) {
		s := us
		if roles&2 != 0 {
			s.token = token{1, 2, 3}
		}
		ch := &recital{left: []utterance{{first, texts&1 != 0}, {second, texts&2 != 0}, {third, texts&4 != 0}}}
		d := s.door()
		_, err := greet(ch, greeting{hello: s.hello}, s.key, s.script, roles&1 != 0, d)
		if err == nil || shows(ch.heard, s) {
			t.Fatalf("hello ends with %v, and the other side heard %q", err, ch.heard)
		}
		if k := d.keeper; k.guesses.underWay != 0 || k.guesses.wrongs > 1 {
			t.Fatalf("%d guesses are under way, %d were wrong", k.guesses.underWay, k.guesses.wrongs)
		}
	})
}
