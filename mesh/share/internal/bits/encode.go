package bits

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// How a set is written: a byte that says which, and either all bits, the lowest
// of each byte first and the last byte filled up with zeros, or for each run how
// many are left out before it and how many it has, as unsigned varints. A set
// says nothing of its bound: both sides know it.
const (
	asBits byte = iota
	asRuns
)

// ErrMalformed says that bytes are no set, or none of that bound.
var ErrMalformed = errors.New("bits: malformed set")

// MaxEncoded is the most that Append adds for a set of numbers below n.
func MaxEncoded(n int) int { return 1 + (n+7)/8 }

// Append writes the set down, as bits or as runs, whichever is shorter.
func (s *Set) Append(b []byte) []byte {
	start := len(b)
	limit := start + MaxEncoded(s.len)
	b = append(b, asRuns)
	last := 0
	for r := range s.Runs() {
		b = binary.AppendUvarint(b, uint64(r.First-last))
		b = binary.AppendUvarint(b, uint64(r.Count))
		last = r.End()
		if len(b) >= limit {
			return s.appendBits(b[:start])
		}
	}
	return b
}

func (s *Set) appendBits(b []byte) []byte {
	b = append(b, asBits)
	for i := range (s.len + 7) / 8 {
		b = append(b, byte(s.words[i/8]>>(i%8*8)))
	}
	return b
}

// Parse reads a set of numbers below n, which is all of b. It makes nothing
// larger than n bits, whatever b says.
func Parse(b []byte, n int) (*Set, error) {
	if len(b) == 0 || len(b) > MaxEncoded(n) {
		return nil, ErrMalformed
	}
	switch b[0] {
	case asBits:
		return parseBits(b[1:], n)
	case asRuns:
		return parseRuns(b[1:], n)
	default:
		return nil, ErrMalformed
	}
}

func parseBits(b []byte, n int) (*Set, error) {
	if len(b) != (n+7)/8 || n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
		return nil, ErrMalformed
	}
	s := New(n)
	for i, v := range b {
		s.words[i/8] |= uint64(v) << (i % 8 * 8)
		s.count += bits.OnesCount8(v)
	}
	return s, nil
}

func parseRuns(b []byte, n int) (*Set, error) {
	s := New(n)
	last := 0
	for len(b) > 0 {
		skip, m := binary.Uvarint(b)
		if m <= 0 || skip > uint64(n-last) {
			return nil, ErrMalformed
		}
		b = b[m:]
		count, m := binary.Uvarint(b)
		if m <= 0 || count > uint64(n-last)-skip || count == 0 {
			return nil, ErrMalformed
		}
		b = b[m:]
		r := Run{last + int(skip), int(count)}
		s.AddRun(r)
		last = r.End()
	}
	return s, nil
}
