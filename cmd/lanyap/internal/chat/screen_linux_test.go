package chat

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
)

// pseudoTerminal returns both ends of a terminal of that many characters: what
// is written to screen was typed, what is read from it is to be shown.
func pseudoTerminal(t *testing.T, width, height int) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: " + err.Error())
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	resize(t, screen, width, height)
	return screen, terminal
}

func resize(t *testing.T, screen *os.File, width, height int) {
	t.Helper()
	size := unix.Winsize{Row: uint16(height), Col: uint16(width)}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
}

// emulator is a terminal that somebody looks at. It is one of Charm's, whose
// widths of characters are those that the editor computes with; it keeps what
// scrolls off and answers queries.
type emulator struct {
	t      *testing.T
	pty    *os.File // our end
	tty    *os.File // the program's
	drawn  chan struct{}
	closed chan struct{} // when nothing more is shown

	mu  sync.Mutex // guards the rest
	vt  *vt.Emulator
	raw strings.Builder // everything that was written to it
}

func newEmulator(t *testing.T, width, height int) *emulator {
	e := &emulator{t: t, drawn: make(chan struct{}, 1), closed: make(chan struct{}), vt: vt.NewEmulator(width, height)}
	e.pty, e.tty = pseudoTerminal(t, width, height)
	go io.Copy(e.pty, e.vt) // its answers
	go func() {
		defer close(e.closed)
		buf := make([]byte, 4096)
		for {
			n, err := e.pty.Read(buf)
			if err != nil {
				return
			}
			e.mu.Lock()
			e.vt.Write(buf[:n])
			e.raw.Write(buf[:n])
			e.mu.Unlock()
			signal(e.drawn)
		}
	}()
	return e
}

// rows returns what scrolled off and what is on the screen, without the empty
// rows below.
func (e *emulator) rows() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rows []string
	for _, line := range e.vt.Scrollback().Lines() {
		rows = append(rows, strings.TrimRight(line.String(), " "))
	}
	for _, line := range strings.Split(e.vt.String(), "\n") {
		rows = append(rows, strings.TrimRight(line, " \r"))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// until waits for a screen that is as want says.
func (e *emulator) until(what string, want func(rows []string) bool) {
	e.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		rows := e.rows()
		if want(rows) {
			return
		}
		select {
		case <-e.drawn:
		case <-limit:
			e.t.Fatalf("never on the screen: %s; it shows\n%s", what, strings.Join(rows, "\n"))
		}
	}
}

// untilRows waits for exactly these rows.
func (e *emulator) untilRows(want []string) {
	e.t.Helper()
	e.until("\n"+strings.Join(want, "\n")+"\n", func(rows []string) bool { return slices.Equal(rows, want) })
}

// shell fills the screen as a shell would have: n lines, the last of them the
// command that starts us.
func (e *emulator) shell(n int) []string {
	e.t.Helper()
	var rows []string
	for i := range n - 1 {
		rows = append(rows, fmt.Sprintf("file %d of a long listing", i))
	}
	rows = append(rows, "$ lanyap")
	io.WriteString(e.tty, strings.Join(rows, "\n")+"\n")
	e.untilRows(rows)
	return rows
}

// resize makes the terminal another size and waits until face knows.
func (e *emulator) resize(face *Terminal, width, height int) {
	e.t.Helper()
	e.mu.Lock()
	e.vt.Resize(width, height)
	e.mu.Unlock()
	resize(e.t, e.pty, width, height)
	// The kernel signals a resize to the foreground of a controlling
	// terminal; this one controls nobody.
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		e.t.Fatal(err)
	}
	until(face.painter, func(p *screen.Painter) bool { return p.Size() == screen.Size{Width: width, Height: height} })
}

func (e *emulator) typed(keys string) {
	e.t.Helper()
	if _, err := io.WriteString(e.pty, keys); err != nil {
		e.t.Fatal(err)
	}
}

