package share_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// crook speaks the protocol as it likes.
type crook struct {
	t    *testing.T
	node *mesh.Node
	page *page // whose keeper it is; nil: nobody's
}

// withCrook is an honest one, who takes offers, and a crook.
func withCrook(t *testing.T, cfg share.Config) (bo *person, c *crook) {
	t.Helper()
	r := newRoom(t)
	bo = r.with("bo", cfg)
	node, err := mesh.Join(context.Background(), mesh.Config{Name: "crook", Network: r.lan.Host("crook")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	for len(bo.node.Present()) == 0 || len(node.Present()) == 0 {
		time.Sleep(time.Millisecond)
	}
	return bo, &crook{t: t, node: node}
}

// line is a stream that a crook speaks on.
type line struct {
	t    *testing.T
	conn net.Conn
	in   *proto.Reader
}

func (c *crook) dial(to *person) *line {
	c.t.Helper()
	conn, err := c.node.Dial(context.Background(), to.node.Self().Member, proto.Service)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	l := &line{c.t, conn, proto.NewReader(conn)}
	l.say(proto.AppendHello(nil))
	return l
}

// say writes, whether or not anybody hears it.
func (l *line) say(b []byte) { _, _ = l.conn.Write(b) }

// hear returns the next frame of a kind, or the bye, or false at the end.
func (l *line) hear(want proto.Kind) (kind proto.Kind, payload []byte, ok bool) {
	for {
		kind, _, err := l.in.Next()
		if err != nil {
			return 0, nil, false
		}
		if payload, err = l.in.Payload(); err != nil {
			return 0, nil, false
		}
		if kind == want || kind == proto.Bye {
			return kind, bytes.Clone(payload), true
		}
	}
}

// bye waits for the end of the stream, and returns why.
func (l *line) bye() proto.Code {
	l.t.Helper()
	for {
		kind, payload, ok := l.hear(proto.Bye)
		if !ok {
			l.t.Fatal("the stream ended without a word")
		}
		if kind == proto.Bye {
			code, err := proto.ParseCode(payload)
			if err != nil {
				l.t.Fatal(err)
			}
			return code
		}
	}
}

// film is a content of one file of n bytes, its bytes and what it is as an offer.
func film(t *testing.T, n int64) (*manifest.Manifest, []byte, proto.Offered) {
	t.Helper()
	m, err := manifest.New(manifest.Entry{Path: "film", Size: n})
	if err != nil {
		t.Fatal(err)
	}
	return m, bytes.Repeat([]byte("lanyap! "), int(n+7)/8)[:n], offerOf(m)
}

func offerOf(m *manifest.Manifest) proto.Offered {
	o := proto.Offered{Key: tree.Hash(m.Key()), Files: m.Files(), Size: m.Size(), Count: m.Items()}
	for i := range min(m.Items(), proto.MaxItems) {
		it := m.Item(i)
		o.Items = append(o.Items, proto.Item{Name: it.Name, Dir: it.Kind == manifest.Folder, Files: it.Files, Size: it.Size})
	}
	return o
}

// take accepts an offer.
func take(t *testing.T, p *person) *share.Transfer {
	t.Helper()
	return p.accept()
}

// piece is a piece of data as it is sent.
func piece(m *manifest.Manifest, data []byte, i int) []byte {
	p := m.Piece(i)
	part := data[p.Offset:][:p.Length]
	return append(proto.AppendPieceHead(nil, i, tree.Sum(part, m.FileSize(p.Entry), p.Index), len(part)), part...)
}

// lies are what an offerer can do wrong once it is accepted, and how that ends.
func TestLyingOfferers(t *testing.T) {
	m, data, offered := film(t, 3*tree.MinPiece)
	other, _, _ := film(t, 3*tree.MinPiece+1)
	zeroRoot := tree.Root(make([]tree.Hash, 3), m.Size())
	describe := func(m *manifest.Manifest) []byte { return proto.AppendManifest(nil, m.Encoding(), true) }
	pieces := slicesConcat(piece(m, data, 0), piece(m, data, 1), piece(m, data, 2))
	wrongData := bytes.Clone(piece(m, data, 0))
	wrongData[len(wrongData)-1] ^= 1
	wrongHash := bytes.Clone(piece(m, data, 0))
	wrongHash[proto.HeaderLen+10] ^= 1
	tests := map[string]struct {
		offered proto.Offered
		say     []byte
		rooted  bool // waits until the root is asked for, and says a wrong one
		want    error
	}{
		"key that does not fit":       {offered, describe(other), false, share.ErrMismatch},
		"manifest that is none":       {offered, proto.AppendManifest(nil, []byte("nonsense"), true), false, share.ErrProtocol},
		"size that does not fit":      {func() proto.Offered { o := offered; o.Size--; return o }(), describe(m), false, share.ErrMismatch},
		"files that do not fit":       {func() proto.Offered { o := offered; o.Files++; return o }(), describe(m), false, share.ErrMismatch},
		"name that does not fit":      {renamed(offered, "picture"), describe(m), false, share.ErrMismatch},
		"item that is not there":      {func() proto.Offered { o := offered; o.Count++; return o }(), describe(m), false, share.ErrMismatch},
		"items without names":         {func() proto.Offered { o := offered; o.Items = nil; return o }(), describe(m), false, share.ErrMismatch},
		"manifest that comes twice":   {offered, append(describe(m), describe(m)...), false, share.ErrProtocol},
		"piece before the manifest":   {offered, piece(m, data, 0), false, share.ErrProtocol},
		"bytes that do not fit":       {offered, append(describe(m), wrongData...), false, share.ErrMismatch},
		"hash that does not fit":      {offered, append(describe(m), wrongHash...), false, share.ErrMismatch},
		"root that does not fit":      {offered, append(describe(m), pieces...), true, share.ErrMismatch},
		"piece that comes twice":      {offered, slicesConcat(describe(m), pieces, piece(m, data, 1)), false, share.ErrProtocol},
		"root before the manifest":    {offered, proto.AppendRoots(nil, proto.Root{Root: zeroRoot}), false, share.ErrProtocol},
		"failure of what is no file":  {offered, append(describe(m), proto.AppendFailed(nil, 7, proto.Changed)...), false, share.ErrProtocol},
		"asks for what it offers":     {offered, append(describe(m), proto.AppendRuns(nil, proto.Get, bits.Run{Count: 1})...), false, share.ErrProtocol},
		"frame that is too long":      {offered, proto.AppendHeader(nil, proto.Get, 1<<20), false, share.ErrProtocol},
		"piece of another length":     {offered, append(describe(m), append(proto.AppendPieceHead(nil, 0, tree.Hash{}, 5), "hello"...)...), false, share.ErrProtocol},
		"piece that is not there":     {offered, append(describe(m), append(proto.AppendPieceHead(nil, 77, tree.Hash{}, 5), "hello"...)...), false, share.ErrProtocol},
		"offers it once more":         {offered, append(describe(m), proto.AppendOffer(nil, offered)...), false, share.ErrProtocol},
		"file that is not announced":  {offered, describe(other), false, share.ErrMismatch},
		"withdraws what was accepted": {offered, proto.AppendCode(nil, proto.Bye, proto.Withdrawn), false, share.ErrWithdrawn},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bo, c := withCrook(t, share.Config{Receive: true})
				l := c.dial(bo)
				l.say(proto.AppendOffer(nil, test.offered))
				got := take(t, bo)
				l.hear(proto.Describe)
				go func() {
					if begin := describe(m); bytes.HasPrefix(test.say, begin) {
						l.say(begin)
						l.hear(proto.Get)
						test.say = test.say[len(begin):]
					}
					l.say(test.say)
					if test.rooted {
						l.hear(proto.AskRoots)
						l.say(proto.AppendRoots(nil, proto.Root{Root: zeroRoot}))
					}
					for _, _, ok := l.hear(proto.Bye); ok; _, _, ok = l.hear(proto.Bye) {
					}
				}()
				wantErr(t, got, test.want)
				wantErr(t, got, share.ErrIncomplete)
				nothing(t, bo.home)
			})
		})
	}
}

