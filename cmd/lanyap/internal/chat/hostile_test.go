package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe/safetest"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

// hostileEvents are those in which others have their say.
func hostileEvents(text string) (mesh.Peer, []Event) {
	evil := member("evil")
	evil.Name = text
	via := bo
	via.Name = text
	reached := evil
	reached.Via = &via
	return evil, []Event{
		Joined{Peer: evil}, Joined{Peer: reached}, Left{Peer: evil, Reason: errors.New("peer: closed: " + text)},
		Message{From: evil, Text: text}, Message{From: evil, Text: text, Private: true}, Message{From: evil, Text: text, History: true},
		Message{From: evil, Text: "/me " + text},
		Gap{From: evil, Count: 2}, Sent{Text: text, To: &evil}, Undelivered{Text: text, Peers: []mesh.Peer{evil}},
		Ready{Self: evil, Room: text}, Warning{Text: text}, Warning{Text: text, Hint: text},
	}
}

// TestHostileTextInPlain: nothing that others are called or say does anything to a
// terminal, and each says its own line.
func TestHostileTextInPlain(t *testing.T) {
	for _, c := range safetest.All() {
		_, events := hostileEvents(c.Text)
		for _, ev := range events {
			var out bytes.Buffer
			room := NewRoom(member("ana"))
			if err := NewPlain(&out, &out, room).Show(ev); err != nil {
				t.Fatal(err)
			}
			if err := safetest.Check(out.String(), ""); err != nil {
				t.Errorf("%s: %T: %v", c.Name, ev, err)
			}
			oneLine(t, c.Name, ev, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"))
		}
	}
}

// TestHostileTextOnTerminals is the same of a screen, whose colours are ours.
func TestHostileTextOnTerminals(t *testing.T) {
	for _, c := range safetest.All() {
		_, events := hostileEvents(c.Text)
		for _, colors := range []bool{false, true} {
			room := NewRoom(member("ana"))
			term := &Terminal{cfg: TerminalConfig{Members: room, Self: member("ana"), NoColor: !colors}}
			for _, ev := range events {
				text := term.render(ev)
				shown := text
				for _, ours := range append([]string{bold, faint, reset}, colorsOfNames()...) {
					if colors {
						shown = strings.ReplaceAll(shown, ours, "")
					}
				}
				if err := safetest.Check(shown, ""); err != nil {
					t.Errorf("%s: %T: %v", c.Name, ev, err)
				}
				oneLine(t, c.Name, ev, screen.LayOut(text, 30))
			}
		}
	}
}

func colorsOfNames() []string { return colors }

// oneLine checks that nothing but the first line begins where lines of others do. The
// hint of a mistake is ours.
func oneLine(t *testing.T, name string, ev Event, lines []string) {
	t.Helper()
	for i, line := range lines[1:] {
		if i == 0 && strings.HasPrefix(line, "hint: ") {
			continue
		}
		if !strings.HasPrefix(line, screen.Indent) {
			t.Errorf("%s: %T has a line %q", name, ev, line)
		}
	}
}

// TestHostileTextInJSON: programs read the exact text, and a terminal that shows the
// JSON does nothing.
func TestHostileTextInJSON(t *testing.T) {
	for _, c := range safetest.All() {
		evil, _ := hostileEvents(c.Text)
		var out, mistakes bytes.Buffer
		if err := NewJSON(&out, &mistakes, nil).Show(Message{From: evil, Text: c.Text}); err != nil {
			t.Fatal(err)
		}
		if err := safetest.Check(out.String(), ""); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %q, %v", c.Name, out.String(), err)
		}
		var got struct {
			From struct{ Name string }
			Text string
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if want := fmt.Sprint([]rune(c.Text)); fmt.Sprint([]rune(got.Text)) != want || fmt.Sprint([]rune(got.From.Name)) != want {
			t.Errorf("%s: programs read %+q, want %+q", c.Name, got.Text, c.Text)
		}
	}
}
