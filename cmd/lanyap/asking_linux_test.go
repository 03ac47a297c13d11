package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen/screentest"
)

// onScreen starts a program on a terminal.
func (n network) onScreen(e *screentest.Emulator, host string, args ...string) *program {
	n.t.Helper()
	return setting{
		network: n.lan.Host(host), stdin: e.TTY, stdout: e.TTY, stderr: e.TTY,
		env: map[string]string{"TERM": "xterm", "NO_COLOR": "1"},
	}.start(n.t, n.args(host, args)...)
}

// shows waits for a row that begins so.
func shows(e *screentest.Emulator, start string) {
	e.Until(start, func(rows []string) bool {
		for _, row := range rows {
			if strings.HasPrefix(row, start) {
				return true
			}
		}
		return false
	})
}

// TestAskedOnATerminal holds that one key takes or declines, that both sides see
// how it goes, and that nothing is left on the screen but what happened.
func TestAskedOnATerminal(t *testing.T) {
	n := newNetwork(t) // terminals take real time
	dir := t.TempDir()
	film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 6<<20)
	there, here := screentest.New(t, 90, 24), screentest.New(t, 90, 24)
	bo := n.onScreen(there, "bo", "receive", dir)
	shows(there, "* you are bo in room lan")

	refused := n.on("cy", "send", film, "--to", "bo")
	shows(there, "take it? y yes, n no")
	there.Type("n")
	refused.wantError(exitRefused, "bo declined")
	shows(there, "* declined film.mkv, 6.0 MiB, from cy (")

	ana := n.onScreen(here, "ana", "send", film, "--to", "bo", "--limit", "4M")
	shows(here, "bo  waiting for the answer")
	shows(there, "ana (")
	there.Type("y")
	ana.wantExit(exitOK)
	bo.wantExit(exitOK)
	wantSame(t, film, filepath.Join(dir, "film.mkv"))
	path := filepath.Join(dir, "film.mkv")
	shows(there, path[:min(60, len(path))])
	for _, e := range []*screentest.Emulator{there, here} {
		e.Until("no bar and no question", func(rows []string) bool {
			text := strings.Join(rows, "\n")
			return !strings.Contains(text, "take it?") && !strings.Contains(text, "█") && strings.Contains(text, "6.0 MiB, verified")
		})
		if !strings.Contains(e.Raw(), "█") {
			t.Error("no bar was shown meanwhile")
		}
	}
}

func TestCtrlCWhileItAsks(t *testing.T) {
	n := newNetwork(t)
	there := screentest.New(t, 90, 24)
	bo := n.onScreen(there, "bo", "receive", t.TempDir())
	shows(there, "* you are bo in room lan")
	ana := n.on("ana", "send", write(t, filepath.Join(t.TempDir(), "film.mkv"), 100), "--to", "bo")
	shows(there, "take it? y yes, n no")
	there.Type("\x03")
	bo.wantExit(130)
	ana.wantExit(exitRefused)
}
