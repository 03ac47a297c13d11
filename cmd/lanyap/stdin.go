package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/peer/errno"
)

// sourceOf tells what kind of thing standard input is.
func sourceOf(stdin io.Reader) (chat.Source, error) {
	if stdin == nil {
		return chat.FromNothing, nil
	}
	file, ok := fileOf(stdin)
	if !ok {
		return chat.FromPipe, nil
	}
	info, err := file.Stat()
	if errors.Is(err, os.ErrClosed) || errno.IsBadHandle(err) {
		return chat.FromNothing, nil
	}
	if err != nil {
		return chat.FromNothing, fmt.Errorf("standard input: %w", err)
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return chat.FromFile, nil
	case mode.IsDir():
		return chat.FromNothing, usage("give it a file, a pipe or nothing", "standard input is a directory")
	case term.IsTerminal(int(file.Fd())):
		return chat.FromTerminal, nil
	case isNull(info):
		return chat.FromNothing, nil
	}
	return chat.FromPipe, nil
}

// isNull reports whether a file is the null device. A closed standard input is
// one too: Go's runtime opens the null device in its place.
func isNull(info os.FileInfo) bool {
	if info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	if runtime.GOOS == "windows" {
		return true // NUL is the one such device that is no terminal
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

// isTerminal reports whether f is a terminal that can move its cursor. One of
// unknown kind (terminfo(5): TERM is empty or not set, as on serial lines, in
// cron and in many an editor) may show control sequences as text. A console of
// Windows has no TERM.
func (a *app) isTerminal(f any) bool {
	file, ok := fileOf(f)
	kind, _ := a.env("TERM")
	if kind == "dumb" || kind == "" && runtime.GOOS != "windows" {
		return false
	}
	return ok && term.IsTerminal(int(file.Fd()))
}
