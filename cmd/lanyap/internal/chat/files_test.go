package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

// clerk is a Files that notes what it is asked for.
type clerk struct {
	err    error
	offers []string

	mu    sync.Mutex // guards asked
	asked []string
}

func (c *clerk) note(what ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, strings.TrimSpace(fmt.Sprintln(what...)))
	return c.err
}

func (c *clerk) Open(func(transfer.Event))   {}
func (c *clerk) Send(path, to string) error  { return c.note("send", path, "to", to) }
func (c *clerk) Get(which, dir string) error { return c.note("get", which, "into", dir) }
func (c *clerk) Decline(which string) error  { return c.note("decline", which) }
func (c *clerk) DeclineBlocked()             { _ = c.note("decline blocked") }
func (c *clerk) Offers() []string            { return c.offers }
func (c *clerk) Idle() <-chan struct{}       { return nil }
func (c *clerk) Close()                      {}

// inFolder makes the current directory one with a folder and two files, one of
// whose names has a space.
func inFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("slides", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.txt", "my file.txt", ".hidden", filepath.Join("slides", "1.png")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileCommands(t *testing.T) {
	inFolder(t)
	for _, tt := range []struct {
		line    string
		offers  []string
		err     error
		asked   string
		mistake string
	}{
		{line: "/send a.txt", asked: "send a.txt to"},
		{line: "/send a.txt bo", asked: "send a.txt to bo"},
		{line: `/send a.txt "Ana B"`, asked: "send a.txt to Ana B"},
		{line: "/send my file.txt", asked: "send my file.txt to"},
		{line: "/send my file.txt cy", asked: "send my file.txt to cy"},
		{line: `/send "my file.txt" "Ana B"`, asked: "send my file.txt to Ana B"},
		{line: "/send slides/", asked: "send slides/ to"},
		{line: "/send", mistake: "there is no path"},
		{line: "/send nothing bo", mistake: "no file or folder"},
		{line: "/send a.txt bo", err: people.ErrUnknown, asked: "send a.txt to bo", mistake: people.ErrUnknown.Error()},
		{line: "/send a.txt bo", err: people.ErrAmbiguous, asked: "send a.txt to bo", mistake: people.ErrAmbiguous.Error()},
		{line: "/get 2", asked: "get 2 into"},
		{line: "/get 2 slides", asked: "get 2 into slides"},
		{line: "/get 2 a.txt", mistake: "no directory"},
		{line: "/get", offers: []string{"7"}, asked: "get 7 into"},
		{line: "/get", offers: []string{"7", "8"}, err: transfer.ErrNoSuchOffer, asked: "get  into", mistake: "no such offer"},
		{line: "/decline 3", asked: "decline 3"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			files := &clerk{err: tt.err, offers: tt.offers}
			c := &interpreter{room: crowd(), files: files, tell: func(string) {}}
			u, err := c.enter(tt.line)
			if u != nil {
				t.Errorf("it is said: %q", u.Text)
			}
			if asked := strings.Join(files.asked, "; "); asked != tt.asked {
				t.Errorf("asked for %q, want %q", asked, tt.asked)
			}
			mistake := (*MistakeError)(nil)
			if tt.mistake == "" && err != nil || tt.mistake != "" && (!errors.As(err, &mistake) || !strings.Contains(mistake.Text, tt.mistake) || mistake.Hint == "") {
				t.Errorf("error %v, want %q", err, tt.mistake)
			}
		})
	}
	c := &interpreter{room: crowd(), tell: func(string) {}}
	for _, line := range []string{"/send a.txt", "/get 1", "/decline 1"} {
		if u, err := c.enter(line); u != nil || err == nil {
			t.Errorf("%s in a chat without files: %v, %v", line, u, err)
		}
	}
}

func TestCompleteFiles(t *testing.T) {
	inFolder(t)
	c := &interpreter{room: crowd(), files: &clerk{offers: []string{"3", "12", "14"}}}
	for before, want := range map[string][]string{
		"/send a":              {"a", "a.txt "},
		"/send ":               {"", "a.txt ", "my file.txt ", "slides" + string(filepath.Separator)},
		"/send .h":             {".h", ".hidden "},
		"/send slides/":        {"slides/", "slides/1.png "},
		"/send my f":           {"my f", "my file.txt "},
		"/send a.txt c":        {"c", "cy"},
		"/send my file.txt cy": {"cy", "cy"},
		"/send nothing":        {"nothing"},
		"/get ":                {"", "3", "12", "14"},
		"/decline 1":           {"1", "12", "14"},
	} {
		word, candidates := c.complete(before)
		if got := append([]string{word}, candidates...); !slices.Equal(got, want) {
			t.Errorf("%q completes %q, want %q", before, got, want)
		}
	}
}

