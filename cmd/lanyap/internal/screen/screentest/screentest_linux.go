package screentest

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"
)

// PseudoTerminal returns both ends of a terminal of that many characters: what
// is written to screen was typed, what is read from it is to be shown.
func PseudoTerminal(t *testing.T, width, height int) (screen, terminal *os.File) {
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
	SetSize(t, screen, width, height)
	return screen, terminal
}

// SetSize makes a terminal of another size.
func SetSize(t *testing.T, screen *os.File, width, height int) {
	t.Helper()
	size := unix.Winsize{Row: uint16(height), Col: uint16(width)}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
}

// Emulator is a terminal that somebody looks at. It is one of Charm's, whose
// widths of characters are those that the editor computes with; it keeps what
// scrolls off and answers queries.
type Emulator struct {
	t      *testing.T
	PTY    *os.File // our end
	TTY    *os.File // the program's
	drawn  chan struct{}
	closed chan struct{} // when nothing more is shown

	mu  sync.Mutex // guards the rest
	vt  *vt.Emulator
	raw strings.Builder // everything that was written to it
}

// New returns a terminal of that many characters.
func New(t *testing.T, width, height int) *Emulator {
	e := &Emulator{t: t, drawn: make(chan struct{}, 1), closed: make(chan struct{}), vt: vt.NewEmulator(width, height)}
	e.PTY, e.TTY = PseudoTerminal(t, width, height)
	go func() { _, _ = io.Copy(e.PTY, e.vt) }() // its answers
	go func() {
		defer close(e.closed)
		buf := make([]byte, 4096)
		for {
			n, err := e.PTY.Read(buf)
			if err != nil {
				return
			}
			e.mu.Lock()
			_, _ = e.vt.Write(buf[:n])
			e.raw.Write(buf[:n])
			e.mu.Unlock()
			select {
			case e.drawn <- struct{}{}:
			default:
			}
		}
	}()
	return e
}

// Rows returns what scrolled off and what is on the screen, without the empty
// rows below.
func (e *Emulator) Rows() []string {
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

// Until waits for a screen that is as want says.
func (e *Emulator) Until(what string, want func(rows []string) bool) {
	e.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		rows := e.Rows()
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

// UntilRows waits for exactly these rows.
func (e *Emulator) UntilRows(want []string) {
	e.t.Helper()
	e.Until("\n"+strings.Join(want, "\n")+"\n", func(rows []string) bool { return slices.Equal(rows, want) })
}

// Shell fills the screen as a shell would have: n lines, the last of them the
// command that starts us.
func (e *Emulator) Shell(n int) []string {
	e.t.Helper()
	var rows []string
	for i := range n - 1 {
		rows = append(rows, fmt.Sprintf("file %d of a long listing", i))
	}
	rows = append(rows, "$ lanyap")
	_, _ = io.WriteString(e.TTY, strings.Join(rows, "\n")+"\n")
	e.UntilRows(rows)
	return rows
}

// Resize makes the terminal another size, and has the process know.
func (e *Emulator) Resize(width, height int) {
	e.t.Helper()
	e.mu.Lock()
	e.vt.Resize(width, height)
	e.mu.Unlock()
	SetSize(e.t, e.PTY, width, height)
	// The kernel signals a resize to the foreground of a controlling
	// terminal; this one controls nobody.
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		e.t.Fatal(err)
	}
}

// Type presses keys.
func (e *Emulator) Type(keys string) {
	e.t.Helper()
	if _, err := io.WriteString(e.PTY, keys); err != nil {
		e.t.Fatal(err)
	}
}

// Raw returns all that was written to it.
func (e *Emulator) Raw() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.raw.String()
}