// terminalOn starts a terminal on e.
func terminalOn(e *emulator, room *Room) *Terminal {
	e.t.Helper()
	face, err := NewTerminal(TerminalConfig{
		In: e.tty, Out: e.tty, Members: room, Self: room.self, NoColor: true, Interrupt: func() {},
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return face
}

// TestShellScreenSurvives holds that nothing that was on the screen before is
// lost, whatever happens below it.
func TestShellScreenSurvives(t *testing.T) {
	for _, lines := range []int{1, 10, 23, 24, 40} {
		t.Run(fmt.Sprintf("%d lines of 24", lines), func(t *testing.T) {
			e := newEmulator(t, 80, 24)
			want := e.shell(lines)
			room := NewRoom(member("ana"))
			face := terminalOn(e, room)
			show := func(ev Event, rows ...string) {
				face.Show(ev)
				want = append(want, rows...)
			}
			show(Ready{Self: room.self, Room: "lan"}, "* you are ana in room lan; waiting for others")
			show(Joined{Peer: bo}, "* bo joined")
			for i := range 30 {
				show(Message{From: bo, Text: fmt.Sprintf("message %d", i)}, fmt.Sprintf("bo: message %d", i))
			}
			e.untilRows(append(slices.Clone(want), ">"))
			e.typed("\x1b[200~one\rtwo\rthree\x1b[201~")
			e.untilRows(append(slices.Clone(want), "> one", "  two", "  three"))
			show(Message{From: bo, Text: "above them"}, "bo: above them")
			e.typed("\x1b[A") // the cursor is not in the last row of ours
			show(Message{From: bo, Text: "again"}, "bo: again")
			e.untilRows(append(slices.Clone(want), "> one", "  two", "  three"))
			e.typed("\r")
			show(Message{From: bo, Text: "two\nlines"}, "bo: two", "    lines")
			e.untilRows(append(slices.Clone(want), ">", "(1 waiting until somebody is here)"))
			e.resize(face, 60, 24)
			show(Message{From: bo, Text: strings.Repeat("wide ", 15)},
				"bo: "+strings.TrimSpace(strings.Repeat("wide ", 10)), "    "+strings.TrimSpace(strings.Repeat("wide ", 5)))
			e.untilRows(append(slices.Clone(want), ">", "(1 waiting until somebody is here)"))
			e.resize(face, 100, 30)
			if u, err := face.Next(t.Context()); err != nil || u.Text != "one\ntwo\nthree" {
				t.Errorf("entered %q, %v", u.Text, err)
			}
			show(Left{Peer: bo}, "* bo left")
			e.untilRows(append(slices.Clone(want), ">"))
			face.Close()
			e.untilRows(want)
		})
	}
}

func TestAnswersOnTheScreen(t *testing.T) {
	e := newEmulator(t, 40, 10)
	room := NewRoom(member("ana"))
	room.Join(bo)
	face := terminalOn(e, room)
	e.typed("/who\r")
	want := []string{"* ana (you)", "* bo " + bo.ID.Short()}
	e.untilRows(append(slices.Clone(want), ">"))
	face.Close()
	e.untilRows(want)
}

func TestLineWithoutItsEndSurvives(t *testing.T) {
	e := newEmulator(t, 20, 10)
	io.WriteString(e.tty, "one\nlast words")
	face := terminalOn(e, NewRoom(member("ana")))
	face.Show(Joined{Peer: bo})
	e.untilRows([]string{"one", "last words", "* bo joined", ">"})
	face.Close()
	e.untilRows([]string{"one", "last words", "* bo joined"})
}

// TestLogGoesAboveTheInputLine holds that what is logged does not write into
// the row where somebody types.
func TestLogGoesAboveTheInputLine(t *testing.T) {
	e := newEmulator(t, 40, 10)
	face := terminalOn(e, NewRoom(member("ana")))
	e.typed("typing")
	e.untilRows([]string{"> typing"})
	if !face.Log("level=DEBUG msg=\x1b[2J\n") {
		t.Error("not logged")
	}
	e.untilRows([]string{"level=DEBUG msg=␛[2J", "> typing"})
	face.Close()
	if face.Log("too late") {
		t.Error("logged though the terminal is given back")
	}
	e.untilRows([]string{"level=DEBUG msg=␛[2J"})
}

// TestInputHigherThanTheScreen holds that a screen with room for next to
// nothing shows the row with the cursor, and keeps what was above.
func TestInputHigherThanTheScreen(t *testing.T) {
	e := newEmulator(t, 40, 1)
	want := e.shell(5)
	face := terminalOn(e, NewRoom(member("ana")))
	e.typed("\x1b[200~one\rtwo\x1b[201~\rmore")
	face.Show(Message{From: bo, Text: "hi"})
	e.untilRows(append(slices.Clone(want), "bo: hi", "> more")) // without how many wait
	e.typed("\x1b[200~!\rlast\x1b[201~")
	e.untilRows(append(slices.Clone(want), "bo: hi", "  last"))
	face.Close()
	e.untilRows(append(want, "bo: hi"))
}

// TestSizesThatAreNone holds that what a terminal claims to be is not believed
// where it costs memory or leaves no room.
func TestSizesThatAreNone(t *testing.T) {
	for _, claim := range [][2]int{{0, 0}, {1, 1}, {3, 2}, {65535, 65535}, {65535, 1}, {1, 65535}} {
		t.Run(fmt.Sprint(claim), func(t *testing.T) {
			e := newEmulator(t, 80, 24)
			resize(t, e.pty, claim[0], claim[1])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			face := terminalOn(e, NewRoom(member("ana")))
			e.typed("hello\r")
			for i := range 10 {
				face.Show(Message{From: bo, Text: strings.Repeat("x", i)})
			}
			if u, err := face.Next(t.Context()); err != nil || u.Text != "hello" {
				t.Errorf("typed %q, %v", u.Text, err)
			}
			face.Show(Joined{Peer: bo})
			e.until("the notice", func(rows []string) bool { return strings.Contains(strings.Join(rows, ""), "* bo") })
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
			pty, tty := pseudoTerminal(t, 80, 24)
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
