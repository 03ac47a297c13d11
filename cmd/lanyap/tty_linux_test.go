package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ttyProgram is the program as a process on a terminal.
type ttyProgram struct {
	*exec.Cmd
	t      *testing.T
	screen *os.File // what is written to it is typed, what is read from it shown
	ended  chan struct{}
}

func onTerminal(t *testing.T, env []string, args ...string) *ttyProgram {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: " + err.Error())
	}
	t.Cleanup(func() { screen.Close() })
	var number uint32
	raw, err := screen.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	p := &ttyProgram{Cmd: exec.Command(os.Args[0], append(args, "--ephemeral", "--name", "ana")...), t: t, screen: screen, ended: make(chan struct{})}
	p.Stdin, p.Stdout, p.Stderr = tty, tty, tty
	p.Env = append([]string{asProgram + "=alone", "HOME=/nonexistent"}, env...)
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill(); <-p.ended })
	go func() { p.Wait(); close(p.ended) }()
	return p
}

// read returns what is shown up to and with the word.
func (p *ttyProgram) read(word string) string {
	p.t.Helper()
	var all bytes.Buffer
	buf := make([]byte, 1)
	for !strings.Contains(all.String(), word) {
		n, err := p.screen.Read(buf)
		if err != nil {
			p.t.Fatalf("the screen never shows %q, but %q", word, all.String())
		}
		all.Write(buf[:n])
	}
	return all.String()
}

// flood types until the screen takes nothing any more: each key is drawn.
func (p *ttyProgram) flood() {
	for range 100 {
		io.WriteString(p.screen, strings.Repeat("x\x7f", 100))
	}
}

// untilStuck waits until the program writes to a terminal that does not take it.
func (p *ttyProgram) untilStuck() {
	p.t.Helper()
	write := fmt.Sprintf("%d 0x", unix.SYS_WRITE)
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(time.Millisecond) {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", p.Process.Pid))
		for _, task := range tasks {
			call, err := os.ReadFile(task)
			if err != nil {
				p.t.Skip("what the program waits for cannot be seen: " + err.Error())
			}
			if strings.HasPrefix(string(call), write) {
				return
			}
		}
	}
	p.t.Fatal("it waits for nobody")
}

// wantEnd waits for the end of the process.
func (p *ttyProgram) wantEnd(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		p.t.Fatal("does not end")
	}
	if got := p.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit %d, want %d", got, code)
	}
}

// TestTerminalOfUnknownKind holds that a terminal that does not say what it is
// gets no control sequence.
func TestTerminalOfUnknownKind(t *testing.T) {
	for _, env := range []string{"NOTHING=", "TERM=", "TERM=dumb"} {
		p := onTerminal(t, []string{env})
		io.WriteString(p.screen, "hello\n")
		text := p.read("waiting")
		p.Process.Signal(syscall.SIGTERM)
		p.wantEnd(143)
		if strings.Contains(text, "\x1b") {
			t.Errorf("%s: it shows %q", env, text)
		}
	}
	p := onTerminal(t, []string{"TERM=xterm"})
	if text := p.read("waiting"); !strings.Contains(text, "\x1b") {
		t.Errorf("TERM=xterm: it shows %q", text)
	}
	p.Process.Signal(syscall.SIGTERM)
	go io.Copy(io.Discard, p.screen)
	p.wantEnd(143)
}

// TestEndsThoughNobodyReads has terminals that take nothing any more.
func TestEndsThoughNobodyReads(t *testing.T) {
	t.Run("input line", func(t *testing.T) {
		p := onTerminal(t, []string{"TERM=xterm"})
		p.read("waiting")
		p.flood()
		p.Process.Signal(syscall.SIGTERM)
		p.wantEnd(143)
	})
	t.Run("input line, Ctrl-C twice", func(t *testing.T) {
		p := onTerminal(t, []string{"TERM=xterm"})
		p.read("waiting")
		p.flood()
		io.WriteString(p.screen, "\x03\x03")
		p.wantEnd(130)
	})
	for name, signals := range map[string][]os.Signal{
		"one signal": {syscall.SIGTERM}, "two signals": {syscall.SIGTERM, syscall.SIGINT},
	} {
		t.Run("stopped by Ctrl-S, "+name, func(t *testing.T) {
			p := onTerminal(t, []string{"TERM=xterm"}, "--plain")
			p.read("waiting")
			io.WriteString(p.screen, "never said\n\x13\x04")
			p.untilStuck()
			for _, number := range signals {
				p.Process.Signal(number)
			}
			<-p.ended
			if got := p.ProcessState.ExitCode(); got != 143 && got != 130 { // either may be seen first
				t.Errorf("exit %d, want 143", got)
			}
		})
	}
}
