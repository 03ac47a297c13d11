package chat

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

// typist types into an editor.
type typist struct {
	t           *testing.T
	e           *editor
	interrupted int
	room        *Room
	told        []string
}

func newTypist(t *testing.T) *typist {
	ty := &typist{t: t}
	ty.e = newEditor(newTyped(), screen.NewPainter(io.Discard, screen.SizeOf(40, 20), screen.Typing))
	ty.room = NewRoom(member("ana"))
	ty.e.commands = &interpreter{room: ty.room, tell: func(text string) { ty.told = append(ty.told, text) }}
	ty.e.interrupt = func() { ty.interrupted++ }
	ty.send(startedMsg{}, tea.WindowSizeMsg{Width: 40, Height: 20})
	return ty
}

func (ty *typist) send(msgs ...tea.Msg) {
	for _, msg := range msgs {
		ty.e.Update(msg)
	}
}

// keys types the characters of text; names in angle brackets are keys.
func (ty *typist) keys(text string) {
	for text != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(text, "<"), ">"); ok && text[0] == '<' {
			ty.send(tea.KeyPressMsg(namedKeys[name]))
			text = rest
			continue
		}
		r := []rune(text)[0]
		ty.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		text = text[len(string(r)):]
	}
}

var namedKeys = map[string]tea.Key{
	"enter": {Code: tea.KeyEnter}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete},
	"alt+enter": {Code: tea.KeyEnter, Mod: tea.ModAlt}, "alt+b": {Code: 'b', Mod: tea.ModAlt}, "alt+f": {Code: 'f', Mod: tea.ModAlt},
	"c-a": {Code: 'a', Mod: tea.ModCtrl}, "c-c": {Code: 'c', Mod: tea.ModCtrl}, "c-d": {Code: 'd', Mod: tea.ModCtrl},
	"c-e": {Code: 'e', Mod: tea.ModCtrl}, "c-k": {Code: 'k', Mod: tea.ModCtrl}, "c-u": {Code: 'u', Mod: tea.ModCtrl},
	"tab": {Code: tea.KeyTab}, "c-w": {Code: 'w', Mod: tea.ModCtrl},
}

// entered returns what was handed over so far.
func (ty *typist) entered() []string {
	var list []string
	for {
		u, ok := ty.e.queue.take()
		if !ok {
			return list
		}
		list = append(list, u.Text)
	}
}

