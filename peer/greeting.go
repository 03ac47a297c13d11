package peer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
)

// Flags of a greeting.
const (
	flagObserver = 1
	flagChannels = 2
	flagWeb      = 4
)

// greeting is what one side tells the other in its second message.
type greeting struct {
	hello Hello
	token token  // its half; what greet returns is what both halves make
	count uint64 // of the offer, from the offering side; the highest that the other knows

	binding [sha256.Size]byte // of what greet returns, see Conn.Binding

	channels bool // it takes channels
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
