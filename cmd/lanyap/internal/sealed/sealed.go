// Package sealed encrypts what goes by plain HTTP between a page and its keeper in a
// private room, where both have a key that came another way. assets/sealing.js does
// the same in the page.
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
	"bufio"
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
	w    io.Writer
	buf  []byte // of the next piece
	out  []byte
	told bool // the salt is written
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
	if !s.told {
		s.told = true
		if _, err := s.w.Write(s.nonce[:saltSize]); err != nil {
			return err
		}
	}
	s.out = s.aead.Seal(s.out[:0], s.next(last), s.buf, s.about)
	s.buf = s.buf[:0]
	_, err := s.w.Write(s.out)
	return err
}

// Reader opens what a Writer has sealed.
type Reader struct {
	box
	r     *bufio.Reader
	begun bool
	buf   []byte // of a piece as it comes
	left  []byte // of the one that was opened
	err   error  // behind that
}

// NewReader returns a Reader from r. What it returns is as it was sealed, as far as it
// has come; io.EOF says that this is all. Where r ends too early it is
// [io.ErrUnexpectedEOF], and what r returns of other errors stays.
func NewReader(r io.Reader, key Key, about string) *Reader {
	return &Reader{box: newBox(key, about), r: bufio.NewReaderSize(r, 4<<10), buf: make([]byte, piece+tagSize)}
}

// Read implements [io.Reader].
func (s *Reader) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.err = s.open()
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// open reads the next piece. io.EOF: it was the last.
func (s *Reader) open() error {
	if !s.begun {
		s.begun = true
		if _, err := io.ReadFull(s.r, s.nonce[:saltSize]); err != nil {
			return early(err)
		}
	}
	n, err := io.ReadFull(s.r, s.buf)
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return err
	}
	if !last {
		_, err := s.r.Peek(1)
		last = errors.Is(err, io.EOF)
	}
	plain, err := s.aead.Open(s.buf[:0], s.next(last), s.buf[:n], s.about)
	switch {
	case err != nil && last && n < len(s.buf):
		return io.ErrUnexpectedEOF // what is cut off and what is forged look alike
	case err != nil:
		return ErrForged
	}
	s.left = plain
	if last {
		return io.EOF
	}
	return nil
}

func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
