//go:build !js

package peer

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/peer/name"
)

// memories are two ends of a channel in memory.
func memories() (channel, channel) {
	ab, ba := newHalf(), newHalf()
	return &pipeEnd{in: ba, out: ab}, &pipeEnd{in: ab, out: ba}
}

func sampleHello() Hello {
	return Hello{
		Salt: Salt{1, 2, 3}, Name: "ana", Topics: []string{"chat", "share"}, Observer: true,
		Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:7475"), netip.MustParseAddrPort("[2001:db8::1]:7476")},
	}
}

// greeted is what one side heard.
type greeted struct {
	greeting
	err error
}

// meetAs lets two sides greet each other, each believing its own transcript.
func meetAs(a, b transcript, aKey, bKey *Identity) (near, far greeted) {
	x, y := memories()
	done := make(chan greeted)
	go func() {
		g, err := greet(y, greeting{hello: Hello{Salt: Salt{9}, Name: "bo"}, count: 50}, bKey, b, false, nil)
		y.close("")
		done <- greeted{g, err}
	}()
	g, err := greet(x, greeting{hello: sampleHello(), count: 7}, aKey, a, true, nil)
	x.close("")
	return greeted{g, err}, <-done
}

func TestGreet(t *testing.T) {
	base := transcript{room: "lan", offerer: [32]byte{1}, answerer: [32]byte{2}}
	aKey, bKey := NewIdentity(), NewIdentity()
	near, far := meetAs(base, base, aKey, bKey)
	if near.err != nil || far.err != nil {
		t.Fatal(near.err, far.err)
	}
	want := sampleHello()
	want.ID = aKey.ID()
	want.Instance = want.ID.Instance(want.Salt)
	if !reflect.DeepEqual(far.hello, want) || far.count != 7 {
		t.Errorf("got %+v, %d\nwant %+v, 7", far.hello, far.count, want)
	}
	if near.hello.ID != bKey.ID() || near.hello.Name != "bo" {
		t.Errorf("the offerer sees %+v", near.hello)
	}
	if near.token != far.token || near.token == (token{}) {
		t.Errorf("tokens are %x and %x", near.token, far.token)
	}

	other := base
	for name, change := range map[string]func(){
		"another certificate of the offerer":  func() { other.offerer[0]++ },
		"another certificate of the answerer": func() { other.answerer[0]++ },
		"another room":                        func() { other.room = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			other = base
			change()
			near, far := meetAs(base, other, aKey, bKey)
			if near.err == nil || far.err == nil {
				t.Errorf("hello went through: %v, %v", near.err, far.err)
			}
		})
	}
}

// TestGreetReflected sends a side its own messages back: it must not take them
// for another's.
func TestGreetReflected(t *testing.T) {
	h := newHalf()
	mirror := &pipeEnd{in: h, out: h}
	script := transcript{room: "lan", offerer: [32]byte{1}, answerer: [32]byte{1}}
	if _, err := greet(mirror, greeting{hello: sampleHello()}, NewIdentity(), script, true, nil); err == nil {
		t.Error("a node greeted itself")
	}
}

// TestHelloWithOneByteWrong changes each byte of the second message by one: all
// of it is signed, and the instance follows from what is.
func TestHelloWithOneByteWrong(t *testing.T) {
	key := NewIdentity()
	id := key.ID()
	signed := func(rest []byte) []byte { return append([]byte("for this link"), rest...) }
	rest := appendGreeting(nil, greeting{hello: sampleHello(), token: token{4}, count: 5})
	whole := slices.Concat(id[:], key.Sign(signed(rest)), rest)
	if g, err := parseProof(whole, signed); err != nil || g.hello.Instance != id.Instance(sampleHello().Salt) {
		t.Fatalf("what is right is taken as %+v, %v", g, err)
	}
	for i := range whole {
		wrong := slices.Clone(whole)
		wrong[i]++
		if g, err := parseProof(wrong, signed); err == nil {
			t.Errorf("with byte %d wrong it is taken as %+v", i, g)
		}
	}
}

// TestInstanceOfAnother links as another than hello proves, by one of what makes
// an instance: nobody makes a link of it, called or calling.
func TestInstanceOfAnother(t *testing.T) {
	for what, change := range map[string]func(*Transport){
		"another salt":     func(t *Transport) { t.self.Salt[0]++ },
		"another instance": func(t *Transport) { t.self.Instance[0]++ },
		"another identity": func(t *Transport) { t.identity = NewIdentity() },
	} {
		t.Run(what, func(t *testing.T) {
			honest, liar := listening(t, Config{}), altered(t, change)
			if _, err := honest.Dial(t.Context(), Target{Addrs: liar.Addrs()}); !errors.Is(err, ErrInstance) {
				t.Errorf("dialing it: got %v, want %v", err, ErrInstance)
			}
			_, _ = liar.Dial(t.Context(), Target{Instance: honest.self.Instance, Addrs: honest.Addrs()})
			await(t, "the attempt is over", func() bool {
				honest.claims.mu.Lock()
				defer honest.claims.mu.Unlock()
				return len(honest.claims.attempts) == 0
			})
			if len(honest.claims.all()) > 0 {
				t.Error("there is a link")
			}
		})
	}
}

