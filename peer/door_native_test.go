//go:build !js

package peer

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

var (
	kitchen = sync.OnceValue(func() Secret { return NewSecret("lan", "correct horse battery staple") })
	cellar  = sync.OnceValue(func() Secret { return NewSecret("lan", "incorrect horse battery staple") })
)

// side is one that greets in a room with a secret, or in an open one.
type side struct {
	secret            Secret
	offerer, answerer Instance // as it believes
	token             token
	key               *Identity
	script            transcript
	hello             Hello
}

// sides are two that may greet each other.
func sides() (a, b side) {
	a = side{
		secret: kitchen(), offerer: anyInstance(), answerer: anyInstance(), key: NewIdentity(),
		script: transcript{room: "lan", offerer: [32]byte{1}, answerer: [32]byte{2}}, hello: sampleHello(),
	}
	b = a
	b.key, b.hello = NewIdentity(), Hello{Salt: Salt{9}, Name: "bo"}
	return a, b
}

func (s side) door() *door {
	if s.secret.IsZero() {
		return nil
	}
	return &door{secret: s.secret, offerer: s.offerer, answerer: s.answerer, token: s.token}
}

// greet does hello and hangs up with what the other is told.
func (s side) greet(ch channel, offerer bool) greeted {
	g, err := greet(ch, greeting{hello: s.hello, count: 7}, s.key, s.script, offerer, s.door())
	ch.close(closingOf(err))
	return greeted{g, err}
}

// tapped is a channel that keeps what is written on it.
type tapped struct {
	channel
	wrote *[][]byte
}

func (c tapped) write(p []byte, text bool) error {
	*c.wrote = append(*c.wrote, slices.Clone(p))
	return c.channel.write(p, text)
}

// knocking lets two sides greet each other, in a bubble: so it ends. It returns what
// each of them wrote, too.
func knocking(t *testing.T, a, b side) (near, far greeted, said, answered [][]byte) {
	t.Helper()
	kitchen()
	synctest.Test(t, func(t *testing.T) {
		x, y := memories()
		done := make(chan greeted)
		go func() { done <- b.greet(tapped{y, &answered}, false) }()
		near = a.greet(tapped{x, &said}, true)
		far = <-done
	})
	return near, far, said, answered
}

// TestAnotherSecret has the two sides differ in whatever counts. Both learn that it is
// another secret, and who has one shows neither its ID nor its name.
func TestAnotherSecret(t *testing.T) {
	for what, change := range map[string]func(a, b *side){
		"another secret":                      func(_, b *side) { b.secret = cellar() },
		"another room":                        func(_, b *side) { b.script.room = "other" },
		"another certificate of the offerer":  func(_, b *side) { b.script.offerer[0]++ },
		"another certificate of the answerer": func(_, b *side) { b.script.answerer[0]++ },
		"another instance of the offerer":     func(_, b *side) { b.offerer[0]++ },
		"another instance of the answerer":    func(_, b *side) { b.answerer[0]++ },
		"the offerer has none":                func(a, _ *side) { a.secret = Secret{} },
		"the answerer has none":               func(_, b *side) { b.secret = Secret{} },
	} {
		t.Run(what, func(t *testing.T) {
			a, b := sides()
			change(&a, &b)
			near, far, said, answered := knocking(t, a, b)
			if !errors.Is(near.err, ErrSecret) || !errors.Is(far.err, ErrSecret) {
				t.Errorf("got %v and %v, want %v", near.err, far.err, ErrSecret)
			}
			if near.hello.Name != "" || far.hello.Name != "" {
				t.Errorf("they see %+v and %+v", near.hello, far.hello)
			}
			for _, s := range []struct {
				side
				wrote [][]byte
			}{{a, said}, {b, answered}} {
				if shows(s.wrote, s.side) {
					t.Errorf("%s has shown who it is", s.hello.Name)
				}
			}
		})
	}
}

// shows reports whether the ID or the name of a side is in what was written.
func shows(wrote [][]byte, s side) bool {
	id := s.key.ID()
	all := string(slices.Concat(wrote...))
	return containsAny(all, string(id[:]), s.hello.Name, id.String())
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}
