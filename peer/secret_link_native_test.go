//go:build !js

package peer

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// refusal is what Config.Refused is told.
type refusal struct {
	in     Instance
	at     netip.AddrPort
	dialed bool
}

// inRoom is a node in a room with a secret, with what it is told of others.
func inRoom(t *testing.T, secret Secret, name string) (*Transport, chan refusal) {
	t.Helper()
	told := make(chan refusal, 8)
	return listening(t, Config{Secret: secret, Name: name, Refused: func(in Instance, at netip.AddrPort, dialed bool) {
		told <- refusal{in, at, dialed}
	}}), told
}

func TestLinkWithSecret(t *testing.T) {
	a, _ := inRoom(t, kitchen(), "ana")
	b, _ := inRoom(t, kitchen(), "bo")
	near, far := linkOf(t, a, b)
	if near.Remote().ID != b.self.ID || near.Remote().Name != "bo" || far.Remote().ID != a.self.ID || far.Remote().Name != "ana" {
		t.Errorf("linked to %+v and %+v", near.Remote(), far.Remote())
	}
	if near.Binding() != far.Binding() || near.Binding() == [32]byte{} {
		t.Errorf("bound to %x and %x", near.Binding(), far.Binding())
	}
	first := near.Binding()
	readAll(near)
	readAll(far)
	_ = near.Close(nil)
	await(t, "the link is gone", func() bool { return a.claims.linked(b.self.Instance) == nil && b.claims.linked(a.self.Instance) == nil })
	if near, _ = linkOf(t, a, b); near.Binding() == first {
		t.Error("two links have one binding")
	}
}

// TestBindingInOpenRoom is for those who compare it there, too.
func TestBindingInOpenRoom(t *testing.T) {
	near, far := linkOf(t, listening(t, Config{}), listening(t, Config{}))
	if near.Binding() != far.Binding() || near.Binding() == [32]byte{} {
		t.Errorf("bound to %x and %x", near.Binding(), far.Binding())
	}
}

// TestLinkWithAnotherSecret dials who has another secret, or none: both sides say so,
// and are told where the other is, and there is no link.
func TestLinkWithAnotherSecret(t *testing.T) {
	for what, secrets := range map[string][2]Secret{
		"another":               {kitchen(), cellar()},
		"the dialing side none": {{}, kitchen()},
		"the other side none":   {kitchen(), {}},
	} {
		t.Run(what, func(t *testing.T) {
			a, told := inRoom(t, secrets[0], "ana")
			b, toldB := inRoom(t, secrets[1], "bo")
			if _, err := a.Dial(t.Context(), Target{Instance: b.self.Instance, Addrs: b.Addrs()}); !errors.Is(err, ErrSecret) {
				t.Errorf("got %v, want %v", err, ErrSecret)
			}
			if got, want := <-told, (refusal{b.self.Instance, b.Addrs()[0], true}); got != want {
				t.Errorf("the dialing side is told %+v, want %+v", got, want)
			}
			if got, want := <-toldB, (refusal{a.self.Instance, a.Addrs()[0], false}); got != want {
				t.Errorf("the other side is told %+v, want %+v", got, want)
			}
			if len(a.claims.all())+len(b.claims.all()) > 0 {
				t.Error("there is a link")
			}
		})
	}
}

// TestPageWithSecret is a page that posts its offer, or has it carried, in a room with
// a secret.
func TestPageWithSecret(t *testing.T) {
	for what, offer := range map[string]func(*tab) string{
		"posted": func(p *tab) string { _, answer := p.post(p.session()); return answer },
		"carried": func(p *tab) string {
			answer, err := p.to.AnswerCarried(p.t.Context(), p.hello.Instance, Carried{SDP: p.session(), From: loopback})
			if err != nil {
				p.t.Fatal(err)
			}
			return answer
		},
	} {
		t.Run(what, func(t *testing.T) {
			node, told := inRoom(t, kitchen(), "node")
			stranger := openTab(t, node)
			for _, secret := range []Secret{cellar(), {}} {
				p := stranger.anew()
				p.secret = secret
				if err := p.take(offer(p)); !errors.Is(err, ErrSecret) {
					t.Errorf("a stranger got %v, want %v", err, ErrSecret)
				}
				if got := <-told; got.in != p.hello.Instance || got.at.Addr() != loopback || got.dialed {
					t.Errorf("the node is told %+v", got)
				}
			}
			p := openTab(t, node)
			l := p.joins(offer(p))
			_ = l.conn.Close(nil)
			<-p.conn.Done()
			spend(&node.answering)
			q := p.anew()
			q.token = p.token
			await(t, "the link is gone", func() bool { return node.claims.linked(p.hello.Instance) == nil })
			q.joins(offer(q))
		})
	}
}

