package chat

import (
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen/screentest"
)

func termios(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

func TestTerminalIsGivenBack(t *testing.T) {
	for name, keys := range map[string]string{"Ctrl-D": "\x04", "Ctrl-C": "\x03"} {
		t.Run(name, func(t *testing.T) {
			screen, terminal := screentest.PseudoTerminal(t, 40, 12)
			before := termios(t, terminal)
			var shown atomic.Pointer[string]
			shown.Store(new(string))
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				var all strings.Builder
				buf := make([]byte, 4096)
				for {
					n, err := screen.Read(buf)
					all.Write(buf[:n])
					text := all.String()
					shown.Store(&text)
					if err != nil {
						return
					}
				}
			}()
			room := NewRoom(member("ana"))
			interrupted := make(chan struct{})
			face, err := NewTerminal(TerminalConfig{
				In: terminal, Out: terminal, Members: room, Self: room.self,
				Interrupt: func() { close(interrupted) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if raw := termios(t, terminal); raw == before {
				t.Error("the terminal is not in raw mode")
			}
			io.WriteString(screen, "\x1b[200~one\r\ntwo\x1b[201~\r"+keys)
			if u, err := face.Next(t.Context()); err != nil || u.Text != "one\ntwo" {
				t.Errorf("typed %q, %v", u.Text, err)
			}
			if keys == "\x03" {
				<-interrupted
			} else {
				<-face.Ended()
			}
			if err := face.Show(Message{From: bo, Text: "hello\x1b]0;title\a"}); err != nil {
				t.Error(err)
			}
			face.Close()
			if err := face.Show(Message{From: bo, Text: "too late"}); err != nil {
				t.Error(err)
			}
			face.resumed() // as when it was stopped, and is ended and set going at once
			if after := termios(t, terminal); after != before {
				t.Errorf("the terminal is %+v, was %+v", after, before)
			}
			// What the other end has not read when this one is closed may be lost.
			for limit := time.Now().Add(10 * time.Second); !strings.Contains(*shown.Load(), "\x1b[?2004l") && time.Now().Before(limit); {
				time.Sleep(time.Millisecond)
			}
			terminal.Close()
			<-drained
			text := *shown.Load()
			for _, want := range []string{"hello␛]0;title␇", "\x1b[?2004h", "\x1b[?2004l"} {
				if !strings.Contains(text, want) {
					t.Errorf("the screen lacks %q: %q", want, text)
				}
			}
			if strings.Contains(text, "\x1b]0;") || strings.Contains(text, "too late") {
				t.Errorf("the screen got %q", text)
			}
		})
	}
}
