package peer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lanyap/lanyap/peer/name"
)

// Hello is what a node says of itself once a link is encrypted, and what the
// other side proved or checked of it. It is the first thing exchanged on a
// link and fixed for the link's life.
type Hello struct {
	ID       ID       // proven by signature
	Salt     Salt     // of this start of the program
	Instance Instance // of ID and Salt, and so proven as well; never sent
	Name     string   // for people: see package name for the rules; chosen freely and not unique
	Topics   []string // what it takes part in, such as "chat": at most MaxTopics, named by the same rules and not empty
	Observer bool     // only looks who is here: no member
	Web      bool     // in a browser: nobody can dial it, so it has no Addrs

	// Addrs are the addresses at which the node says it answers, at most
	// MaxAddrs and none of them link-local, which mean nothing elsewhere. A
	// hint: nothing but a dial proves them.
	Addrs []netip.AddrPort
}

// Bounds of a Hello: [Listen] refuses what exceeds them, and a link from whose
// other side it comes ends.
const (
	MaxName   = name.Max // bytes
	MaxTopics = 16
	MaxAddrs  = 16
)

// The format is in the package's documentation.
const (
	helloVersion = 1
	nonceSize    = 32
	maxHello     = 4 << 10 // bytes; the bounds above add up to 1.5 KiB

	flagObserver = 1
	flagChannels = 2
	flagWeb      = 4
)

var errHello = errors.New("peer: malformed hello")

// transcript is what both sides know of the link they are on. It binds the
// identities to the two DTLS certificates, so nobody can stand in between, and
// needs nothing a browser does not have (RFC 8122 fingerprints).
type transcript struct {
	room          string
	offerer       [sha256.Size]byte // fingerprint of its certificate
	answerer      [sha256.Size]byte
	offererNonce  [nonceSize]byte
	answererNonce [nonceSize]byte
}

// message is what one side signs: roles are in it, so that a signature cannot
// be turned around.
func (t *transcript) message(byOfferer bool, rest []byte) []byte {
	role := byte('a')
	if byOfferer {
		role = 'o'
	}
	room := sha256.Sum256([]byte("lanyap room\x00" + t.room))
	return slices.Concat([]byte("lanyap hello 1\x00"), []byte{role}, room[:],
		t.offerer[:], t.answerer[:], t.offererNonce[:], t.answererNonce[:], rest)
}

// greeting is what one side tells the other in its second message.
type greeting struct {
	hello Hello
	token token  // its half; what greet returns is what both halves make
	count uint64 // of the offer, from the offering side; the highest that the other knows

	channels bool // it takes channels
}

// greet does hello over an open channel: it returns what the other side says,
// with the token both now share. It blocks; closing the channel ends it.
func greet(ch channel, self greeting, key *Identity, t transcript, offerer bool) (greeting, error) {
	ours, theirs := &t.answererNonce, &t.offererNonce
	if offerer {
		ours, theirs = theirs, ours
	}
	rand.Read(ours[:])
	if err := ch.write(append([]byte{helloVersion}, ours[:]...), false); err != nil {
		return greeting{}, err
	}
	first, err := readHello(ch)
	if err != nil {
		return greeting{}, err
	}
	if *theirs, err = parseFirst(first); err != nil {
		return greeting{}, err
	}

	rand.Read(self.token[:])
	rest := appendGreeting(nil, self)
	id := key.ID()
	second := slices.Concat(id[:], key.Sign(t.message(offerer, rest)), rest)
	if err := ch.write(second, false); err != nil {
		return greeting{}, err
	}
	if second, err = readHello(ch); err != nil {
		return greeting{}, err
	}
	remote, err := parseProof(second, func(rest []byte) []byte { return t.message(!offerer, rest) })
	if err != nil {
		return greeting{}, err
	}
	if offerer {
		remote.token = sharedToken(self.token, remote.token)
	} else {
		remote.token = sharedToken(remote.token, self.token)
	}
	return remote, nil
}

