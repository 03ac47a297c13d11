package proto

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// decoder takes fields from the front of a payload. Once something is wrong with
// one, all are zero, and nothing is left.
type decoder struct {
	p   []byte
	bad bool
}

var zeros [32]byte

func (d *decoder) take(n int) []byte {
	if len(d.p) < n {
		d.spoil()
		return nil
	}
	b := d.p[:n]
	d.p = d.p[n:]
	return b
}

func (d *decoder) spoil() { d.p, d.bad = nil, true }

func (d *decoder) fixed(n int) []byte {
	if b := d.take(n); b != nil {
		return b
	}
	return zeros[:n]
}

func (d *decoder) byte() byte      { return d.fixed(1)[0] }
func (d *decoder) uint64() uint64  { return binary.BigEndian.Uint64(d.fixed(8)) }
func (d *decoder) hash() tree.Hash { return tree.Hash(d.fixed(32)) }

// number reads 4 bytes of at most most.
func (d *decoder) number(most int) int {
	n := binary.BigEndian.Uint32(d.fixed(4))
	if uint64(n) > uint64(most) {
		d.spoil()
		return 0
	}
	return int(n)
}

// size reads 8 bytes of at most MaxSize.
func (d *decoder) size() int64 {
	n := d.uint64()
	if n > MaxSize {
		d.spoil()
		return 0
	}
	return int64(n)
}

func (d *decoder) text(most int) string {
	n := int(binary.BigEndian.Uint16(d.fixed(2)))
	if n > most {
		d.spoil()
		return ""
	}
	b := d.take(n)
	if !utf8.Valid(b) {
		d.spoil()
		return ""
	}
	return string(b)
}

func (d *decoder) err(what string) error {
	if d.bad {
		return malformed(what)
	}
	return nil
}
