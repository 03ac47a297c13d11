package transfer

import (
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen/screentest"
	"github.com/lanyap/lanyap/mesh/share"
)

// screenOn starts a face on e that reads keys and shows bars.
func screenOn(t *testing.T, e *screentest.Emulator, change func(*ScreenConfig)) *Screen {
	t.Helper()
	cfg := ScreenConfig{In: e.TTY, Out: e.TTY, NoColor: true, Bars: true, Interrupt: func() {}}
	if change != nil {
		change(&cfg)
	}
	face, err := NewScreen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return face
}

// TestScreen holds that bars and the question stay below what scrolls by, and
// that nothing of them is left in the end.
func TestScreen(t *testing.T) {
	e := screentest.New(t, 80, 24)
	want := e.Shell(30)
	face := screenOn(t, e, nil)
	show := func(ev Event, rows ...string) {
		t.Helper()
		if err := face.Show(ev); err != nil {
			t.Error(err)
		}
		want = append(want, rows...)
	}
	below := func(rows ...string) { t.Helper(); e.UntilRows(append(slices.Clone(want), rows...)) }
	one, two := offered("one", bo, zip).deal(), offered("two", cy, slides).deal()
	show(Ready{Self: ana, Room: "lan", Dir: "."}, "* you are ana in room lan; what is sent to you lands in .")
	show(Asked{Deal: one}, "bo ("+bo.ID.Short()+") offers holiday.zip, 1.0 MiB")
	below("take it? y yes, n no")
	show(Accepted{one}, "* taking holiday.zip, 1.0 MiB, from bo ("+bo.ID.Short()+")")
	show(half(one))
	bar := "holiday.zip from bo  ██████░░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left"
	below(bar)
	e.Resize(60, 24)
	below("holiday.zip fr…   50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s …")
	e.Resize(80, 24)
	below(bar)
	show(Asked{Deal: two, Behind: 1}, "cy ("+cy.ID.Short()+") offers slides/, 12 files, 1.0 MiB (1 more after this)")
	below(bar, "take it? y yes, n no")
	if !face.Log("level=DEBUG msg=\x1b[2J\n") {
		t.Error("not logged")
	}
	want = append(want, "level=DEBUG msg=␛[2J")
	face.Output().Write([]byte("a command says\nthis\n"))
	want = append(want, "a command says", "this")
	show(Withdrawn{Deal: two, Reason: share.ErrWithdrawn}, "* slides/ from cy ("+cy.ID.Short()+") was withdrawn")
	below(bar)
	show(Received{Deal: one, Item: share.Landed{Item: zip, Path: "./holiday.zip"}}, "./holiday.zip")
	show(Completed{Deal: one, At: share.Progress{Bytes: 1 << 20, BytesDone: 1 << 20, Files: 1}, Took: 2 * time.Second},
		"* received holiday.zip from bo: 1.0 MiB, verified, in 2 s (512 KiB/s)")
	below()
	show(Warning{Text: "a", Hint: "b"}, "error: a", "hint: b")
	show(half(two)) // and something ends it
	face.Close()
	below()
	if face.Log("too late") {
		t.Error("logged though the terminal is given back")
	}
	if raw := e.Raw(); strings.Contains(raw, "\x1b[?25l") || strings.Contains(raw, "\x1b[?1049h") {
		t.Error("the cursor was hidden, or another screen shown")
	}
}

// TestScreenKeys holds that single keys are handed on, that Ctrl-C interrupts
// though nobody looks at keys, and that pastes and keys that are no letters answer
// nothing.
func TestScreenKeys(t *testing.T) {
	e := screentest.New(t, 80, 24)
	before := termios(t, e.TTY)
	interrupted := make(chan struct{}, 10)
	face := screenOn(t, e, func(c *ScreenConfig) { c.Interrupt = func() { interrupted <- struct{}{} } })
	if termios(t, e.TTY) == before {
		t.Error("keys do not come one by one")
	}
	for _, key := range "yn\r" {
		e.Type(string(key))
		if got := <-face.Keys(); got != key {
			t.Errorf("key %q, want %q", got, key)
		}
	}
	e.Type("\x03")
	<-interrupted
	for range 2 * keysAhead { // nobody looks
		e.Type("x")
		for waiting(t, e.TTY) > 0 {
			runtime.Gosched()
		}
	}
	e.Type("\x03")
	<-interrupted
	face.Close()
	if termios(t, e.TTY) != before {
		t.Error("the terminal is not as it was")
	}
}

