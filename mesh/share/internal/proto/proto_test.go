package proto

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// one is a hash that is not zero.
var one = tree.Hash{31: 1}

var offered = Offered{
	Key:   one,
	Files: 3,
	Size:  1 << 40,
	Count: 2,
	Items: []Item{{Name: "ü", Size: 5, Files: 1}, {Name: "d", Dir: true, Files: 2, Size: 7}},
}

var entries = []Entry{
	{Path: "music/a", Size: 9, Time: time.UnixMilli(1_700_000_000_000)},
	{Path: "music/b", Dir: true, Time: time.UnixMilli(0)},
}

// frames are one of each kind, and the bytes that they are for good.
var frames = map[string]struct {
	frame  []byte
	golden string
}{
	"hello":      {AppendHello(nil), "01 00000002 0001"},
	"offer":      {AppendOffer(nil, offered), "02 00000053 " + hash1 + " 00 00000003 0000010000000000 00000002 02 00 00000001 0000000000000005 0002 c3bc 01 00000002 0000000000000007 0001 64"},
	"coming":     {AppendOffer(nil, Offered{Coming: true, Count: 1}), "02 00000032 " + hash0 + " 02 00000000 0000000000000000 00000001 00"},
	"text":       {AppendOffer(nil, Offered{IsText: true, Size: 2, Text: "hi"}), "02 00000034 " + hash0 + " 01 00000000 0000000000000002 00000000 00 6869"},
	"answer":     {AppendCode(nil, Answer, Accepted), "03 00000001 01"},
	"join":       {AppendJoin(nil, one), "04 00000020 " + hash1},
	"describe":   {Empty(nil, Describe), "05 00000000"},
	"manifest":   {AppendManifest(nil, []byte("part"), true), "06 00000005 01 70617274"},
	"get":        {AppendRuns(nil, Get, bits.Run{First: 1, Count: 2}, bits.Run{First: 9, Count: 1}), "07 00000010 00000001 00000002 00000009 00000001"},
	"piece":      {append(AppendPieceHead(nil, 7, one, 3), "abc"...), "08 00000027 00000007 " + hash1 + " 616263"},
	"got":        {AppendRuns(nil, Got, bits.Run{First: 0, Count: 10}), "0a 00000008 00000000 0000000a"},
	"roots":      {AppendRoots(nil, Root{Entry: 4, Root: one}), "0d 00000024 00000004 " + hash1},
	"hashes":     {AppendHashes(nil, 2, []tree.Hash{one}), "0f 00000024 00000002 " + hash1},
	"progress":   {AppendProgress(nil, Far{Bytes: 5, Skipped: 1, Files: 2}), "10 00000014 0000000000000005 0000000000000001 00000002"},
	"failed":     {AppendFailed(nil, 6, Changed), "11 00000005 00000006 0b"},
	"peers":      {AppendPeers(nil, true, []Who{{}}), "12 00000029 01 " + hash0 + " 0000000000000000"},
	"bye":        {AppendCode(nil, Bye, NoSpace), "13 00000001 0e"},
	"list":       {AppendPath(nil, List, "music"), "14 00000005 6d75736963"},
	"done":       {Empty(nil, Done), "18 00000000"},
	"ask roots":  {AppendAskRoots(nil, []int{1, 2}), "19 00000008 00000001 00000002"},
	"for":        {AppendFor(nil, peer.Instance{1, 2}), "1a 00000008 0102000000000000"},
	"ask hashes": {AppendRuns(nil, AskHashes, bits.Run{First: 1, Count: 1}), "0e 00000008 00000001 00000001"},
}

const (
	hash0 = "0000000000000000000000000000000000000000000000000000000000000000"
	hash1 = "0000000000000000000000000000000000000000000000000000000000000001"
)

func TestGoldenFrames(t *testing.T) {
	for name, f := range frames {
		want, err := hex.DecodeString(strings.ReplaceAll(f.golden, " ", ""))
		if err != nil {
			t.Fatal(name, err)
		}
		if !bytes.Equal(f.frame, want) {
			t.Errorf("%s is\n%x, want\n%x", name, f.frame, want)
		}
	}
}