func TestHelloBounds(t *testing.T) {
	long := strings.Repeat("x", MaxName+1)
	for what, change := range map[string]func(*Hello){
		"long name":        func(h *Hello) { h.Name = long },
		"name not UTF-8":   func(h *Hello) { h.Name = "\xff" },
		"name with a line": func(h *Hello) { h.Name = "a\nb" },
		"name that turns":  func(h *Hello) { h.Name = "\u202ea" },
		"escape sequence":  func(h *Hello) { h.Topics = []string{"\x1b[2J"} },
		"long topic":       func(h *Hello) { h.Topics = []string{long} },
		"empty topic":      func(h *Hello) { h.Topics = []string{""} },
		"many topics":      func(h *Hello) { h.Topics = make([]string, MaxTopics+1) },
		"many addresses":   func(h *Hello) { h.Addrs = make([]netip.AddrPort, MaxAddrs+1) },
		"an empty address": func(h *Hello) { h.Addrs = []netip.AddrPort{{}} },
		"browser's port":   func(h *Hello) { h.Web = true },
	} {
		t.Run(what, func(t *testing.T) {
			h := sampleHello()
			change(&h)
			if got, err := parseGreeting(appendGreeting(nil, greeting{hello: h})); err == nil {
				t.Errorf("taken as %+v", got)
			}
		})
	}
	whole := appendGreeting(nil, greeting{hello: sampleHello()})
	for n := range whole {
		if _, err := parseGreeting(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were taken", n, len(whole))
		}
	}
	if _, err := parseGreeting(append(whole, 1, 2, 3)); err != nil {
		t.Errorf("what a later version may append is refused: %v", err)
	}
}

// TestHelloOfABrowser carries that it is one, and that it has no addresses.
func TestHelloOfABrowser(t *testing.T) {
	want := sampleHello()
	want.Web, want.Observer, want.Addrs = true, false, nil
	got, err := parseGreeting(appendGreeting(nil, greeting{hello: want}))
	if err != nil || !reflect.DeepEqual(got.hello, want) {
		t.Errorf("got %+v, %v\nwant %+v", got.hello, err, want)
	}
}

func FuzzParseGreeting(f *testing.F) {
	f.Add(appendGreeting(nil, greeting{hello: sampleHello(), count: 1}))
	f.Add([]byte{})
	f.Add(appendGreeting(nil, greeting{hello: Hello{Name: "a\r\nb", Topics: []string{"\u2066"}}}))
	f.Add(appendGreeting(nil, greeting{hello: Hello{Name: "tab", Web: true}}))
	f.Add(appendGreeting(nil, greeting{hello: Hello{Web: true, Addrs: []netip.AddrPort{{}}}}))
	f.Fuzz(func(t *testing.T, p []byte) {
		g, err := parseGreeting(p)
		if err != nil {
			return
		}
		for _, s := range append(g.hello.Topics, g.hello.Name) {
			if err := name.Check(s); err != nil {
				t.Fatalf("%q was taken: %v", s, err)
			}
		}
		again := appendGreeting(nil, g)
		if len(again) > len(p) {
			t.Fatalf("%d bytes became %d", len(p), len(again))
		}
		if back, err := parseGreeting(again); err != nil || !reflect.DeepEqual(back, g) {
			t.Fatalf("%+v came back as %+v, %v", g, back, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	key := NewIdentity()
	id := key.ID()
	rest := appendGreeting(nil, greeting{hello: sampleHello()})
	f.Add(append(append(id[:], key.Sign(rest)...), rest...))
	f.Fuzz(func(t *testing.T, p []byte) {
		g, err := parseProof(p, func(rest []byte) []byte { return rest })
		if err == nil && !g.hello.ID.Verify(p[96:], p[32:96]) {
			t.Fatal("an unsigned hello was taken")
		}
	})
}

func FuzzControl(f *testing.F) {
	for _, s := range []string{"ping 1", "pong 1", "close bye", "pong x", "", "later 1 2 3", "close a\nb\xff", "ping " + strings.Repeat("9", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, y := memories()
		c := newConn(x, Hello{})
		err := c.control(s)
		y.close("")
		buf := make([]byte, MaxMessage)
		if n, _, _ := y.read(buf); n > 32 {
			t.Fatalf("%d bytes were answered to %q", n, s)
		}
		if closed, ok := err.(*CloseError); ok && name.Clean(closed.Reason, maxReason) != closed.Reason {
			t.Fatalf("the reason %q was kept", closed.Reason)
		}
	})
}

func TestLongReasonIsCut(t *testing.T) {
	a, b := Pipe(Hello{}, Hello{})
	_ = a.Close(&errStatus{text: string(bytes.Repeat([]byte("x"), 1000))})
	_, err := b.ReadMessage()
	if closed, ok := err.(*CloseError); !ok || len(closed.Reason) != maxReason {
		t.Errorf("got %v", err)
	}
}