// Who says behind the end, on another stream, that a file cannot be read is told that
// nothing more is fetched.
func TestFailureBehindTheEnd(t *testing.T) {
	m, data, offered := film(t, 3*tree.MinPiece)
	inBubble(t, func(t *testing.T) {
		bo, c := withCrook(t, share.Config{Receive: true})
		l := c.dial(bo)
		l.say(proto.AppendOffer(nil, offered))
		got := take(t, bo)
		l.hear(proto.Describe)
		l.say(proto.AppendManifest(nil, m.Encoding(), true))
		l.hear(proto.Get)
		hashes := make([]tree.Hash, 3)
		for i := range hashes {
			l.say(piece(m, data, i))
			p := m.Piece(i)
			hashes[i] = tree.Sum(data[p.Offset:][:p.Length], m.Size(), int64(i))
		}
		l.hear(proto.AskRoots)
		l.say(proto.AppendRoots(nil, proto.Root{Root: tree.Root(hashes, m.Size())}))
		l.hear(proto.Done) // bo waits for the end of this stream now
		other := c.dial(bo)
		other.say(proto.AppendOffer(nil, offered))
		other.say(proto.AppendFailed(nil, 0, proto.Changed))
		if code := other.bye(); code != proto.Finished {
			t.Errorf("told %v, want %v", code, proto.Finished)
		}
		done(t, got)
	})
}

