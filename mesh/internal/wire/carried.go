package wire

import (
	"fmt"
	"net/netip"
)

// MaxDescription is the longest description that members carry, in bytes: what
// package peer takes.
const MaxDescription = 16 << 10

// Carried is a description of a link that members carry, because one of the two
// sides is in a browser, and posts offers to nobody but the node that serves it.
type Carried struct {
	ID   [8]byte    // of the offer, by chance; an answer bears that of its offer
	Seen netip.Addr // where the first who carried it saw its author; invalid: not said
	SDP  []byte     // in an answer, empty: refused
}

// AppendCarried appends a record of that kind, [CarriedOffer] or [CarriedAnswer].
// Of Seen its zone is left out, which means nothing to another host.
func AppendCarried(dst []byte, kind byte, c Carried) []byte {
	dst = append(append(dst, kind), c.ID[:]...)
	return append(appendSeen(dst, c.Seen), c.SDP...)
}

// ParseCarried reads a record of that kind after the kind.
func ParseCarried(kind byte, p []byte) (Carried, error) {
	c, rest, err := cutCarried(p)
	if err != nil {
		return Carried{}, fmt.Errorf("wire: carried: %w", err)
	}
	c.SDP = rest
	if len(c.SDP) > MaxDescription || kind == CarriedOffer && len(c.SDP) == 0 {
		return Carried{}, fmt.Errorf("wire: carried: a description of %d bytes", len(c.SDP))
	}
	return c, nil
}

// Stamp returns a carried record, with its kind, that says that its author was
// seen there, whatever it said before; nil if it does not read or is too long
// then. Any other record it returns as it is.
func Stamp(record []byte, seen netip.Addr) []byte {
	if len(record) == 0 || record[0] != CarriedOffer && record[0] != CarriedAnswer {
		return record
	}
	c, rest, err := cutCarried(record[1:])
	if err != nil || len(rest) > MaxDescription {
		return nil
	}
	c.Seen, c.SDP = seen, rest
	return AppendCarried(make([]byte, 0, len(record)+net6), record[0], c)
}

const (
	net4 = 4
	net6 = 16
)

// cutCarried reads up to the description.
func cutCarried(p []byte) (c Carried, rest []byte, err error) {
	if len(p) < len(c.ID)+1 {
		return Carried{}, nil, errTruncated
	}
	c.ID = [8]byte(p)
	size := int(p[len(c.ID)])
	p = p[len(c.ID)+1:]
	switch {
	case size != 0 && size != net4 && size != net6:
		return Carried{}, nil, fmt.Errorf("an address of %d bytes", size)
	case len(p) < size:
		return Carried{}, nil, errTruncated
	case size > 0:
		c.Seen, _ = netip.AddrFromSlice(p[:size])
	}
	return c, p[size:], nil
}

func appendSeen(dst []byte, seen netip.Addr) []byte {
	raw := seen.Unmap().AsSlice() // none of an invalid one
	return append(append(dst, byte(len(raw))), raw...)
}