// TestScreenIsGivenBackForGood holds that going on after Ctrl-Z, when all is over by
// then, leaves the terminal as it was.
func TestScreenIsGivenBackForGood(t *testing.T) {
	e := screentest.New(t, 80, 24)
	before := termios(t, e.TTY)
	for name, end := range map[string]func(*Screen){"closed": (*Screen).Close, "abandoned": (*Screen).Abandon} {
		face := screenOn(t, e, nil)
		end(face)
		face.resumed()
		if termios(t, e.TTY) != before {
			t.Errorf("%s: the terminal is not as it was", name)
		}
		face.Close()
	}
}

func TestPasteAnswersNothing(t *testing.T) {
	e := screentest.New(t, 80, 24)
	interrupted := make(chan struct{}, 10)
	face := screenOn(t, e, func(c *ScreenConfig) { c.Interrupt = func() { interrupted <- struct{}{} } })
	defer face.Close()
	e.Type("yes, of course\x03")
	<-interrupted
	e.Type("\x1b[A") // an arrow
	for waiting(t, e.TTY) > 0 {
		runtime.Gosched()
	}
	e.Type("\x03")
	<-interrupted
	select {
	case key := <-face.Keys():
		t.Errorf("key %q", key)
	default:
	}
}

// waiting returns how many bytes are typed and not read.
func waiting(t *testing.T, tty *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func termios(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// TestScreenIsQuiet holds that of a quiet one mistakes and questions are seen, and
// what arrives.
func TestScreenIsQuiet(t *testing.T) {
	e := screentest.New(t, 80, 24)
	want := e.Shell(1)
	var arrived strings.Builder
	face := screenOn(t, e, func(c *ScreenConfig) { c.Quiet, c.Bars, c.Arrived = true, false, &arrived })
	one := offered("one", bo, zip).deal()
	for _, ev := range []Event{
		Ready{Self: ana, Dir: "."}, Asked{Deal: one}, Accepted{one}, half(one), Received{Deal: one, Item: share.Landed{Path: "x"}},
		Completed{Deal: one}, Warning{Text: "note"}, Warning{Text: "a", Hint: "b"},
	} {
		face.Show(ev)
	}
	face.Close()
	e.UntilRows(append(want, question(Asked{Deal: one}), "error: a", "hint: b"))
	if arrived.String() != "x\n" {
		t.Errorf("arrived: %q", arrived.String())
	}
}

// TestScreenThatNobodyReads holds that it keeps nobody from ending.
func TestScreenThatNobodyReads(t *testing.T) {
	for name, end := range map[string]func(*Screen){"closed": (*Screen).Close, "abandoned": (*Screen).Abandon} {
		t.Run(name, func(t *testing.T) {
			pty, tty := screentest.PseudoTerminal(t, 80, 24)
			face, err := NewScreen(ScreenConfig{In: tty, Out: tty, Bars: true, Interrupt: func() {}})
			if err != nil {
				t.Fatal(err)
			}
			shown := make(chan struct{})
			go func() {
				defer close(shown)
				for range 1000 {
					face.Show(Warning{Text: strings.Repeat("x", 1000)})
				}
			}()
			for !face.painter.Behind() {
				runtime.Gosched()
			}
			ended := make(chan struct{})
			go func() { defer close(ended); end(face) }()
			select {
			case <-ended:
			case <-time.After(30 * time.Second):
				t.Fatal("does not end")
			}
			go io.Copy(io.Discard, pty)
			face.Close()
			<-shown
		})
	}
}