// TestOrders holds that what an input asks for about files is done before anybody
// takes what is to be said, and in its turn.
func TestOrders(t *testing.T) {
	files := &clerk{}
	in := NewOrders(t.Context(), NewJSONLines(strings.NewReader(`{"send":"x"}
{"send":"x","to":"bo"}
{"get":"abc","dir":"in"}
{"text":"hello"}
{"decline":"def"}
{"get":"abc","to":"bo"}
{"get":"abc","text":"both"}
{"dir":"in","text":"where"}
{}
`)), files, 0)
	u, err := in.Next(t.Context())
	if err != nil || u.Text != "hello" || u.Order != nil {
		t.Errorf("said %+v, %v", u, err)
	}
	for range 4 {
		var mistake *MistakeError
		if u, err := in.Next(t.Context()); !errors.As(err, &mistake) {
			t.Errorf("a mistake is taken as %+v, %v", u, err)
		}
	}
	if _, err := in.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("it ends with %v", err)
	}
	if want := []string{"send x to", "send x to bo", "get abc into in", "decline def"}; !slices.Equal(files.asked, want) {
		t.Errorf("asked for %q, want %q", files.asked, want)
	}
}

// TestOrdersWait holds that whoever is to get something may come later.
func TestOrdersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		in := NewOrders(t.Context(), NewJSONLines(strings.NewReader(`{"send":"x"}`)), &clerk{err: transfer.ErrNobody}, 10*time.Second)
		if _, err := in.Next(t.Context()); err == nil || time.Since(start) < 10*time.Second || time.Since(start) > 11*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestOrdersThatCannotBeDone(t *testing.T) {
	for _, err := range []error{people.ErrUnknown, people.ErrAmbiguous, transfer.ErrNoSuchOffer, os.ErrClosed} {
		in := NewOrders(t.Context(), NewJSONLines(strings.NewReader(`{"get":"x","ref":"r"}`)), &clerk{err: err}, 0)
		var mistake *MistakeError
		if _, got := in.Next(t.Context()); !errors.As(got, &mistake) || mistake.Ref != "r" || mistake.Hint == "" || mistake.Text != err.Error() {
			t.Errorf("%v is told as %+v", err, got)
		}
	}
}

// TestOrdersEnd holds that an input nobody takes from ends with its context.
func TestOrdersEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := NewOrders(ctx, NewLines(strings.NewReader("never\ntaken\n")), &clerk{}, 0)
	cancel()
	if _, err := in.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

func TestMovedFaces(t *testing.T) {
	room := crowd()
	deal := transfer.Deal{ID: "ab12", Incoming: true, Peer: cy, Items: []share.Item{{Name: "x\x1b[2J.zip", Files: 1, Size: 5}}, Count: 1, Files: 1, Size: 5}
	for name, tt := range map[string]struct {
		ev           transfer.Event
		text, object string
	}{
		"offer":    {transfer.Offered{Deal: deal, Number: 3}, "/get 3 takes it", `"type":"offer"`},
		"received": {transfer.Received{Deal: deal, Item: share.Landed{Path: "/in/x"}}, "* /in/x is here", `"path":"/in/x"`},
		"text":     {transfer.Received{Deal: transfer.Deal{Incoming: true, Peer: cy, Text: "one\ntwo"}}, "cy (sent to you): one\n", `"text":"one\ntwo"`},
		"declined": {transfer.Refused{Deal: deal, Reason: share.ErrDeclined}, "* declined", `"type":"refused"`},
	} {
		_, notice, object := shows(t, room, Moved{tt.ev})
		if !strings.Contains(notice, tt.text) || !strings.Contains(object, tt.object) || strings.Contains(notice, "\x1b") {
			t.Errorf("%s: %q, %s", name, notice, object)
		}
	}
}
