package chat

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen/screentest"
)

// resized makes the terminal another size and waits until face knows.
func resized(e *screentest.Emulator, face *Terminal, width, height int) {
	e.Resize(width, height)
	until(face.painter, func(p *screen.Painter) bool { return p.Size() == screen.Size{Width: width, Height: height} })
}

// terminalOn starts a terminal on e.
func terminalOn(t *testing.T, e *screentest.Emulator, room *Room) *Terminal {
	t.Helper()
	face, err := NewTerminal(TerminalConfig{
		In: e.TTY, Out: e.TTY, Members: room, Self: room.self, NoColor: true, Interrupt: func() {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return face
}

// TestShellScreenSurvives holds that nothing that was on the screen before is
// lost, whatever happens below it.
func TestShellScreenSurvives(t *testing.T) {
	for _, lines := range []int{1, 10, 23, 24, 40} {
		t.Run(fmt.Sprintf("%d lines of 24", lines), func(t *testing.T) {
			e := screentest.New(t, 80, 24)
			want := e.Shell(lines)
			room := NewRoom(member("ana"))
			face := terminalOn(t, e, room)
			show := func(ev Event, rows ...string) {
				face.Show(ev)
				want = append(want, rows...)
			}
			show(Ready{Self: room.self, Room: "lan"}, "* you are ana in room lan; waiting for others")
			show(Joined{Peer: bo}, "* bo joined")
			for i := range 30 {
				show(Message{From: bo, Text: fmt.Sprintf("message %d", i)}, fmt.Sprintf("bo: message %d", i))
			}
			e.UntilRows(append(slices.Clone(want), ">"))
			e.Type("\x1b[200~one\rtwo\rthree\x1b[201~")
			e.UntilRows(append(slices.Clone(want), "> one", "  two", "  three"))
			show(Message{From: bo, Text: "above them"}, "bo: above them")
			e.Type("\x1b[A") // the cursor is not in the last row of ours
			show(Message{From: bo, Text: "again"}, "bo: again")
			e.UntilRows(append(slices.Clone(want), "> one", "  two", "  three"))
			e.Type("\r")
			show(Message{From: bo, Text: "two\nlines"}, "bo: two", "    lines")
			e.UntilRows(append(slices.Clone(want), ">", "(1 waiting until somebody is here)"))
			resized(e, face, 60, 24)
			show(Message{From: bo, Text: strings.Repeat("wide ", 15)},
				"bo: "+strings.TrimSpace(strings.Repeat("wide ", 10)), "    "+strings.TrimSpace(strings.Repeat("wide ", 5)))
			e.UntilRows(append(slices.Clone(want), ">", "(1 waiting until somebody is here)"))
			resized(e, face, 100, 30)
			if u, err := face.Next(t.Context()); err != nil || u.Text != "one\ntwo\nthree" {
				t.Errorf("entered %q, %v", u.Text, err)
			}
			show(Left{Peer: bo}, "* bo left")
			e.UntilRows(append(slices.Clone(want), ">"))
			face.Close()
			e.UntilRows(want)
		})
	}
}

func TestAnswersOnTheScreen(t *testing.T) {
	e := screentest.New(t, 40, 10)
	room := NewRoom(member("ana"))
	room.Join(bo)
	face := terminalOn(t, e, room)
	e.Type("/who\r")
	want := []string{"* ana (you)", "* bo " + bo.ID.Short()}
	e.UntilRows(append(slices.Clone(want), ">"))
	face.Close()
	e.UntilRows(want)
}

func TestCodeOnTheScreen(t *testing.T) {
	const url = "http://10.0.0.7:7475/"
	for _, colored := range []bool{false, true} {
		e := screentest.New(t, 40, 24)
		room := NewRoom(member("ana"))
		face, err := NewTerminal(TerminalConfig{
			In: e.TTY, Out: e.TTY, Members: room, Self: room.self, NoColor: !colored, Interrupt: func() {},
			Page: func() []string { return []string{url} },
		})
		if err != nil {
			t.Fatal(err)
		}
		code, _ := qr.Draw(url, 40, colored)
		var want []string
		for line := range strings.SplitSeq(code, "\n") {
			want = append(want, strings.TrimRight(ansi.Strip(line), " "))
		}
		want = append(want, "* page: "+url)
		e.Type("/qr\r")
		e.UntilRows(append(slices.Clone(want), ">"))
		resized(e, face, 33, 24) // it does not fit by one column
		e.Type("/qr\r")
		e.UntilRows(append(slices.Clone(want), "* page:", "    "+url, ">"))
		face.Close()
	}
}

func TestLineWithoutItsEndSurvives(t *testing.T) {
	e := screentest.New(t, 20, 10)
	io.WriteString(e.TTY, "one\nlast words")
	face := terminalOn(t, e, NewRoom(member("ana")))
	face.Show(Joined{Peer: bo})
	e.UntilRows([]string{"one", "last words", "* bo joined", ">"})
	face.Close()
	e.UntilRows([]string{"one", "last words", "* bo joined"})
}

// TestLogGoesAboveTheInputLine holds that what is logged does not write into
// the row where somebody types.
func TestLogGoesAboveTheInputLine(t *testing.T) {
	e := screentest.New(t, 40, 10)
	face := terminalOn(t, e, NewRoom(member("ana")))
	e.Type("typing")
	e.UntilRows([]string{"> typing"})
	if !face.Log("level=DEBUG msg=\x1b[2J\n") {
		t.Error("not logged")
	}
	e.UntilRows([]string{"level=DEBUG msg=␛[2J", "> typing"})
	face.Close()
	if face.Log("too late") {
		t.Error("logged though the terminal is given back")
	}
	e.UntilRows([]string{"level=DEBUG msg=␛[2J"})
}

// TestInputHigherThanTheScreen holds that a screen with room for next to
// nothing shows the row with the cursor, and keeps what was above.
func TestInputHigherThanTheScreen(t *testing.T) {
	e := screentest.New(t, 40, 1)
	want := e.Shell(5)
	face := terminalOn(t, e, NewRoom(member("ana")))
	e.Type("\x1b[200~one\rtwo\x1b[201~\rmore")
	face.Show(Message{From: bo, Text: "hi"})
	e.UntilRows(append(slices.Clone(want), "bo: hi", "> more")) // without how many wait
	e.Type("\x1b[200~!\rlast\x1b[201~")
	e.UntilRows(append(slices.Clone(want), "bo: hi", "  last"))
	face.Close()
	e.UntilRows(append(want, "bo: hi"))
}

// TestSizesThatAreNone holds that what a terminal claims to be is not believed
// where it costs memory or leaves no room.
func TestSizesThatAreNone(t *testing.T) {
	for _, claim := range [][2]int{{0, 0}, {1, 1}, {3, 2}, {65535, 65535}, {65535, 1}, {1, 65535}} {
		t.Run(fmt.Sprint(claim), func(t *testing.T) {
			e := screentest.New(t, 80, 24)
			screentest.SetSize(t, e.PTY, claim[0], claim[1])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			face := terminalOn(t, e, NewRoom(member("ana")))
			e.Type("hello\r")
			for i := range 10 {
				face.Show(Message{From: bo, Text: strings.Repeat("x", i)})
			}
			if u, err := face.Next(t.Context()); err != nil || u.Text != "hello" {
				t.Errorf("typed %q, %v", u.Text, err)
			}
			face.Show(Joined{Peer: bo})
			e.Until("the notice", func(rows []string) bool { return strings.Contains(strings.Join(rows, ""), "* bo") })
			face.Close()
			runtime.ReadMemStats(&after)
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 100 {
				t.Errorf("%d MiB were allocated", got)
			}
		})
	}
}

// TestTerminalThatNobodyReads holds that it keeps nobody from ending, and gets
// back its settings.
func TestTerminalThatNobodyReads(t *testing.T) {
	for name, end := range map[string]func(*Terminal){"closed": (*Terminal).Close, "abandoned": (*Terminal).Abandon} {
		t.Run(name, func(t *testing.T) {
			pty, tty := screentest.PseudoTerminal(t, 80, 24)
			before := termios(t, tty)
			room := NewRoom(member("ana"))
			face, err := NewTerminal(TerminalConfig{In: tty, Out: tty, Members: room, Self: room.self, Interrupt: func() {}})
			if err != nil {
				t.Fatal(err)
			}
			shown := make(chan struct{})
			go func() {
				defer close(shown)
				for range 1000 {
					face.Show(Message{From: bo, Text: strings.Repeat("x", 1000)})
				}
			}()
			io.WriteString(pty, "said\r")
			if u, err := face.Next(t.Context()); err != nil || u.Text != "said" {
				t.Errorf("typed %q, %v", u.Text, err)
			}
			until(face.painter, (*screen.Painter).Behind) // nothing is taken any more
			ended := make(chan struct{})
			go func() { defer close(ended); end(face) }()
			select {
			case <-ended:
			case <-time.After(30 * time.Second):
				t.Fatal("does not end")
			}
			if after := termios(t, tty); after != before {
				t.Errorf("the terminal is %+v, was %+v", after, before)
			}
			go io.Copy(io.Discard, pty)
			face.Close()
			<-shown
		})
	}
}

// until waits for what want says of the painter.
func until(p *screen.Painter, want func(*screen.Painter) bool) {
	for !want(p) {
		runtime.Gosched()
	}
}