func TestEditing(t *testing.T) {
	tests := []struct {
		name, keys string
		want       []string
	}{
		{"a line", "hello<enter>", []string{"hello"}},
		{"wide characters", "漢字<left>x<enter>", []string{"漢x字"}},
		{"an empty line says nothing", "<enter>  <enter>", nil},
		{"home and end", "b<home>a<end>c<enter>", []string{"abc"}},
		{"control keys", "b<c-a>a<c-e>c<enter>", []string{"abc"}},
		{"kill to the end", "hello<left><left><c-k><enter>", []string{"hel"}},
		{"kill to the start", "hello<left><left><c-u><enter>", []string{"lo"}},
		{"kill a word", "one two<c-w>three<enter>", []string{"one three"}},
		{"word moves", "one two<alt+b>x<c-a><alt+f>y<enter>", []string{"oney xtwo"}},
		{"delete and backspace", "abc<home><delete><end><backspace><enter>", []string{"b"}},
		{"Ctrl-D in a line deletes", "abc<home><c-d><enter>", []string{"bc"}},
		{"line feed by hand", "a<alt+enter>b<enter>", []string{"a\nb"}},
		{"history", "one<enter>two<enter><up><up>!<enter>", []string{"one", "two", "one!"}},
		{"history and back", "one<enter>draft<up><down>!<enter>", []string{"one", "draft!"}},
		{"history has an end", "one<enter><up><up><up><enter><down>x<enter>", []string{"one", "one", "x"}},
		{"up moves within several lines", "old<enter>a<alt+enter>b<up>x<enter>", []string{"old", "ax\nb"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ty := newTypist(t)
			ty.keys(tt.keys)
			if got := ty.entered(); !slices.Equal(got, tt.want) {
				t.Errorf("entered %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPasteIsOneMessage(t *testing.T) {
	ty := newTypist(t)
	ty.send(tea.PasteMsg{Content: "one\ntwo\nthree\n"})
	ty.keys("<enter>")
	if got := ty.entered(); !slices.Equal(got, []string{"one\ntwo\nthree"}) {
		t.Errorf("entered %q", got)
	}
}

func TestTooLongForAMessage(t *testing.T) {
	ty := newTypist(t)
	ty.keys("kept ")
	ty.send(tea.PasteMsg{Content: strings.Repeat("x", mesh.MaxBody)})
	if view := strings.Join(ty.e.block().Rows, "\n"); !strings.Contains(view, "not pasted") || !strings.Contains(view, "kept") {
		t.Errorf("the screen shows %q", view)
	}
	ty.keys("<enter>")
	if got := ty.entered(); len(got) != 1 || strings.TrimSpace(got[0]) != "kept" {
		t.Errorf("entered %q", got)
	}
	ty.send(tea.PasteMsg{Content: strings.Repeat("漢", mesh.MaxBody/3)})
	ty.keys("漢<enter>")
	if got := ty.entered(); got != nil {
		t.Errorf("entered %d bytes", len(got[0]))
	}
	if ty.e.area.Length() == 0 || ty.e.warning == "" {
		t.Error("a line that is too long was lost, or nobody was told")
	}
	ty.keys("<backspace><enter>")
	if got := ty.entered(); len(got) != 1 || len(got[0]) > mesh.MaxBody {
		t.Errorf("a shortened line was not entered")
	}
}

func TestTypingAheadIsBounded(t *testing.T) {
	ty := newTypist(t)
	for range 3 {
		ty.send(tea.PasteMsg{Content: strings.Repeat("x", ReadAhead/2)})
		ty.keys("<enter>")
	}
	if got := ty.e.queue.len(); got != 2 {
		t.Errorf("%d lines wait, want 2", got)
	}
	if ty.e.area.Length() != ReadAhead/2 {
		t.Error("the third was lost")
	}
}

// TestSizeThatIsNone has Bubble Tea, which is not told of the terminal, say at
// some moment that it has no rows.
func TestSizeThatIsNone(t *testing.T) {
	ty := newTypist(t)
	ty.send(tea.WindowSizeMsg{})
	if got, want := ty.e.painter.Size(), (screen.Size{Width: 40, Height: 20}); got != want {
		t.Errorf("the screen is %v, want %v", got, want)
	}
}

func TestEndsOfInput(t *testing.T) {
	ty := newTypist(t)
	ty.keys("<c-c>")
	if ty.interrupted != 1 {
		t.Errorf("Ctrl-C interrupted %d times", ty.interrupted)
	}
	ty.keys("said<enter><c-d>")
	<-ty.e.queue.ended
	if u, err := ty.e.queue.next(context.Background()); u.Text != "said" || err != nil {
		t.Errorf("next is %q, %v", u.Text, err)
	}
	if _, err := ty.e.queue.next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestLayOut(t *testing.T) {
	text := "bo: " + strings.Repeat("漢字 ", 30) + "\n\tlast"
	lines := screen.LayOut(text, 20)
	for i, line := range lines {
		if i > 0 && !strings.HasPrefix(line, screen.Indent) {
			t.Errorf("line %d %q looks like one of its own", i, line)
		}
		if wide := 4*strings.Count(line, "漢字") + strings.Count(line, " "); wide > 19 {
			t.Errorf("line %q is %d wide", line, wide)
		}
	}
}

func TestColours(t *testing.T) {
	room := NewRoom(member("ana"))
	colored := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self}}
	without := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self, NoColor: true}}
	ev := Message{From: bo, Text: "hi\x1b[31m"}
	if got, want := without.render(ev), "bo: hi␛[31m"; got != want {
		t.Errorf("without colours: %q, want %q", got, want)
	}
	if got := colored.render(ev); !strings.HasPrefix(got, "\x1b[1;") || strings.Count(got, "\x1b") != 2 {
		t.Errorf("with colours: %q", got)
	}
	if got := without.render(Joined{Peer: bo}); got != "* bo joined" {
		t.Errorf("notice: %q", got)
	}
	if got := colored.render(Delivered{Count: 3}); got != "" {
		t.Errorf("a receipt is shown: %q", got)
	}
}

func TestNamesThatTwoBear(t *testing.T) {
	room := NewRoom(member("ana"))
	impostor, twin := member("x"), bo
	impostor.Name = "ana"
	twin.Instance[0]++
	room.Join(bo)
	room.Join(twin)
	for _, p := range []mesh.Peer{bo, twin} {
		if got, want := room.Label(p), "bo (terminal "+p.Instance.String()[:4]+")"; got != want {
			t.Errorf("one of two terminals of one person: %q, want %q", got, want)
		}
	}
	room.Leave(twin.Member)
	if got := room.Label(bo); got != "bo" {
		t.Errorf("the only terminal: %q", got)
	}
	if got := room.Label(room.self); got != "ana" {
		t.Errorf("ourselves: %q", got)
	}
	second := room.self
	second.Instance[0]++
	room.Join(second)
	if got, want := room.Label(room.self), "ana (terminal "+room.self.Instance.String()[:4]+")"; got != want {
		t.Errorf("ourselves beside another terminal of ours: %q, want %q", got, want)
	}
	room.Leave(second.Member)
	if got, want := room.Label(impostor), "ana ("+impostor.ID.Short()+")"; got != want {
		t.Errorf("somebody with our name: %q, want %q", got, want)
	}
	nameless := member("y")
	nameless.Name = " \u200b"
	if got := room.Label(nameless); got != "<U+200B>" {
		t.Errorf("an invisible name: %q", got)
	}
}
