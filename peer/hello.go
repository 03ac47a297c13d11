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
	Instance Instance // this start of the program
	Name     string   // for people: see package name for the rules; chosen freely and not unique
	Services []string // what it takes part in, such as "chat": at most MaxServices, named by the same rules and not empty
	Observer bool     // only looks who is here: no member

	// Addrs are the addresses at which the node says it answers, at most
	// MaxAddrs and none of them link-local, which mean nothing elsewhere. A
	// hint: nothing but a dial proves them.
	Addrs []netip.AddrPort
}

// Bounds of a Hello: [Listen] refuses what exceeds them, and a link from whose
// other side it comes ends.
const (
	MaxName     = name.Max // bytes
	MaxServices = 16
	MaxAddrs    = 16
)

// Hello is two messages from each side, both binary and both on channel 0,
// before anything else. The first is version and nonce; the second, sent when
// the other's first is here, is
//
//	ID 32 | signature 64 | token 16 | instance 8 | flags 1 |
//	name | count 1, services | count 1, addresses
//
// with strings as length 1 and bytes, addresses as length 1 (4 or 16), address
// and port 2, numbers big-endian. Flag 1 is Observer; other flags are ignored,
// as is what follows the addresses: a later version may use both. The
// signature covers the transcript (see transcript) and all that follows it.
const (
	helloVersion = 1
	nonceSize    = 32
	maxHello     = 4 << 10 // bytes; the bounds above add up to 1.5 KiB

	flagObserver = 1
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

// greet does hello over an open channel: it returns what the other side is,
// and the token both now share. It blocks; closing the channel ends it.
func greet(ch channel, self Hello, key *Identity, t transcript, offerer bool) (Hello, token, error) {
	ours, theirs := &t.answererNonce, &t.offererNonce
	if offerer {
		ours, theirs = theirs, ours
	}
	rand.Read(ours[:])
	if err := ch.write(append([]byte{helloVersion}, ours[:]...), false); err != nil {
		return Hello{}, token{}, err
	}
	first, err := readHello(ch)
	if err != nil {
		return Hello{}, token{}, err
	}
	if len(first) < 1+nonceSize {
		return Hello{}, token{}, errHello
	}
	if first[0] != helloVersion {
		return Hello{}, token{}, ErrVersion
	}
	copy(theirs[:], first[1:])

	var mine token
	rand.Read(mine[:])
	rest := appendHello(mine[:], self)
	id := key.ID()
	proof := slices.Concat(id[:], key.Sign(t.message(offerer, rest)), rest)
	if err := ch.write(proof, false); err != nil {
		return Hello{}, token{}, err
	}
	second, err := readHello(ch)
	if err != nil {
		return Hello{}, token{}, err
	}
	remote, other, err := parseProof(second, func(rest []byte) []byte { return t.message(!offerer, rest) })
	if err != nil {
		return Hello{}, token{}, err
	}
	if offerer {
		return remote, sharedToken(mine, other), nil
	}
	return remote, sharedToken(other, mine), nil
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

// parseProof reads the second message and verifies its signature.
func parseProof(p []byte, signed func(rest []byte) []byte) (Hello, token, error) {
	const head = len(ID{}) + 64
	if len(p) < head+len(token{}) {
		return Hello{}, token{}, errHello
	}
	id, sig, rest := ID(p[:len(ID{})]), p[len(ID{}):head], p[head:]
	if !id.Verify(signed(rest), sig) {
		return Hello{}, token{}, errors.New("peer: hello is not signed by its ID for this link")
	}
	h, err := parseHello(rest[len(token{}):])
	h.ID = id
	return h, token(rest[:len(token{})]), err
}

func appendHello(b []byte, h Hello) []byte {
	b = append(b, h.Instance[:]...)
	var flags byte
	if h.Observer {
		flags |= flagObserver
	}
	b = append(b, flags)
	b = appendString(b, h.Name)
	b = append(b, byte(len(h.Services)))
	for _, s := range h.Services {
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

// parseHello reads what appendHello writes; the ID is not in it.
func parseHello(p []byte) (Hello, error) {
	var h Hello
	r := reader{p: p}
	copy(h.Instance[:], r.take(len(h.Instance)))
	h.Observer = r.byte()&flagObserver != 0
	h.Name = string(r.take(int(r.byte())))
	for range r.byte() {
		h.Services = append(h.Services, string(r.take(int(r.byte()))))
	}
	for range r.byte() {
		addr, ok := netip.AddrFromSlice(r.take(int(r.byte())))
		port := r.take(2)
		if !ok || port == nil {
			return Hello{}, errHello
		}
		h.Addrs = append(h.Addrs, netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(port)))
	}
	if r.short || h.Instance.IsZero() {
		return Hello{}, errHello
	}
	return h, h.check()
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
	if len(h.Services) > MaxServices {
		return fmt.Errorf("peer: more than %d services", MaxServices)
	}
	for _, s := range h.Services {
		if s == "" {
			return errors.New("peer: service without a name")
		}
		if err := name.Check(s); err != nil {
			return fmt.Errorf("peer: service %q: %w", s, err)
		}
	}
	if len(h.Addrs) > MaxAddrs {
		return fmt.Errorf("peer: more than %d addresses", MaxAddrs)
	}
	return nil
}
