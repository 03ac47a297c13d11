package chat

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
)

// knowing is a chat that knows people, and what it is shown.
type knowing struct {
	t    *testing.T
	node *fakeNode
	book *known.Book
	room *Room
	end  func()

	mu           sync.Mutex // guards out, notices
	out, notices strings.Builder
}

type lockedWriter struct {
	mu *sync.Mutex
	to *strings.Builder
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// knows runs a chat in a bubble of synctest.
func knows(t *testing.T, json bool) *knowing {
	k := &knowing{t: t, node: newFakeNode(), book: known.Open(known.Config{})}
	k.book.Self(k.node.self, nil)
	k.room = NewRoom(k.node.self)
	k.room.Know(k.book)
	out, notices := lockedWriter{&k.mu, &k.out}, lockedWriter{&k.mu, &k.notices}
	face := NewPlain(out, notices, k.room)
	if json {
		face = NewJSON(out, notices, k.book.Judge)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = Run(ctx, Config{Node: k.node, Room: "lan", Members: k.room, Face: face, Timeout: time.Minute})
	}()
	k.end = func() {
		cancel()
		<-done
	}
	return k
}

// shown returns what was shown since the last time.
func (k *knowing) shown() string {
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.out.Reset()
	defer k.notices.Reset()
	return k.notices.String() + k.out.String()
}

func (k *knowing) wants(parts ...string) {
	k.t.Helper()
	got := k.shown()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			k.t.Errorf("shown is\n%s\nwant %q in it", got, part)
		}
	}
}

func (k *knowing) wantsNothing() {
	k.t.Helper()
	if got := k.shown(); got != "" {
		k.t.Errorf("shown is\n%s\nwant nothing", got)
	}
}

func (k *knowing) says(p mesh.Peer, seq uint64, text string) {
	k.node.emit(mesh.Message{From: p, Seq: seq, Data: []byte(text)})
}

// called returns another who is called so.
func called(who, name string) mesh.Peer {
	p := member(who)
	p.Name = name
	return p
}

// TestBorrowedNameIsShown holds how it is shown that somebody has the name of somebody
// who is known: with a line when it comes, and beside each message.
func TestBorrowedNameIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		bo := member("bo")
		k.node.join(bo)
		k.wants("* bo joined\n")
		k.node.part(bo, nil)
		time.Sleep(time.Hour)
		k.shown()
		posing := called("posing", "bo")
		k.node.join(posing)
		k.wants("* bo (" + posing.ID.Short() + ", changed) joined: not the bo (" + bo.ID.Short() + ") who is known here\n")
		k.says(posing, 1, "it is me")
		k.wants("bo (changed): it is me\n")
		k.node.join(called("other", "B0"))
		k.wants(", changed) joined: the name looks like that of bo (" + bo.ID.Short() + ")\n")
		k.node.join(bo)
		k.says(bo, 2, "I am back")
		k.wants("bo: I am back\n")
		k.node.part(posing, nil)
		k.node.part(bo, nil)
		k.shown()

		bo.Name = "Robert"
		k.node.join(bo)
		k.wants("* Robert joined, until now called bo\n")
		must(t, k.book.Trust(bo.ID, bo.Name))
		k.node.part(bo, nil)
		k.node.join(bo)
		k.wants("* Robert joined (verified)\n")
	})
}

func TestBorrowedNameInJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, true)
		defer k.end()
		bo := member("bo")
		must(t, k.book.Trust(bo.ID, "bo"))
		k.node.join(bo)
		k.wants(`"name":"bo","known":"verified"}`)
		k.node.join(called("posing", "bо"))
		like := `"known":"changed","like":{"id":"` + bo.ID.String() + `","name":"bo"}}`
		k.wants(`"type":"joined"`, like)
		k.says(called("posing", "bо"), 1, "x")
		k.wants(`"type":"message"`, like)
		k.node.join(member("cy"))
		k.wants(`"name":"cy","known":"new"}`)
	})
}