func readHello(ch channel) ([]byte, error) {
	p := make([]byte, maxHello)
	n, text, err := ch.read(p)
	if err != nil {
		return nil, err
	}
	if text {
		return nil, errHello
	}
	return p[:n], nil
}

// parseFirst reads the first message.
func parseFirst(p []byte) (nonce [nonceSize]byte, err error) {
	switch {
	case len(p) < 1+nonceSize:
		return nonce, errHello
	case p[0] != helloVersion:
		return nonce, ErrVersion
	}
	return [nonceSize]byte(p[1:]), nil
}

// parseProof reads the second message and verifies its signature.
func parseProof(p []byte, signed func(rest []byte) []byte) (greeting, error) {
	const head = len(ID{}) + 64
	if len(p) < head {
		return greeting{}, errHello
	}
	id, sig, rest := ID(p[:len(ID{})]), p[len(ID{}):head], p[head:]
	if !id.Verify(signed(rest), sig) {
		return greeting{}, errors.New("peer: hello is not signed by its ID for this link")
	}
	g, err := parseGreeting(rest)
	g.hello.ID = id
	g.hello.Instance = id.Instance(g.hello.Salt)
	return g, err
}

// appendGreeting appends what follows the signature.
func appendGreeting(b []byte, g greeting) []byte {
	h := g.hello
	b = append(append(b, g.token[:]...), h.Salt[:]...)
	var flags byte
	if h.Observer {
		flags |= flagObserver
	}
	if g.channels {
		flags |= flagChannels
	}
	if h.Web {
		flags |= flagWeb
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint64(b, g.count)
	b = appendString(b, h.Name)
	b = append(b, byte(len(h.Topics)))
	for _, s := range h.Topics {
		b = appendString(b, s)
	}
	b = append(b, byte(len(h.Addrs)))
	for _, a := range h.Addrs {
		raw := a.Addr().AsSlice()
		b = append(append(b, byte(len(raw))), raw...)
		b = binary.BigEndian.AppendUint16(b, a.Port())
	}
	return b
}

func appendString(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

// parseGreeting reads what appendGreeting writes; the ID is not in it.
func parseGreeting(p []byte) (greeting, error) {
	var g greeting
	h := &g.hello
	r := reader{p: p}
	copy(g.token[:], r.take(len(g.token)))
	copy(h.Salt[:], r.take(len(h.Salt)))
	flags := r.byte()
	h.Observer, g.channels, h.Web = flags&flagObserver != 0, flags&flagChannels != 0, flags&flagWeb != 0
	if count := r.take(8); count != nil {
		g.count = binary.BigEndian.Uint64(count)
	}
	h.Name = string(r.take(int(r.byte())))
	for range r.byte() {
		h.Topics = append(h.Topics, string(r.take(int(r.byte()))))
	}
	for range r.byte() {
		addr, ok := netip.AddrFromSlice(r.take(int(r.byte())))
		port := r.take(2)
		if !ok || port == nil {
			return greeting{}, errHello
		}
		h.Addrs = append(h.Addrs, netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(port)))
	}
	if r.short {
		return greeting{}, errHello
	}
	return g, h.check()
}

// reader takes a message apart; once it ran short it yields nothing more.
type reader struct {
	p     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if r.short || n > len(r.p) {
		r.short = true
		return nil
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// check holds the bounds.
func (h *Hello) check() error {
	if err := name.Check(h.Name); err != nil {
		return fmt.Errorf("peer: name %q: %w", h.Name, err)
	}
	if len(h.Topics) > MaxTopics {
		return fmt.Errorf("peer: more than %d topics", MaxTopics)
	}
	for _, s := range h.Topics {
		if s == "" {
			return errors.New("peer: topic without a name")
		}
		if err := name.Check(s); err != nil {
			return fmt.Errorf("peer: topic %q: %w", s, err)
		}
	}
	if len(h.Addrs) > MaxAddrs {
		return fmt.Errorf("peer: more than %d addresses", MaxAddrs)
	}
	if h.Web && len(h.Addrs) > 0 {
		return errors.New("peer: a browser with addresses")
	}
	return nil
}