// renamed is an offer that calls what it is about something else.
func renamed(o proto.Offered, name string) proto.Offered {
	it := o.Items[0]
	it.Name = name
	o.Items = []proto.Item{it}
	return o
}

func slicesConcat(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// What cannot be is never shown.
func TestOffersThatCannotBe(t *testing.T) {
	_, _, offered := film(t, 10)
	huge := offered
	huge.Size = 1<<62 + 1
	most := proto.AppendOffer(nil, offered)
	for name, b := range map[string][]byte{
		"of 2^62 bytes and one": proto.AppendOffer(nil, huge),
		"that is cut":           append(proto.AppendHeader(nil, proto.Offer, 10), make([]byte, 10)...),
		"of a megabyte":         proto.AppendHeader(nil, proto.Offer, 1<<20),
		"behind an answer":      append(proto.AppendCode(nil, proto.Answer, proto.Accepted), most...),
		"without a hello":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bo, c := withCrook(t, share.Config{Receive: true})
				l := c.dial(bo)
				l.say(b)
				if b != nil {
					if code := l.bye(); code != proto.Protocol {
						t.Errorf("ended with %v, want %v", code, proto.Protocol)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for o := range bo.sharer.Offers(ctx) {
					t.Errorf("offered: %+v", o)
				}
			})
		})
	}
}

// 2^63 bytes are in no manifest that is taken.
func TestFileOfAllBytes(t *testing.T) {
	if _, err := manifest.New(manifest.Entry{Path: "film", Size: 1<<63 - 1}); err == nil {
		t.Error("there is a manifest of 2^63 bytes")
	}
	inBubble(t, func(t *testing.T) {
		bo, c := withCrook(t, share.Config{Receive: true})
		l := c.dial(bo)
		_, _, offered := film(t, 10)
		offered.Size = 1 << 62
		l.say(proto.AppendOffer(nil, offered))
		got := take(t, bo)
		l.hear(proto.Describe)
		// version 1, one entry, depth 0, "f", a file of 2^63-1 bytes, changed at 0
		l.say(proto.AppendManifest(nil, []byte{1, 1, 0, 1, 'f', 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}, true))
		wantErr(t, got, share.ErrProtocol)
		nothing(t, bo.home)
	})
}

// Offers by the thousand: eight wait, the rest is told that we are busy, and others
// are heard.
func TestOffersByTheThousand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		bo, ana := r.enter("bo"), r.enter("ana")
		node, err := mesh.Join(context.Background(), mesh.Config{Name: "crook", Network: r.lan.Host("crook")})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		for len(node.Present()) < 2 || len(ana.node.Present()) < 2 {
			time.Sleep(time.Millisecond)
		}
		c := &crook{t: t, node: node}
		_, _, offered := film(t, 10)
		var waiting []*share.Offer
		busy := 0
		for i := range 1000 {
			offered.Key[0], offered.Key[1] = byte(i), byte(i>>8)
			l := c.dial(bo)
			l.say(proto.AppendOffer(nil, offered))
			if i < 8 {
				l.hear(proto.Answer)
				waiting = append(waiting, bo.offer()) // so that it is there before the next
				continue
			}
			kind, payload, _ := l.hear(proto.Bye)
			if code, _ := proto.ParseCode(payload); kind == proto.Bye && code == proto.Busy {
				busy++
				l.conn.Close()
			}
		}
		if busy != 992 {
			t.Errorf("%d of 1,000 were told that we are busy, want 992", busy)
		}
		path := file(t, filepath.Join(t.TempDir(), "film"), 1000)
		sent := ana.send(collect(t, path), bo)
		for _, o := range waiting {
			o.Decline()
		}
		done(t, bo.accept(), sent)
	})
}