// TestBlocked holds that who is blocked is nobody here: neither shown nor heard, now
// nor in what was said earlier, until that is taken back.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		bo := member("bo")
		k.node.join(bo)
		k.shown()
		files := &clerk{}
		c := &interpreter{room: k.room, tell: func(string) {}, files: files}
		if _, err := c.enter("/block bo"); err != nil {
			t.Fatal(err)
		}
		if want := []string{"decline blocked"}; !slices.Equal(files.asked, want) {
			t.Errorf("files: %q, want %q", files.asked, want)
		}
		k.says(bo, 1, "spam")
		k.node.emit(mesh.Message{From: bo, Seq: 0, Data: []byte("earlier"), History: true})
		k.node.emit(mesh.Gap{From: bo, Count: 2})
		k.node.emit(mesh.Conflict{From: bo, Seq: 1})
		k.node.part(bo, nil)
		k.node.join(bo)
		k.wantsNothing()
		if k.room.Len() != 0 || strings.Contains(c.who(), "bo") {
			t.Errorf("%d are here: %s", k.room.Len(), c.who())
		}
		if _, err := c.enter("/block --remove bo"); err != nil {
			t.Fatal(err)
		}
		k.says(bo, 2, "hello")
		k.wants("bo: hello\n")
		if k.room.Len() != 1 {
			t.Errorf("%d are here", k.room.Len())
		}
		must(t, k.book.Block(bo.ID, "bo")) // by another process
		k.says(bo, 3, "more")
		k.wantsNothing()
		if k.room.Len() != 0 {
			t.Error("who was blocked elsewhere is here")
		}
	})
}

func TestTrustCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		bo, cy, page := member("bo"), member("cy"), member("page")
		page.Web = true
		k.node.join(bo)
		k.node.join(cy)
		k.node.join(page)
		k.shown()
		k.node.part(cy, nil)
		time.Sleep(time.Hour)
		posing := called("posing", "Bo")
		k.node.join(posing)
		k.shown()
		var told string
		c := &interpreter{room: k.room, tell: func(text string) { told = text }}
		for _, tt := range []struct{ line, told, mistake string }{
			{"/trust", "", "no name"},
			{"/trust bo cy", "", "no name, or more than one"},
			{"/trust nobody", "", "nobody of that name"},
			{"/trust ana", "", "nobody of that name"},
			{"/trust page", "", "in a browser"},
			{"/trust bo", "bo (" + bo.ID.Short() + ") is verified now", ""},
			{"/trust cy", "cy (" + cy.ID.Short() + ") is verified now", ""}, // who is known, and not here
			{"/trust Bo", "", "is not bo (" + bo.ID.Short() + ")"},
			{"/trust " + posing.ID.Short(), "Bo (" + posing.ID.Short() + ") is verified now", ""},
			{"/trust --remove " + posing.ID.Short(), "is not verified any more", ""},
			{"/trust bo --remove", "bo is not verified any more", ""},
			{"/block nobody", "", "nobody of that name"},
			{"/verify", "", "no name"},
			{"/verify dora", "", "nobody of that name"},
			{"/verify bo", "", "nobody can be verified in this chat"},
		} {
			told = ""
			u, err := c.enter(tt.line)
			mistake := &MistakeError{}
			if errors.As(err, &mistake) != (tt.mistake != "") || u != nil || !strings.Contains(mistake.Text, tt.mistake) || tt.mistake != "" && mistake.Hint == "" || !strings.Contains(told, tt.told) {
				t.Errorf("%s: told %q, %+v, %v; want %q, the mistake %q", tt.line, told, u, err, tt.told, tt.mistake)
			}
		}
		if k.book.Trusts(bo.ID) || !k.book.Trusts(cy.ID) || k.book.Trusts(posing.ID) {
			t.Error("the wrong ones are trusted")
		}
	})
}

// TestShortIDOfAnother holds that nobody gets trusted by a name, or by an ID that begins
// alike, that is the short form of the ID of somebody who has just left.
func TestShortIDOfAnother(t *testing.T) {
	bo := member("bo")
	alike := called("posing", "cy")
	copy(alike.ID[:5], bo.ID[:5])
	for _, posing := range []mesh.Peer{called("posing", bo.ID.Short()), alike} {
		synctest.Test(t, func(t *testing.T) {
			k := knows(t, false)
			defer k.end()
			k.node.join(bo)
			k.shown()
			k.node.part(bo, nil)
			k.node.join(posing)
			k.shown()
			c := &interpreter{room: k.room, tell: func(text string) { t.Errorf("told %q", text) }}
			_, err := c.enter("/trust " + bo.ID.Short())
			if mistake := (&MistakeError{}); !errors.As(err, &mistake) || k.book.Trusts(posing.ID) {
				t.Errorf("/trust %s: %v; %q is trusted: %t", bo.ID.Short(), err, posing.Name, k.book.Trusts(posing.ID))
			}
		})
	}
}

