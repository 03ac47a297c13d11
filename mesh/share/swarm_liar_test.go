package share_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

const (
	loanSize   = 10 << 20
	loanPieces = loanSize / tree.MinPiece
)

// join has a crook accept whatever it is offered, and meet the other receivers.
func (c *crook) join(meets func(*line)) { c.joinAs(proto.Service, meets) }

// joinAs does so as the keeper that a service is of.
func (c *crook) joinAs(service string, meets func(*line)) {
	c.t.Helper()
	listener, err := c.node.Listen(service)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.answer(&line{c.t, conn, proto.NewReader(conn)}, meets)
		}
	}()
}

func (c *crook) answer(l *line, meets func(*line)) {
	defer l.conn.Close()
	l.say(proto.AppendHello(nil))
	for {
		kind, _, err := l.in.Next()
		if err != nil {
			return
		}
		switch kind {
		case proto.Offer:
			l.say(proto.AppendCode(nil, proto.Answer, proto.Accepted))
		case proto.Join:
			l.say(proto.AppendCode(nil, proto.Answer, proto.Accepted))
			meets(l)
		}
	}
}

// visit has a crook open the stream to another receiver, if that is its turn.
func (c *crook) visit(key tree.Hash, to *person, meets func(*line)) {
	l := c.dial(to)
	if c.page != nil {
		l.say(proto.AppendFor(nil, c.page.node.Self().Instance))
	}
	l.say(proto.AppendJoin(nil, key))
	if kind, _, ok := l.hear(proto.Answer); ok && kind == proto.Answer {
		meets(l)
	}
}

// everything says that a crook has all of it.
func everything(l *line) { l.say(proto.AppendHave(nil, bits.Full(loanPieces))) }

// rubbish says so, and gives wrong bytes, with the hashes that they have.
func rubbish(l *line) {
	everything(l)
	for {
		kind, payload, ok := l.hear(proto.Get)
		if !ok || kind != proto.Get {
			return
		}
		runs, _ := proto.ParseRuns(payload, nil, loanPieces)
		for _, r := range runs {
			for i := r.First; i < r.End(); i++ {
				data := bytes.Repeat([]byte{byte(i)}, tree.MinPiece)
				l.say(append(proto.AppendPieceHead(nil, i, tree.Sum(data, loanSize, int64(i)), len(data)), data...))
			}
		}
	}
}

// taken says that it is getting all of it, so that nobody else need ask.
func taken(l *line) {
	l.say(proto.AppendRuns(nil, proto.Fetching, bits.Run{First: 0, Count: loanPieces}))
}

// unasked sends a piece that nobody asked for.
func unasked(l *line) {
	l.say(append(proto.AppendPieceHead(nil, 3, tree.Hash{}, tree.MinPiece), make([]byte, tree.MinPiece)...))
}

// beyond says that it has what there is not.
func beyond(l *line) {
	l.say(proto.AppendRuns(nil, proto.Got, bits.Run{First: loanPieces - 1, Count: 2}))
}

// authority says what a piece should be, which is for who offers it alone.
func authority(l *line) { l.say(proto.AppendHashes(nil, 0, make([]tree.Hash, 8))) }

// greedy asks for all that is not there.
func greedy(l *line) {
	for range 40 {
		l.say(proto.AppendRuns(nil, proto.Get, bits.Run{First: 0, Count: loanPieces}))
	}
}

// Whatever another receiver says or gives, the others get what was offered. Who
// gives wrong bytes is dropped and named.
func TestLyingMates(t *testing.T) {
	for _, test := range []struct {
		name  string
		meets func(*line)
		named bool
	}{
		{"who gives wrong bytes", rubbish, true},
		{"who says that it has all, and gives nothing", everything, false},
		{"who says that it is getting all", taken, false},
		{"who sends what nobody asked for", unasked, false},
		{"who says that it has what there is not", beyond, false},
		{"who says what pieces should be", authority, false},
		{"who asks for what is not there", greedy, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				ana, bo := r.with("ana", share.Config{UploadLimit: 4 << 20}), r.enter("bo")
				node, err := mesh.Join(context.Background(), mesh.Config{Name: "crook", Network: r.lan.Host("crook")})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { node.Close() })
				for len(node.Present()) < 2 || len(ana.node.Present()) < 2 || len(bo.node.Present()) < 2 {
					time.Sleep(time.Millisecond)
				}
				c := &crook{t: t, node: node}
				c.join(test.meets)
				path := file(t, filepath.Join(t.TempDir(), "film"), loanSize)
				content := collect(t, path)
				toCrook, err := ana.sharer.Send(context.Background(), content, node.Self().ID)
				if err != nil {
					t.Fatal(err)
				}
				toBo := ana.send(content, bo)
				got := bo.accept()
				time.Sleep(500 * time.Millisecond)
				if got.Progress().Holders < 2 {
					go c.visit(keyOf(t, toBo), bo, test.meets)
				}
				begun := time.Now()
				done(t, toBo, got)
				toCrook.Cancel()
				same(t, filepath.Dir(path), bo.home)
				if took := time.Since(begun); took > 20*time.Second {
					t.Errorf("it took %v", took)
				}
				var dropped share.Dropped
				named := false
				for _, w := range got.Warnings() {
					named = named || errors.As(w, &dropped) && dropped.Peer.Member == node.Self().Member
				}
				if named != test.named {
					t.Errorf("named: %v, want %v: %v", named, test.named, got.Warnings())
				}
			})
		})
	}
}

func keyOf(t *testing.T, tr *share.Transfer) (key tree.Hash) {
	t.Helper()
	if n, err := hex.Decode(key[:], []byte(tr.Key())); n != len(key) || err != nil {
		t.Fatal(n, err)
	}
	return key
}
