package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
)

// askForSecret asks on the terminal, and does not show what is typed. Standard input
// may be something else, such as what is to be said.
func (a *app) askForSecret(ctx context.Context, room string) (string, error) {
	tty, ok := fileOf(a.stdin)
	if !ok || !term.IsTerminal(int(tty.Fd())) {
		opened, err := a.openTerminal()
		if err != nil {
			return "", usage("use --secret-file, or the variable "+secretVariable, "--ask-secret: there is no terminal to ask on")
		}
		defer opened.Close()
		tty = opened
	}
	out := io.Writer(tty)
	if runtime.GOOS == "windows" {
		out = a.stderr // what is read from is not written to there
	}
	prompt := fmt.Sprintf("secret of room %s, or an invite: ", safe.Line(room))
	return a.readHidden(ctx, tty, out, prompt)
}

// readHidden reads a line that the terminal does not show, from before the prompt is
// there: people type fast. [term.ReadPassword] would show what comes before it is
// called. When ctx ends, the terminal is as it was, though the read waits on.
func (a *app) readHidden(ctx context.Context, tty *os.File, out io.Writer, prompt string) (string, error) {
	fd := int(tty.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(fd, before) }() // there is nobody to tell
	type answer struct {
		line string
		err  error
	}
	keys := &keyboard{Reader: tty, Writer: out}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.NewTerminal(keys, "").ReadPassword(prompt)
		if err != nil {
			_, _ = io.WriteString(out, "\r\n") // the line was not ended; if it fails, so does the read
		}
		answers <- answer{line, err}
	}()
	select {
	case got := <-answers:
		switch {
		case keys.interrupted.Load():
			a.interrupt() // a terminal that is raw makes no signal of it
			<-ctx.Done()
			return "", context.Cause(ctx)
		case got.err != nil && !errors.Is(got.err, io.EOF):
			return "", fmt.Errorf("terminal: %w", got.err)
		}
		return got.line, nil // nothing, at the end of input
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// keyboard is a terminal that notices Ctrl-C.
type keyboard struct {
	io.Reader
	io.Writer
	interrupted atomic.Bool
}

// ctrlC is what the key of that name sends.
const ctrlC = 0x03

func (k *keyboard) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if bytes.IndexByte(p[:n], ctrlC) >= 0 {
		k.interrupted.Store(true)
	}
	return n, err
}

// openTerminal opens the terminal that this program runs on.
func openTerminal() (*os.File, error) {
	if runtime.GOOS == "windows" {
		return os.OpenFile("CONIN$", os.O_RDWR, 0)
	}
	return os.OpenFile("/dev/tty", os.O_RDWR, 0)
}