// TestNameWithItsShortID holds that nobody gets trusted by a name like that of somebody
// who is known because the short form of its own ID stands in it.
func TestNameWithItsShortID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		posing := member("posing")
		posing.Name = "bo " + posing.ID.Short()
		k.node.join(called("bo", "Bo "+posing.ID.Short()))
		time.Sleep(time.Hour)
		k.node.join(posing)
		k.shown()
		c := &interpreter{room: k.room, tell: func(string) {}}
		_, err := c.enter(`/trust "` + posing.Name + `"`)
		if mistake := (&MistakeError{}); !errors.As(err, &mistake) || k.book.Trusts(posing.ID) {
			t.Errorf("by its name: %v", err)
		}
		for _, id := range []string{posing.ID.Short(), posing.ID.String()} {
			if _, err := c.enter("/trust " + id); err != nil || !k.book.Trusts(posing.ID) {
				t.Errorf("by its ID: %v", err)
			}
			must(t, k.book.Distrust(posing.ID))
		}
	})
}

func TestVerifyCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		bo := member("bo")
		k.node.join(bo)
		k.shown()
		told := make(chan string, 1)
		var fails error
		c := &interpreter{room: k.room, tell: func(text string) { told <- text }, ask: func(_ context.Context, p mesh.Peer) ([]string, error) {
			return []string{"one", "two", "three", "four", "five", "six"}, fails
		}}
		if _, err := c.enter("/verify bo"); err != nil {
			t.Fatal(err)
		}
		if got := <-told; !strings.Contains(got, "one two three four five six") || !strings.Contains(got, "/trust "+bo.ID.Short()) {
			t.Errorf("told %q", got)
		}
		for _, tt := range []struct {
			err  error
			want string
		}{
			{mesh.ErrNoService, "it takes lanyap chat"}, {mesh.ErrIndirect, "through others"}, {mesh.ErrNoMember, "no longer here"},
			{context.DeadlineExceeded, "does not answer"}, {errors.New("was asked a moment ago"), "bo was asked a moment ago"},
		} {
			fails = tt.err
			if _, err := c.enter("/verify bo"); err != nil {
				t.Fatal(err)
			}
			if got := <-told; !strings.Contains(got, tt.want) {
				t.Errorf("%v: told %q", tt.err, got)
			}
		}
	})
}

// TestAsked holds what is shown of somebody who asks to be verified.
func TestAsked(t *testing.T) {
	bo := member("bo")
	room := NewRoom(member("ana"))
	room.Join(bo)
	ev := Asked{Peer: bo, Words: []string{"a", "b", "c", "d", "e", "f"}, How: slash(bo.ID)}
	var plain, objects strings.Builder
	must(t, NewPlain(io.Discard, &plain, room).Show(ev))
	must(t, NewJSON(&objects, io.Discard, known.Open(known.Config{}).Judge).Show(ev))
	if got := plain.String(); !strings.Contains(got, "* bo asks") || !strings.Contains(got, "a b c d e f") || !strings.Contains(got, "/trust "+bo.ID.Short()) {
		t.Errorf("plain: %s", got)
	}
	if got := objects.String(); !strings.Contains(got, `"type":"verify"`) || !strings.Contains(got, `"words":["a","b","c","d","e","f"]}`) {
		t.Errorf("JSON: %s", got)
	}
}

// TestTwiceIsShown holds that a key which two hosts have is told of.
func TestTwiceIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := knows(t, false)
		defer k.end()
		one, two := member("bo"), member("bo")
		two.Instance[0]++
		k.node.join(at(one, "10.0.0.1:7475"))
		k.node.join(at(two, "10.0.0.2:7475"))
		k.wants("* two hosts have the key of bo: 10.0.0.1 and 10.0.0.2\n")
	})
}

// TestBookTrouble holds that it is said when nothing can be remembered.
func TestBookTrouble(t *testing.T) {
	dir := t.TempDir()
	book := known.Open(known.Config{Dir: filepath.Join(dir, "known")})
	room := NewRoom(member("ana"))
	room.Know(book)
	room.Join(member("bo"))
	must(t, os.WriteFile(filepath.Join(dir, "known"), nil, 0o600)) // where the directory would have to be
	c := &interpreter{room: room, tell: func(text string) { t.Errorf("told %q", text) }}
	var mistake *MistakeError
	if _, err := c.enter("/trust bo"); !errors.As(err, &mistake) || !strings.Contains(mistake.Text, "not for longer than this chat") {
		t.Errorf("trust without a file: %v", err)
	}
	if !book.Trusts(member("bo").ID) {
		t.Error("and it does not count")
	}
}

// at returns p as it answers there.
func at(p mesh.Peer, addr string) mesh.Peer {
	p.Addr = netip.MustParseAddrPort(addr)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