// spend uses up all guesses.
func spend(k *doorkeeper) {
	for i := 0; ; i++ {
		if change, _ := k.tryTake(source(i)); change != nil {
			return
		}
	}
}

// TestLinkedBefore dials who was linked before while no guesses are left, at either
// side, whoever dials: it is let in and spends none.
func TestLinkedBefore(t *testing.T) {
	a, _ := inRoom(t, kitchen(), "ana")
	b, _ := inRoom(t, kitchen(), "bo")
	near, far := linkOf(t, a, b)
	for _, tr := range []*Transport{a, b} {
		spend(&tr.answering)
		spend(&tr.offering)
	}
	for _, from := range []*Transport{a, b} {
		readAll(near)
		readAll(far)
		_ = near.Close(nil)
		await(t, "the link is gone", func() bool { return a.claims.linked(b.self.Instance) == nil && b.claims.linked(a.self.Instance) == nil })
		to := b
		if from == b {
			to = a
		}
		near, far = linkOf(t, from, to)
	}
}

// TestRightSecretSpendsNothing links many to one node, one after the other: who is
// right takes no guess of others.
func TestRightSecretSpendsNothing(t *testing.T) {
	node, _ := inRoom(t, kitchen(), "node")
	for i := range 24 {
		from, to := node, listening(t, Config{Secret: kitchen()})
		if i%2 == 0 {
			from, to = to, from
		}
		linkOf(t, from, to)
	}
}

// TestStrangerHearsNothing records all that a node says to who does not prove the
// secret, in hello and in signalling: neither its ID nor its name is in it.
func TestStrangerHearsNothing(t *testing.T) {
	node, _ := inRoom(t, kitchen(), "a name that nobody is to see")
	id := node.self.ID
	secret := func(heard []byte) bool {
		return containsAny(string(heard), string(id[:]), id.String(), id.Short(), node.self.Name)
	}
	nonce := make([]byte, nonceSize)
	open := append([]byte{helloVersion}, nonce...)
	private := append(append(slices.Clone(open), flagSecret), make([]byte, hintSize)...)
	for what, says := range map[string][][]byte{
		"nothing":             nil,
		"of an open room":     {open},
		"without a proof":     {private},
		"who it is":           {open, make([]byte, 200)},
		"who it is at once":   {private, make([]byte, 200)},
		"no point":            {private, make([]byte, 32)},
		"a share and no more": {private, basePoint, make([]byte, 64)},
	} {
		t.Run(what, func(t *testing.T) {
			p := openTab(t, node)
			resp, answer := p.post(p.session())
			heard := []byte(answer)
			for key, values := range resp.Header {
				heard = append(append(heard, key...), values[0]...)
			}
			ch, _, err := p.open(answer)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range says {
				if ch.write(m, false) != nil {
					break // the node has hung up already
				}
			}
			heard = append(heard, hears(t, ch)...) // the first message comes in any case
			if stalls := len(says) == 0 || what == "without a proof"; stalls {
				giveUp(node)
			}
			await(t, "the attempt is over", func() bool { return attempts(node) == 0 })
			// The node's end of the channel may get lost.
			_ = ch.raw.SetReadDeadline(time.Now().Add(closeFlush))
			for said := hears(t, ch); said != nil; said = hears(t, ch) {
				heard = append(heard, said...)
			}
			if secret(heard) {
				t.Errorf("a stranger heard %q", heard)
			}
		})
	}
}

// hears returns what comes over a channel, or nil at its end.
func hears(t *testing.T, ch channel) []byte {
	t.Helper()
	buf := make([]byte, maxHello)
	n, _, err := ch.read(buf)
	if errors.Is(err, io.EOF) || timedOut(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// attempts returns how many links a node has in the making.
func attempts(node *Transport) int {
	node.claims.mu.Lock()
	defer node.claims.mu.Unlock()
	return len(node.claims.attempts)
}

// giveUp ends all half-made links of those who posted, as their time does.
func giveUp(node *Transport) {
	node.halfOpen.mu.Lock()
	defer node.halfOpen.mu.Unlock()
	for v := range node.halfOpen.slots {
		v.cancel(ErrTimeout)
	}
}

// basePoint is the generator of ristretto255 (RFC 9496 §A.1).
var basePoint = []byte{
	0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f,
	0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
}
