//go:build !js

package peer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/peer/internal/cpace"
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
	keeper            *doorkeeper  // nil: its own
	from              netip.Prefix // where the other side is
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
	a.hello.Name = "ana of the kitchen" // which is not in a few random bytes
	b = a
	b.key, b.hello = NewIdentity(), Hello{Salt: Salt{9}, Name: "bo of the kitchen"}
	return a, b
}

func (s side) door() *door {
	if s.secret.IsZero() {
		return nil
	}
	return &door{
		secret: s.secret, offerer: s.offerer, answerer: s.answerer, token: s.token,
		ctx: context.Background(), keeper: cmp.Or(s.keeper, new(doorkeeper)), from: s.from,
	}
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

// lengths are those of messages.
func lengths(messages [][]byte) (n []int) {
	for _, m := range messages {
		n = append(n, len(m))
	}
	return n
}

func TestGreetWithSecret(t *testing.T) {
	a, b := sides()
	near, far, said, answered := knocking(t, a, b)
	if near.err != nil || far.err != nil {
		t.Fatal(near.err, far.err)
	}
	if far.hello.ID != a.key.ID() || far.hello.Name != a.hello.Name || near.hello.ID != b.key.ID() || near.hello.Name != b.hello.Name {
		t.Errorf("they see %+v and %+v", near.hello, far.hello)
	}
	if near.token != far.token || near.binding != far.binding || near.binding == [32]byte{} {
		t.Errorf("they share %x, %x and %x, %x", near.token, near.binding, far.token, far.binding)
	}
	if got, want := lengths(said)[:3], []int{1 + nonceSize + knockSize, cpace.ShareSize, cpace.TagSize}; !slices.Equal(got, want) {
		t.Errorf("the offerer wrote %v, want %v first", got, want)
	}
	if got, want := lengths(answered)[:2], []int{1 + nonceSize + knockSize, cpace.ShareSize + cpace.TagSize}; !slices.Equal(got, want) {
		t.Errorf("the answerer wrote %v, want %v first", got, want)
	}
}

// TestGreetAgain is hello of two that were linked before: it takes no more messages
// than in an open room, and who remembers another link, or none, has to prove the
// secret.
func TestGreetAgain(t *testing.T) {
	for what, test := range map[string]struct {
		a, b  token
		proof bool // of the secret
		wrong bool // the secrets are not the same
	}{
		"both remember":                         {a: token{1}, b: token{1}},
		"both remember, whatever the secret":    {a: token{1}, b: token{1}, wrong: true},
		"the answerer has forgotten":            {a: token{1}, proof: true},
		"the offerer has forgotten":             {b: token{1}, proof: true},
		"each remembers another":                {a: token{1}, b: token{2}, proof: true},
		"another remembered, and other secrets": {a: token{1}, b: token{2}, proof: true, wrong: true},
	} {
		t.Run(what, func(t *testing.T) {
			a, b := sides()
			a.token, b.token = test.a, test.b
			if test.wrong {
				b.secret = cellar()
			}
			near, far, said, answered := knocking(t, a, b)
			if fails := test.wrong && test.proof; fails != (near.err != nil) || fails != (far.err != nil) {
				t.Fatalf("got %v, %v", near.err, far.err)
			}
			if proof := len(said[1]) == cpace.ShareSize; proof != test.proof {
				t.Errorf("they wrote %v and %v", lengths(said), lengths(answered))
			}
			if near.binding != far.binding {
				t.Error("they do not share the binding")
			}
		})
	}
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

// greetBefore is hello as it was before rooms had secrets.
func (s side) greetBefore(ch channel, offerer bool) greeted {
	t := s.script
	rand.Read(t.nonce(offerer)[:])
	if err := ch.write(append([]byte{helloVersion}, t.nonce(offerer)[:]...), false); err != nil {
		return greeted{err: err}
	}
	first, err := readBefore(ch)
	if err != nil {
		return greeted{err: err}
	}
	*t.nonce(!offerer) = [nonceSize]byte(first[1:])
	g, err := introduce(ch, greeting{hello: s.hello}, s.key, &t, offerer)
	return greeted{g, err}
}

func readBefore(ch channel) ([]byte, error) {
	p := make([]byte, maxHello)
	n, text, err := ch.read(p)
	if err == nil && (text || n < 1+nonceSize) {
		err = errHello
	}
	return p[:n], err
}

// TestGreetEarlierVersion greets one that knows of no secrets, in either role: in an
// open room nothing has changed, and in one with a secret it is turned away.
func TestGreetEarlierVersion(t *testing.T) {
	for what, offers := range map[string]bool{"which offers": true, "which answers": false} {
		for room, private := range map[string]bool{"open": false, "private": true} {
			t.Run(what+", "+room, func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					s, old := sides()
					if !private {
						s.secret = Secret{}
					}
					x, y := memories()
					var wrote [][]byte
					done := make(chan greeted)
					go func() { done <- s.greet(tapped{x, &wrote}, !offers) }()
					theirs := old.greetBefore(y, offers)
					y.close("")
					ours := <-done
					if private {
						if !errors.Is(ours.err, ErrSecret) || theirs.err == nil || shows(wrote, s) {
							t.Errorf("got %v and %v", ours.err, theirs.err)
						}
						return
					}
					if ours.err != nil || theirs.err != nil || ours.hello.Name != old.hello.Name || theirs.hello.Name != s.hello.Name {
						t.Errorf("got %v and %v", ours.err, theirs.err)
					}
					if n := len(wrote[0]); n != 1+nonceSize {
						t.Errorf("the first message has %d bytes, had %d", n, 1+nonceSize)
					}
				})
			})
		}
	}
}
