package proto

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Service is the name of the streams. ServiceFor begins that of streams to a member
// whose files another keeps; its instance in hex follows.
const (
	Service    = "share/1"
	ServiceFor = "share/"
)

// Version is what this package speaks.
const Version = 1

// Kind is what a frame is.
type Kind byte

// The kinds, see the package comment.
const (
	Hello Kind = 1 + iota
	Offer
	Answer
	Join
	Describe
	Manifest
	Get
	Piece
	Have
	Got
	Fetching
	Cancel
	Roots
	AskHashes
	Hashes
	Progress
	Failed
	Peers
	Bye
	List
	Entries
	Open
	Shown
	Done
	AskRoots
	For
)

// Bounds.
const (
	HeaderLen   = 5
	PieceHeader = 4 + 32 // of a piece's payload, before the data

	MaxPiece   = tree.MaxPiece // data of one piece
	MaxPieces  = 1 << 22       // of a content
	MaxEntries = 1_000_000
	MaxSize    = 1 << 62 // of a content
	MaxText    = 64 << 10
	MaxItems   = 64   // that an offer names
	MaxName    = 255  // bytes of one of them
	MaxPath    = 4096 // bytes of a path on a shelf
	MaxRuns    = 512  // in one frame
	MaxGets    = 4096 // runs asked for and not answered
	MaxHashes  = 1024 // in one frame
	MaxPeers   = 128  // in one frame

	control      = 64 << 10
	manifestPart = 256 << 10
	offerLen     = 160 << 10
	haveLen      = 1 << 20
)

// ErrMalformed is what every error about what was read is.
var ErrMalformed = errors.New("share/proto: malformed")

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// limit is how long the payload of a kind may be.
func (k Kind) limit() int {
	switch k {
	case Piece:
		return PieceHeader + MaxPiece
	case Manifest:
		return 1 + manifestPart
	case Offer:
		return offerLen
	case Have:
		return haveLen
	default:
		return control
	}
}

// AppendHeader begins a frame of n bytes.
func AppendHeader(b []byte, k Kind, n int) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(k)), uint32(n))
}

// begin leaves room for a header, end fills it in.
func begin(b []byte, k Kind) ([]byte, int) {
	b = AppendHeader(b, k, 0)
	return b, len(b)
}

func end(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start-4:], uint32(len(b)-start))
	return b
}

// Empty appends a frame without a payload: describe, shown or done.
func Empty(b []byte, k Kind) []byte { return AppendHeader(b, k, 0) }

// Reader takes frames from a stream.
type Reader struct {
	r    *bufio.Reader
	left int // of the payload of the present frame
	buf  []byte
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10)}
}

// Next goes to the next frame, past what has not been read of the present one,
// and returns its kind and how long it is. The payload is within its bound.
func (r *Reader) Next() (Kind, int, error) {
	if _, err := r.r.Discard(r.left); err != nil {
		return 0, 0, unexpected(err)
	}
	r.left = 0
	head, err := r.r.Peek(HeaderLen)
	if err != nil {
		if len(head) > 0 {
			err = unexpected(err)
		}
		return 0, 0, err
	}
	k, n := Kind(head[0]), binary.BigEndian.Uint32(head[1:])
	if uint64(n) > uint64(k.limit()) {
		return 0, 0, malformed(fmt.Sprintf("frame of kind %d and %d bytes", k, n))
	}
	_, _ = r.r.Discard(HeaderLen) // which is there
	r.left = int(n)
	return k, r.left, nil
}

// Payload reads what is left of the present frame. It is the Reader's, until the
// next call. Of frames other than pieces it is at most 1 MiB.
func (r *Reader) Payload() ([]byte, error) {
	if r.left > cap(r.buf) {
		r.buf = make([]byte, max(r.left, 4<<10))
	}
	b := r.buf[:r.left]
	return b, r.Full(b)
}

// Full fills b with what comes next of the present frame, which must be as long.
func (r *Reader) Full(b []byte) error {
	if len(b) > r.left {
		return malformed("frame is too short")
	}
	n, err := io.ReadFull(r.r, b)
	r.left -= n
	return unexpected(err)
}

// PieceHead reads the first fields of a piece; the data follows, see Full.
func (r *Reader) PieceHead() (index int, hash tree.Hash, size int, err error) {
	var b [PieceHeader]byte
	if err := r.Full(b[:]); err != nil {
		return 0, hash, 0, err
	}
	index = int(binary.BigEndian.Uint32(b[:]))
	if index >= MaxPieces || r.left == 0 {
		return 0, hash, 0, malformed("piece")
	}
	return index, tree.Hash(b[4:]), r.left, nil
}

// Buffered is how many bytes have come and were not read yet: to read so many
// does not wait.
func (r *Reader) Buffered() int { return r.r.Buffered() }

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Known reports whether this version knows a kind.
func (k Kind) Known() bool { return k >= Hello && k <= For }