// payload reads the only frame in b.
func payload(t *testing.T, b []byte) []byte {
	t.Helper()
	r := NewReader(bytes.NewReader(b))
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	p, err := r.Payload()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	check := func(got any, err error, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %+v, %v, want %+v", got, err, want)
		}
	}
	o, err := ParseOffer(payload(t, AppendOffer(nil, offered)))
	check(o, err, offered)
	coming, err := ParseOffer(payload(t, AppendOffer(nil, Offered{Coming: true, Count: 1})))
	check(coming, err, Offered{Coming: true, Count: 1})
	version, err := ParseHello(payload(t, AppendHello(nil)))
	check(version, err, Version)
	runs := []bits.Run{{First: 1, Count: 2}, {First: 9, Count: 1}}
	gotRuns, err := ParseRuns(payload(t, AppendRuns(nil, Get, runs...)), nil, 10)
	check(gotRuns, err, runs)
	roots, err := ParseRoots(payload(t, AppendRoots(nil, Root{4, one})), 5)
	check(roots, err, []Root{{4, one}})
	first, hashes, err := ParseHashes(payload(t, AppendHashes(nil, 2, []tree.Hash{one, {}})), 4)
	check(hashes, err, []tree.Hash{one, {}})
	check(first, nil, 2)
	far, err := ParseProgress(payload(t, AppendProgress(nil, Far{5, 1, 2})))
	check(far, err, Far{5, 1, 2})
	entry, code, err := ParseFailed(payload(t, AppendFailed(nil, 6, Changed)))
	check(entry, err, 6)
	check(code, nil, Changed)
	several, who, err := ParsePeers(payload(t, AppendPeers(nil, true, []Who{{}, {}})))
	check(who, err, []Who{{}, {}})
	check(several, nil, true)
	part, n := AppendEntries(nil, entries)
	got, last, err := ParseEntries(payload(t, part))
	check(got, err, entries)
	check(last, nil, true)
	check(n, nil, 2)
	set := bits.New(100)
	set.AddRun(bits.Run{First: 3, Count: 50})
	have, err := ParseHave(payload(t, AppendHave(nil, set)), 100)
	check(have, err, set)
	path, err := ParsePath(payload(t, AppendPath(nil, Open, "a/b")))
	check(path, err, "a/b")
	asked, err := ParseAskRoots(payload(t, AppendAskRoots(nil, []int{1, 2})), 3)
	check(asked, err, []int{1, 2})
	in, err := ParseFor(payload(t, AppendFor(nil, peer.Instance{1, 2})))
	check(in, err, peer.Instance{1, 2})
	m, last, err := ParseManifest(payload(t, AppendManifest(nil, []byte("part"), false)))
	check(m, err, []byte("part"))
	check(last, nil, false)
}

func TestManyEntriesAreSeveralFrames(t *testing.T) {
	var all []Entry
	for range 1000 {
		all = append(all, Entry{Path: strings.Repeat("x", 200), Time: time.UnixMilli(0)})
	}
	rest, got := all, 0
	for range 10 {
		frame, n := AppendEntries(nil, rest)
		rest = rest[n:]
		part, last, err := ParseEntries(payload(t, frame))
		if err != nil || last != (len(rest) == 0) {
			t.Fatalf("%v, last %v with %d to come", err, last, len(rest))
		}
		if got += len(part); last {
			break
		}
	}
	if got != len(all) {
		t.Errorf("%d entries, want %d", got, len(all))
	}
}

