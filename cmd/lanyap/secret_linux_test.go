package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen/screentest"
)

// TestSecretIsAskedFor holds that it is asked for on the terminal, and never shown.
func TestSecretIsAskedFor(t *testing.T) {
	n := newNetwork(t) // terminals take real time
	k := secretFile(t, kitchenSecret)
	there, here := screentest.New(t, 90, 24), screentest.New(t, 90, 24)
	bo := n.onScreen(there, "bo", "chat", "--room", "kitchen", "--secret-file", k)
	shows(there, "* you are bo in private room kitchen")
	ana := setting{
		network: n.lan.Host("ana"), stdin: here.TTY, stdout: here.TTY, stderr: here.TTY, handle: takeHandler,
		env: map[string]string{"TERM": "xterm", "NO_COLOR": "1"},
	}.start(t, n.args("ana", []string{"chat", "--room", "kitchen", "--ask-secret"})...)
	shows(here, "secret of room kitchen, or an invite:")
	here.Type("  cleft-cam-synopsis-sleep-grimx\x7fy \r")
	shows(here, "* you are ana in private room kitchen")
	shows(here, "* bo joined")
	here.Type("hi there\r")
	shows(there, "ana: hi there")
	here.Type("/invite\r")
	shows(here, "* invite: http://10.0.0.2:7475/#room=kitchen&secret=cleft-cam-")
	here.Type("\x04")
	ana.wantExit(exitOK)
	before, _, _ := strings.Cut(here.Raw(), "#room=")
	if strings.Contains(before, "cleft") || strings.Contains(before, "grimy") {
		t.Errorf("the terminal shows what was typed:\n%q", before)
	}
	bo.cancel(nil)
	bo.exit()
}

// TestSecretIsNotTyped holds what becomes of who does not answer.
func TestSecretIsNotTyped(t *testing.T) {
	for keys, want := range map[string]string{"\r": "error: the secret is empty", "\x04": "error: the secret is empty", "hunter2\r": "error: the secret is too short"} {
		n := newNetwork(t)
		here := screentest.New(t, 90, 24)
		ana := n.onScreen(here, "ana", "chat", "--ask-secret")
		shows(here, "secret of room lan, or an invite:")
		here.Type(keys)
		ana.wantExit(exitUsage)
		shows(here, want)
		shows(here, "hint: five words are enough")
	}
}

// TestCtrlCWhileSecretIsAskedFor holds that the terminal shows again what is typed.
func TestCtrlCWhileSecretIsAskedFor(t *testing.T) {
	p := onTerminal(t, []string{"TERM=xterm"}, "chat", "--ask-secret")
	p.read("secret of room lan, or an invite: ")
	echoes := func() bool {
		state, err := unix.IoctlGetTermios(int(p.screen.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ECHO != 0
	}
	p.screen.WriteString("half of it")
	p.screen.WriteString("\x03")
	p.wantEnd(130)
	if !echoes() {
		t.Error("the terminal is left without echo")
	}
}
