package manifest

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"lukechampine.com/blake3"
)

const version = 1

// Kinds of entries, as encoded.
const (
	kindFile = iota
	kindExecutable
	kindFolder
)

// ErrVersion says that a manifest is of a version that this one cannot read.
var ErrVersion = errors.New("manifest: of a later version")

// Key is how everybody knows a content: the BLAKE3 hash of its encoding.
type Key [32]byte

// String is the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// maxHeader is the longest encoding of what comes before the entries.
var maxHeader = headerSize(MaxEntries)

func headerSize(entries int) int { return 1 + numberSize(uint64(entries)) }

// numberSize is how many bytes encode n.
func numberSize(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// zigzag is how a signed number is written.
func zigzag(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

// encodedSize is how many bytes encode an entry.
func encodedSize(depth int, n *node) int {
	size := numberSize(uint64(depth)) + 1 + int(n.length) + 1
	if n.is() == File {
		size += numberSize(uint64(n.size)) + numberSize(zigzag(n.changed))
	}
	return size
}

// EncodedSize is how many bytes [Manifest.WriteTo] writes.
func (m *Manifest) EncodedSize() int { return m.length }

// Encoding is what [Manifest.WriteTo] writes.
func (m *Manifest) Encoding() []byte {
	p := append(make([]byte, 0, m.length), version)
	p = binary.AppendUvarint(p, uint64(len(m.nodes)))
	for i := range m.nodes {
		p = m.appendEntry(p, i)
	}
	return p
}

// WriteTo writes the encoding.
func (m *Manifest) WriteTo(w io.Writer) (int64, error) {
	buffered := bufio.NewWriterSize(w, 64<<10)
	p := append(make([]byte, 0, 512), version)
	p = binary.AppendUvarint(p, uint64(len(m.nodes)))
	written, err := buffered.Write(p)
	sum := int64(written)
	for i := 0; i < len(m.nodes) && err == nil; i++ {
		written, err = buffered.Write(m.appendEntry(p[:0], i))
		sum += int64(written)
	}
	if err == nil {
		err = buffered.Flush()
	}
	return sum - int64(buffered.Buffered()), err
}

func (m *Manifest) appendEntry(p []byte, i int) []byte {
	n := &m.nodes[i]
	p = binary.AppendUvarint(p, uint64(m.depth(i)))
	p = append(p, n.length)
	p = append(p, m.name(i)...)
	p = append(p, n.kind)
	if n.is() == File {
		p = binary.AppendUvarint(p, uint64(n.size))
		p = binary.AppendUvarint(p, zigzag(n.changed))
	}
	return p
}

// depth is in how many folders an entry is.
func (m *Manifest) depth(i int) (depth int) {
	for at := m.nodes[i].parent; at != none; at = m.nodes[at].parent {
		depth++
	}
	return depth
}

// sum is the key, made of the encoding.
func (m *Manifest) sum() (k Key) {
	h := blake3.New(len(k), nil)
	_, _ = m.WriteTo(h) // a hash returns no error
	h.Sum(k[:0])
	return k
}

// Decode reads the encoding of a manifest, up to the end of r. Errors, all with
// what is wrong: [ErrVersion], [ErrMalformed] (also of what ends too early or
// too late), [ErrTooLarge], [ErrTwice], [*NameError], and those of r.
func Decode(r io.Reader) (*Manifest, error) {
	d := decoder{r: bufio.NewReaderSize(r, 64<<10)}
	if v, err := d.byte(); err != nil {
		return nil, err
	} else if v != version {
		return nil, fmt.Errorf("%w: %d", ErrVersion, v)
	}
	count, err := d.number()
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, ErrEmpty
	}
	if count > MaxEntries {
		return nil, fmt.Errorf("%w: %d files and folders, at most %d are allowed", ErrTooLarge, count, MaxEntries)
	}
	for range count {
		if err := d.entry(); err != nil {
			return nil, err
		}
	}
	switch _, err := d.r.ReadByte(); {
	case err == nil:
		return nil, fmt.Errorf("%w: something follows the last entry", ErrMalformed)
	case err != io.EOF:
		return nil, err
	}
	return d.b.Manifest()
}

// decoder reads a manifest into a builder.
type decoder struct {
	r    *bufio.Reader
	b    Builder
	name [MaxName]byte
}

func (d *decoder) entry() error {
	depth, err := d.number()
	if err != nil {
		return err
	}
	if depth > uint64(len(d.b.open)) {
		return fmt.Errorf("%w: something is in no folder", ErrMalformed)
	}
	length, err := d.byte()
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(d.r, d.name[:length]); err != nil {
		return short(err)
	}
	var n node
	if n.kind, err = d.byte(); err != nil {
		return err
	}
	if n.kind > kindFolder {
		return fmt.Errorf("%w: something of kind %d", ErrMalformed, n.kind)
	}
	if n.is() == File {
		if err := d.file(&n); err != nil {
			return err
		}
	}
	return d.b.add(int(depth), d.name[:length], n)
}

// file reads what only a file has.
func (d *decoder) file(n *node) error {
	size, err := d.number()
	if err != nil {
		return err
	}
	if size > 1<<63-1 {
		return fmt.Errorf("%w: a size of %d bytes", ErrMalformed, size)
	}
	changed, err := d.number()
	n.size, n.changed = int64(size), int64(changed>>1)^-int64(changed&1)
	return err
}

func (d *decoder) byte() (byte, error) {
	b, err := d.r.ReadByte()
	return b, short(err)
}

// number reads a number, in as few bytes as can hold it.
func (d *decoder) number() (n uint64, err error) {
	for shift := 0; ; shift += 7 {
		b, err := d.byte()
		if err != nil {
			return 0, err
		}
		if shift == 63 && b > 1 || shift > 0 && b == 0 {
			return 0, fmt.Errorf("%w: a number is not written as it must be", ErrMalformed)
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, nil
		}
	}
}

// short turns an early end into what it means.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: cut short", ErrMalformed)
	}
	return err
}