// What later versions may add is skipped.
func TestWhatIsNotKnownIsSkipped(t *testing.T) {
	b := append(AppendHeader(nil, 200, 3), "xyz"...)
	b = append(AppendHeader(b, Hello, 4), 0, 1, 'm', 'o')
	r := NewReader(bytes.NewReader(b))
	if k, _, err := r.Next(); err != nil || k.Known() {
		t.Fatal(k, err)
	}
	if k, _, err := r.Next(); err != nil || k != Hello {
		t.Fatal(k, err)
	}
	p, err := r.Payload()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := ParseHello(p); v != 1 || err != nil {
		t.Error(v, err)
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if c, err := ParseCode([]byte{200, 1}); c != Other || err != nil {
		t.Errorf("a code of later: %v, %v", c, err)
	}
}

func TestFramesThatAreTooLong(t *testing.T) {
	for kind, most := range map[Kind]int{Piece: PieceHeader + MaxPiece, Manifest: 1 + MaxManifestPart, Get: 64 << 10, 200: 64 << 10} {
		for n, ok := range map[int]bool{most: true, most + 1: false} {
			r := NewReader(bytes.NewReader(AppendHeader(nil, kind, n)))
			_, _, err := r.Next()
			if (err == nil) != ok || !ok && !errors.Is(err, ErrMalformed) {
				t.Errorf("kind %d of %d bytes: %v", kind, n, err)
			}
		}
	}
}

// A stream that ends within a frame has not come to its end.
func TestCutFrames(t *testing.T) {
	for name, f := range frames {
		for n := 1; n < len(f.frame); n++ {
			r := NewReader(iotest.OneByteReader(bytes.NewReader(f.frame[:n])))
			_, _, err := r.Next()
			if err == nil {
				_, err = r.Payload()
			}
			if err != io.ErrUnexpectedEOF {
				t.Fatalf("%s of %d bytes: %v", name, n, err)
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	long := bytes.Repeat([]byte{'x'}, MaxPath+1)
	big := AppendOffer(nil, Offered{Files: 1, Size: 1<<62 + 1, Count: 1})[HeaderLen:]
	textOfItems := AppendOffer(nil, Offered{IsText: true, Count: 1})[HeaderLen:]
	for name, err := range map[string]error{
		"hello without a version": second(ParseHello([]byte{1})),
		"hello of version 0":      second(ParseHello([]byte{0, 0})),
		"offer that is cut":       second(ParseOffer(big[:20])),
		"offer of 2^62 bytes":     second(ParseOffer(big)),
		"text with items":         second(ParseOffer(textOfItems)),
		"text that is no text":    second(ParseOffer(AppendOffer(nil, Offered{IsText: true, Text: "\xff"})[HeaderLen:])),
		"path that is no text":    second(ParsePath([]byte{0xff})),
		"path that is too long":   second(ParsePath(long)),
		"no runs":                 second(ParseRuns(nil, nil, 10)),
		"empty run":               second(ParseRuns(make([]byte, 8), nil, 10)),
		"run beyond the end":      second(ParseRuns(AppendRuns(nil, Get, bits.Run{First: 9, Count: 2})[HeaderLen:], nil, 10)),
		"run that overflows":      second(ParseRuns(bytes.Repeat([]byte{0xff}, 8), nil, 10)),
		"root of no entry":        second(ParseRoots(AppendRoots(nil, Root{5, one})[HeaderLen:], 5)),
		"ask for no entry":        second(ParseAskRoots(AppendAskRoots(nil, []int{5})[HeaderLen:], 5)),
		"set that is too large":   second(ParseHave([]byte{0, 0xff, 0xff}, 10)),
		"no code":                 second(ParseCode(nil)),
		"peers without a flag":    third(ParsePeers(nil)),
		"hashes beyond the end":   third(ParseHashes(AppendHashes(nil, 9, make([]tree.Hash, 2))[HeaderLen:], 10)),
		"progress that is cut":    second(ParseProgress(make([]byte, 19))),
		"entries that are cut":    third(ParseEntries([]byte{0, 1, 2})),
		"manifest without a flag": third(ParseManifest(nil)),
		"for that is cut":         second(ParseFor(make([]byte, 7))),
		"failed that is cut":      third(ParseFailed([]byte{0})),
	} {
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// FuzzReader reads whatever comes: nothing panics, and nothing is larger than its
// bound.
func FuzzReader(f *testing.F) {
	for _, frame := range frames {
		f.Add(frame.frame)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		for {
			kind, n, err := r.Next()
			if err != nil {
				return
			}
			if n > PieceHeader+MaxPiece {
				t.Fatalf("%d bytes of kind %d", n, kind)
			}
			if kind == Piece {
				if _, _, size, err := r.PieceHead(); err == nil && size > MaxPiece {
					t.Fatalf("a piece of %d bytes", size)
				}
				continue
			}
			p, err := r.Payload()
			if err != nil {
				return
			}
			parse(kind, p)
		}
	})
}

func parse(kind Kind, p []byte) {
	switch kind {
	case Hello:
		_, _ = ParseHello(p)
	case Offer:
		if o, err := ParseOffer(p); err == nil {
			if again, err := ParseOffer(AppendOffer(nil, o)[HeaderLen:]); err != nil || !reflect.DeepEqual(again, o) {
				panic("an offer is another when it is written again")
			}
		}
	case Answer, Bye:
		_, _ = ParseCode(p)
	case Join:
		_, _ = ParseJoin(p)
	case For:
		_, _ = ParseFor(p)
	case Manifest:
		_, _, _ = ParseManifest(p)
	case Get, Got, Fetching, Cancel, AskHashes:
		_, _ = ParseRuns(p, nil, 1000)
	case Have:
		_, _ = ParseHave(p, 1000)
	case Roots:
		_, _ = ParseRoots(p, 1000)
	case AskRoots:
		_, _ = ParseAskRoots(p, 1000)
	case Hashes:
		_, _, _ = ParseHashes(p, 1000)
	case Progress:
		_, _ = ParseProgress(p)
	case Failed:
		_, _, _ = ParseFailed(p)
	case Peers:
		_, _, _ = ParsePeers(p)
	case List, Open:
		_, _ = ParsePath(p)
	case Entries:
		_, _, _ = ParseEntries(p)
	}
}
