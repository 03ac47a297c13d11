package proto

import (
	"encoding/binary"
	"time"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// AppendHello writes the first frame of a stream.
func AppendHello(b []byte) []byte {
	return binary.BigEndian.AppendUint16(AppendHeader(b, Hello, 2), Version)
}

// ParseHello returns the version of the other side, which is not 0.
func ParseHello(p []byte) (int, error) {
	if len(p) < 2 || binary.BigEndian.Uint16(p) == 0 {
		return 0, malformed("hello")
	}
	return int(binary.BigEndian.Uint16(p)), nil
}

// AppendFor says for whom the one that opens a stream acts.
func AppendFor(b []byte, in peer.Instance) []byte {
	return append(AppendHeader(b, For, len(in)), in[:]...)
}

// ParseFor reads it.
func ParseFor(p []byte) (peer.Instance, error) {
	d := decoder{p: p}
	in := peer.Instance(d.fixed(len(peer.Instance{})))
	return in, d.err("for")
}

// AppendJoin asks for what has a key.
func AppendJoin(b []byte, key tree.Hash) []byte {
	return append(AppendHeader(b, Join, len(key)), key[:]...)
}

// ParseJoin reads the key.
func ParseJoin(p []byte) (tree.Hash, error) {
	d := decoder{p: p}
	key := d.hash()
	return key, d.err("join")
}

// MaxManifestPart is the most of a manifest that one frame carries.
const MaxManifestPart = manifestPart

// AppendManifest writes a part of a manifest.
func AppendManifest(b []byte, part []byte, last bool) []byte {
	b = append(AppendHeader(b, Manifest, 1+len(part)), bit(last, 1))
	return append(b, part...)
}

// ParseManifest reads one.
func ParseManifest(p []byte) (part []byte, last bool, err error) {
	if len(p) < 1 {
		return nil, false, malformed("manifest")
	}
	return p[1:], p[0]&1 != 0, nil
}

// AppendRuns writes a get, got, fetching, cancel or ask hashes, of at most MaxRuns.
func AppendRuns(b []byte, k Kind, runs ...bits.Run) []byte {
	b = AppendHeader(b, k, 8*len(runs))
	for _, r := range runs {
		b = binary.BigEndian.AppendUint32(b, uint32(r.First))
		b = binary.BigEndian.AppendUint32(b, uint32(r.Count))
	}
	return b
}

// ParseRuns reads them into runs, which may be nil. All are among the first n
// pieces.
func ParseRuns(p []byte, runs []bits.Run, n int) ([]bits.Run, error) {
	if len(p) == 0 || len(p)%8 != 0 || len(p) > 8*MaxRuns {
		return nil, malformed("runs")
	}
	runs = runs[:0]
	for ; len(p) > 0; p = p[8:] {
		first, count := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
		if first >= MaxPieces || count > MaxPieces {
			return nil, malformed("run")
		}
		r := bits.Run{First: int(first), Count: int(count)}
		if !r.In(n) {
			return nil, malformed("run")
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// AppendPieceHead begins a piece of so many bytes, which follow.
func AppendPieceHead(b []byte, index int, hash tree.Hash, size int) []byte {
	b = AppendHeader(b, Piece, PieceHeader+size)
	b = binary.BigEndian.AppendUint32(b, uint32(index))
	return append(b, hash[:]...)
}

// AppendHave writes which pieces there are.
func AppendHave(b []byte, have *bits.Set) []byte {
	b, start := begin(b, Have)
	return end(have.Append(b), start)
}

// Root is that of one entry of the manifest.
type Root struct {
	Entry int
	Root  tree.Hash
}

// MaxRoots is the most in one frame.
const MaxRoots = 1024

// AppendRoots writes at most MaxRoots.
func AppendRoots(b []byte, roots ...Root) []byte {
	b = AppendHeader(b, Roots, 36*len(roots))
	for _, r := range roots {
		b = binary.BigEndian.AppendUint32(b, uint32(r.Entry))
		b = append(b, r.Root[:]...)
	}
	return b
}

// ParseRoots reads them. Each entry is among the first n.
func ParseRoots(p []byte, n int) ([]Root, error) {
	if len(p) == 0 || len(p)%36 != 0 || len(p) > 36*MaxRoots {
		return nil, malformed("roots")
	}
	roots := make([]Root, 0, len(p)/36)
	for ; len(p) > 0; p = p[36:] {
		entry := binary.BigEndian.Uint32(p)
		if entry >= MaxEntries || int(entry) >= n {
			return nil, malformed("root")
		}
		roots = append(roots, Root{int(entry), tree.Hash(p[4:])})
	}
	return roots, nil
}

// AppendHashes answers an ask with at most MaxHashes.
func AppendHashes(b []byte, first int, hashes []tree.Hash) []byte {
	b = AppendHeader(b, Hashes, 4+32*len(hashes))
	b = binary.BigEndian.AppendUint32(b, uint32(first))
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

// ParseHashes reads them. An answer without hashes says that there are none.
func ParseHashes(p []byte, n int) (first int, hashes []tree.Hash, err error) {
	d := decoder{p: p}
	first = d.number(MaxPieces - 1)
	if d.bad || len(d.p)%32 != 0 || len(d.p) > 32*MaxHashes || first+len(d.p)/32 > n {
		return 0, nil, malformed("hashes")
	}
	for len(d.p) > 0 {
		hashes = append(hashes, d.hash())
	}
	return first, hashes, nil
}

// AppendAskRoots asks for the roots of at most MaxRoots entries.
func AppendAskRoots(b []byte, entries []int) []byte {
	b = AppendHeader(b, AskRoots, 4*len(entries))
	for _, e := range entries {
		b = binary.BigEndian.AppendUint32(b, uint32(e))
	}
	return b
}

// ParseAskRoots reads them. Each is among the first n.
func ParseAskRoots(p []byte, n int) ([]int, error) {
	if len(p) == 0 || len(p)%4 != 0 || len(p) > 4*MaxRoots {
		return nil, malformed("ask roots")
	}
	entries := make([]int, 0, len(p)/4)
	for ; len(p) > 0; p = p[4:] {
		entry := binary.BigEndian.Uint32(p)
		if entry >= MaxEntries || int(entry) >= n {
			return nil, malformed("ask roots")
		}
		entries = append(entries, int(entry))
	}
	return entries, nil
}

// Far is how far a receiver is.
type Far struct {
	Bytes, Skipped int64 // verified, with those that were there already; those
	Files          int
}

// AppendProgress tells it.
func AppendProgress(b []byte, f Far) []byte {
	b = AppendHeader(b, Progress, 20)
	b = binary.BigEndian.AppendUint64(b, uint64(f.Bytes))
	b = binary.BigEndian.AppendUint64(b, uint64(f.Skipped))
	return binary.BigEndian.AppendUint32(b, uint32(f.Files))
}

// ParseProgress reads it.
func ParseProgress(p []byte) (Far, error) {
	d := decoder{p: p}
	f := Far{Bytes: d.size(), Skipped: d.size(), Files: d.number(MaxEntries)}
	return f, d.err("progress")
}

// Who is a member.
type Who struct {
	ID       peer.ID
	Instance peer.Instance
}

// AppendPeers writes at most MaxPeers, and whether there are or will be others.
func AppendPeers(b []byte, several bool, who []Who) []byte {
	b = append(AppendHeader(b, Peers, 1+40*len(who)), bit(several, 1))
	for _, w := range who {
		b = append(append(b, w.ID[:]...), w.Instance[:]...)
	}
	return b
}

// ParsePeers reads them.
func ParsePeers(p []byte) (several bool, who []Who, err error) {
	if len(p)%40 != 1 || len(p) > 1+40*MaxPeers {
		return false, nil, malformed("peers")
	}
	several, p = p[0]&1 != 0, p[1:]
	for ; len(p) > 0; p = p[40:] {
		who = append(who, Who{peer.ID(p[:32]), peer.Instance(p[32:40])})
	}
	return several, who, nil
}

// ParseHave reads a set of the first n pieces.
func ParseHave(p []byte, n int) (*bits.Set, error) {
	set, err := bits.Parse(p, n)
	if err != nil {
		return nil, malformed("have")
	}
	return set, nil
}

// Entry is what is on a shelf.
type Entry struct {
	Path string
	Dir  bool
	Size int64
	Time time.Time
}

// AppendPath writes a list or an open.
func AppendPath(b []byte, k Kind, path string) []byte {
	return append(AppendHeader(b, k, len(path)), path...)
}

// ParsePath reads one, which is UTF-8 and not looked at further.
func ParsePath(p []byte) (string, error) {
	if len(p) > MaxPath || !utf8.Valid(p) {
		return "", malformed("path")
	}
	return string(p), nil
}

// AppendEntries writes as many of the entries as fit one frame, and returns how
// many that were. If those are all, it is the last frame.
func AppendEntries(b []byte, entries []Entry) ([]byte, int) {
	b, start := begin(b, Entries)
	b = append(b, 0)
	n := 0
	for _, e := range entries {
		if len(b)-start+19+len(e.Path) > control {
			break
		}
		b = append(b, bit(e.Dir, flagDir))
		b = binary.BigEndian.AppendUint64(b, uint64(e.Size))
		b = binary.BigEndian.AppendUint64(b, uint64(e.Time.UnixMilli()))
		b = appendText(b, e.Path)
		n++
	}
	b[start] = bit(n == len(entries), 1)
	return end(b, start), n
}

// ParseEntries reads one frame.
func ParseEntries(p []byte) (entries []Entry, last bool, err error) {
	d := decoder{p: p}
	last = d.byte()&1 != 0
	for len(d.p) > 0 {
		e := Entry{Dir: d.byte()&flagDir != 0, Size: d.size(), Time: time.UnixMilli(int64(d.uint64())), Path: d.text(MaxPath)}
		entries = append(entries, e)
	}
	return entries, last, d.err("entries")
}