// A manifest of a million entries and one, and one that never ends.
func TestManifestWithoutEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bo, c := withCrook(t, share.Config{Receive: true})
		l := c.dial(bo)
		_, _, offered := film(t, 10)
		l.say(proto.AppendOffer(nil, offered))
		got := take(t, bo)
		l.hear(proto.Describe)
		part := make([]byte, proto.MaxManifestPart)
		go func() {
			for range 300 { // 75 MiB
				l.say(proto.AppendManifest(nil, part, false))
			}
		}()
		if code := l.bye(); code != proto.Limit {
			t.Errorf("told %v, want %v", code, proto.Limit)
		}
		wantErr(t, got, share.ErrLimit)
		nothing(t, bo.home)
	})
}

// lie has bo send a film to a crook, who has accepted it.
func lie(t *testing.T, size int) (bo *person, l *line, sent *share.Transfer) {
	t.Helper()
	return lieAbout(t, collect(t, file(t, filepath.Join(t.TempDir(), "film"), size)))
}

func lieAbout(t *testing.T, c *share.Content) (bo *person, l *line, sent *share.Transfer) {
	t.Helper()
	bo, crook := withCrook(t, share.Config{})
	listener, err := crook.node.Listen(proto.Service)
	if err != nil {
		t.Fatal(err)
	}
	sent, err = bo.sharer.Send(context.Background(), c, crook.node.Self().ID)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l = &line{t, conn, proto.NewReader(conn)}
	l.say(proto.AppendHello(nil))
	l.hear(proto.Offer)
	l.say(proto.AppendCode(nil, proto.Answer, proto.Accepted))
	return bo, l, sent
}

// Who asks for everything at once, or for what is not there, or says what cannot
// be, is not served any further.
func TestLyingReceivers(t *testing.T) {
	var greedy []byte
	for range proto.MaxGets/proto.MaxRuns + 1 {
		runs := make([]bits.Run, proto.MaxRuns)
		for i := range runs {
			runs[i] = bits.Run{First: 0, Count: 12}
		}
		greedy = proto.AppendRuns(greedy, proto.Get, runs...)
	}
	for name, test := range map[string]struct {
		say  []byte
		want error
	}{
		"everything at once, a thousand times": {greedy, share.ErrLimit},
		"a piece that is not there":            {proto.AppendRuns(nil, proto.Get, bits.Run{First: 12, Count: 1}), share.ErrProtocol},
		"a root of no entry":                   {proto.AppendAskRoots(nil, []int{1}), share.ErrProtocol},
		"the manifest twice":                   {proto.Empty(proto.Empty(nil, proto.Describe), proto.Describe), share.ErrProtocol},
		"gives a piece":                        {append(proto.AppendPieceHead(nil, 0, tree.Hash{}, 1), 'x'), share.ErrProtocol},
		"offers something":                     {proto.AppendOffer(nil, proto.Offered{IsText: true}), share.ErrProtocol},
		"has no room":                          {proto.AppendCode(nil, proto.Bye, proto.NoSpace), share.ErrNoSpace},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				_, l, sent := lie(t, 3<<20)
				go l.say(test.say)
				for _, _, ok := l.hear(proto.Bye); ok; _, _, ok = l.hear(proto.Bye) {
				}
				wantErr(t, sent, test.want)
			})
		})
	}
}

