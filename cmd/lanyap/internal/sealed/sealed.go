// Package sealed encrypts what goes by plain HTTP between a page and its keeper in a
// private room. Both have a key that came another way, over an encrypted link; in the
// page this package runs too, since on plain HTTP browsers have no crypto.subtle.
//
// A body is
//
//	salt 16 | pieces
//
// and a piece up to 64 KiB and the tag, 16 bytes, of XChaCha20-Poly1305
// (draft-irtf-cfrg-xchacha-03) under the nonce
//
//	salt 16 | number of the piece, from 0 on, 8
//
// big-endian, with the highest bit set for the last piece: it alone may be shorter,
// or empty. So none can be left out, swapped, repeated or cut off unseen (as in the
// STREAM construction). The salt is drawn for each body. What is known about it
// elsewhere, such as where in a file it begins, is authenticated with each piece: at
// most 16 bytes.
package sealed

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// Bytes.
const (
	KeySize = chacha20poly1305.KeySize

	saltSize = 16
	piece    = 64 << 10
	tagSize  = chacha20poly1305.Overhead
	maxAbout = 16
)

// Key is for the bodies of one thing.
type Key [KeySize]byte

// NewKey returns a random one.
func NewKey() Key {
	var k Key
	rand.Read(k[:])
	return k
}

// Size returns how long the body is in which n bytes are sealed.
func Size(n int64) int64 {
	return saltSize + n + tagSize*max(1, (n+piece-1)/piece)
}

// ErrForged says that a body is not as it was sealed, or not all of it.
var ErrForged = errors.New("sealed: not as it was sealed")

// box is what both sides have of a body.
type box struct {
	aead  cipher.AEAD
	nonce [chacha20poly1305.NonceSizeX]byte
	begun bool // with the salt
	about []byte
	count uint64
}

func newBox(key Key, about string) box {
	if len(about) > maxAbout {
		panic(fmt.Sprintf("sealed: %d bytes about a body", len(about)))
	}
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic(err) // the key is as long as it has to be
	}
	return box{aead: aead, about: []byte(about)}
}

// next returns the nonce of the next piece.
func (b *box) next(last bool) []byte {
	n := b.count
	if last {
		n |= 1 << 63
	}
	binary.BigEndian.PutUint64(b.nonce[saltSize:], n)
	b.count++
	return b.nonce[:]
}

// Writer seals what is written to it.
type Writer struct {
	box
	w   io.Writer
	buf []byte // of the next piece
	out []byte
}

// NewWriter returns a Writer to w. Nothing is whole before its Close.
func NewWriter(w io.Writer, key Key, about string) *Writer {
	s := &Writer{box: newBox(key, about), w: w, buf: make([]byte, 0, piece), out: make([]byte, 0, piece+tagSize)}
	rand.Read(s.nonce[:saltSize])
	return s
}

// Write implements [io.Writer].
func (s *Writer) Write(p []byte) (total int, err error) {
	for len(p) > 0 {
		if len(s.buf) == piece {
			if err := s.flush(false); err != nil {
				return total, err
			}
		}
		n := min(len(p), piece-len(s.buf))
		s.buf = append(s.buf, p[:n]...)
		total += n
		p = p[n:]
	}
	return total, nil
}

// Close writes the end. It does not close what it writes to.
func (s *Writer) Close() error { return s.flush(true) }

func (s *Writer) flush(last bool) error {
	if !s.begun {
		s.begun = true
		if _, err := s.w.Write(s.nonce[:saltSize]); err != nil {
			return err
		}
	}
	s.out = s.aead.Seal(s.out[:0], s.next(last), s.buf, s.about)
	s.buf = s.buf[:0]
	_, err := s.w.Write(s.out)
	return err
}

// Opener opens what a Writer has sealed, as it comes.
type Opener struct {
	box
	buf []byte // of the salt, or of the next piece
	err error
}

// NewOpener returns an Opener of one body.
func NewOpener(key Key, about string) *Opener {
	return &Opener{box: newBox(key, about), buf: make([]byte, 0, piece+tagSize)}
}

// Add takes in more of the body and appends to out what is opened by it: as it was
// sealed, as far as it goes. [ErrForged] says that it goes no further.
func (o *Opener) Add(out, p []byte) ([]byte, error) {
	for len(p) > 0 && o.err == nil {
		if len(o.buf) == o.whole() {
			out = o.open(out, false)
			continue
		}
		n := min(len(p), o.whole()-len(o.buf))
		o.buf = append(o.buf, p[:n]...)
		p = p[n:]
	}
	return out, o.err
}

// End appends the rest. [ErrForged] says that it was not the whole body.
func (o *Opener) End(out []byte) ([]byte, error) {
	if len(o.buf) == o.whole() && o.salt() {
		out = o.open(out, false)
	}
	if o.err == nil {
		out = o.open(out, true)
	}
	return out, o.err
}

// salt reports whether it is the salt that comes next.
func (o *Opener) salt() bool { return !o.begun }

// whole is how long what comes next may be.
func (o *Opener) whole() int {
	if o.salt() {
		return saltSize
	}
	return piece + tagSize
}

// open opens what is whole.
func (o *Opener) open(out []byte, last bool) []byte {
	defer func() { o.buf = o.buf[:0] }()
	if o.salt() {
		o.begun = true
		if copy(o.nonce[:], o.buf) < saltSize {
			o.err = ErrForged
		}
		return out
	}
	more, err := o.aead.Open(out, o.next(last), o.buf, o.about)
	if err != nil {
		o.err = ErrForged
		return out
	}
	return more
}

// Reader opens what a Writer has sealed.
type Reader struct {
	opener *Opener
	r      io.Reader
	in     []byte
	out    []byte
	left   []byte // of out
	err    error  // behind that
}

// NewReader returns a Reader from r. What it returns is as it was sealed, as far as it
// has come; io.EOF says that this is all, [ErrForged] that it is not what was sealed, or
// not all of it. Other errors are those of r.
func NewReader(r io.Reader, key Key, about string) *Reader {
	return &Reader{opener: NewOpener(key, about), r: r, in: make([]byte, piece), out: make([]byte, 0, 2*piece)}
}

// Read implements [io.Reader].
func (s *Reader) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.more()
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// more reads some and opens it.
func (s *Reader) more() {
	n, err := s.r.Read(s.in)
	s.left, s.err = s.opener.Add(s.out[:0], s.in[:n])
	switch {
	case err == nil || s.err != nil:
	case errors.Is(err, io.EOF):
		if s.left, s.err = s.opener.End(s.left); s.err == nil {
			s.err = io.EOF
		}
	default:
		s.err = err
	}
}