// Roots that nobody can know yet are waited for, but not without end.
func TestRootsWithoutEnd(t *testing.T) {
	ask := proto.AppendAskRoots(nil, make([]int, proto.MaxRoots))
	most := bytes.Repeat(ask, proto.MaxGets/proto.MaxRoots)
	inBubble(t, func(t *testing.T) {
		_, l, sent := lieAbout(t, expect(t, map[string]int{"film": 3 << 20}).content)
		l.say(most)
		time.Sleep(time.Minute)
		if p := sent.Progress(); p.Phase != share.Moving {
			t.Errorf("with as many as may be asked for: %+v", p)
		}
		l.say(ask)
		wantErr(t, sent, share.ErrLimit)
	})
	for range 20 { // while they are looked for
		inBubble(t, func(t *testing.T) {
			_, l, sent := lieAbout(t, expect(t, map[string]int{"film": 3 << 20}).content)
			l.say(slicesConcat(most, ask))
			wantErr(t, sent, share.ErrLimit)
		})
	}
}

// More than all is not done, whatever a receiver says.
func TestProgressThatCannotBe(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, l, sent := lie(t, 3<<20)
		l.say(proto.AppendProgress(nil, proto.Far{Bytes: 1 << 50, Skipped: 1 << 50, Files: 1000}))
		synctest.Wait()
		if p := sent.Progress(); p.BytesDone > p.Bytes || p.FilesDone > p.Files || p.Skipped > p.Bytes {
			t.Errorf("%+v", p)
		}
		l.say(proto.AppendProgress(nil, proto.Far{}))
		synctest.Wait()
		if p := sent.Progress(); p.BytesDone != p.Bytes {
			t.Errorf("it went back: %+v", p)
		}
		sent.Cancel()
		wantErr(t, sent, share.ErrCanceled)
	})
}

// Who asks and does not read is given up after half a minute, and holds up nobody.
func TestReceiverThatDoesNotRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bo, l, sent := lie(t, 30<<20)
		l.say(proto.AppendRuns(nil, proto.Get, bits.Run{First: 0, Count: 120}))
		time.Sleep(20 * time.Second)
		if p := sent.Progress(); p.Phase != share.Moving || p.Sent > 8<<20 {
			t.Errorf("%+v", p)
		}
		time.Sleep(20 * time.Second)
		if p := sent.Progress(); p.Phase != share.Waiting {
			t.Errorf("%+v", p)
		}
		sent.Cancel()
		wantErr(t, sent, share.ErrCanceled)
		_ = bo
	})
}

// Who closes waits a few seconds for those who do not read.
func TestCloseBesideAReceiverThatDoesNotRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, l, sent := lie(t, 30<<20)
		l.say(proto.AppendRuns(nil, proto.Get, bits.Run{First: 0, Count: 120}))
		time.Sleep(5 * time.Second)
		begun := time.Now()
		ana.sharer.Close()
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		wantErr(t, sent, share.ErrClosed)
	})
}

// Nobody fetches what it was not offered, although it knows its key.
func TestJoinWithoutAnOffer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo")
		node, err := mesh.Join(context.Background(), mesh.Config{Name: "crook", Network: r.lan.Host("crook")})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		for len(node.Present()) < 2 || len(ana.node.Present()) < 2 {
			time.Sleep(time.Millisecond)
		}
		path := file(t, filepath.Join(t.TempDir(), "film"), 10<<20)
		content := collect(t, path)
		sent := ana.send(content, bo)
		got := bo.accept()
		time.Sleep(3 * time.Second)
		var key tree.Hash
		if n, err := hex.Decode(key[:], []byte(sent.Key())); n != len(key) || err != nil {
			t.Fatal(n, err)
		}
		c := &crook{t: t, node: node}
		for _, p := range []*person{ana, bo} {
			l := c.dial(p)
			l.say(proto.AppendJoin(nil, key))
			if code := l.bye(); code != proto.Unknown {
				t.Errorf("told %v, want %v", code, proto.Unknown)
			}
		}
		done(t, sent, got)
	})
}

// An open Sharer that does nothing touches no directory.
func TestIdleTouchesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		bo := r.enter("bo")
		bo.stop()
		bo.state = filepath.Join(bo.state, "new")
		bo.start(share.Config{Receive: true})
		time.Sleep(time.Hour)
		if _, err := os.Stat(bo.state); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the state directory: %v", err)
		}
	})
}
