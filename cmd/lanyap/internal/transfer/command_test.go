package transfer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// TestCommand holds that commands learn what arrived from their environment, one
// after the other, and that one that fails is told of.
func TestCommand(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	evil := bo
	evil.Name = "$(touch pwned)`touch pwned`;\n\x1b[2J\x00"
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	t.Setenv("LANYAP_PATH", "of somebody else")
	var out bytes.Buffer
	item := share.Landed{Item: share.Item{Name: "x", Dir: true, Size: 7}, Path: "in box/$(touch pwned)"}
	cmd := &Command{Line: `echo "$LANYAP_PATH|$LANYAP_KIND|$LANYAP_SIZE|$LANYAP_SENDER|$LANYAP_SENDER_ID" >> ` + log + `; cat; echo said`, Stdout: &out}
	if err := cmd.run(t.Context(), Deal{Peer: evil}, item); err != nil {
		t.Error(err)
	}
	if err := cmd.run(t.Context(), Deal{Peer: bo, Text: "some text\n", Size: 10}, share.Landed{}); err != nil {
		t.Error(err)
	}
	got, _ := os.ReadFile(log)
	want := "in box/$(touch pwned)|folder|7|$(touch pwned)`touch pwned`;␊␛[2J␀|" + bo.ID.String() + "\n|text|10|bo|" + bo.ID.String() + "\n"
	if string(got) != want {
		t.Errorf("commands saw %q, want %q", got, want)
	}
	if out.String() != "said\nsome text\nsaid\n" {
		t.Errorf("commands printed %q", out.String())
	}
	for _, pwned := range []string{filepath.Join(dir, "pwned"), "pwned"} {
		if _, err := os.Stat(pwned); err == nil {
			t.Errorf("a name was executed: %s", pwned)
		}
	}
	if err := (&Command{Line: "exit 3"}).run(t.Context(), Deal{}, item); err == nil || !strings.Contains(err.Error(), "3") {
		t.Errorf("a command that fails: %v", err)
	}
	if err := (&Command{Line: "sleep 100 & exit 0", Stdout: &out}).run(t.Context(), Deal{}, item); err != nil {
		t.Errorf("a command that leaves something behind: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Command{Line: "sleep 100"}).run(ctx, Deal{}, item); err == nil {
		t.Error("a command that is ended: no error")
	}
}

func TestFailingCommandIsTold(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	r := &receiver{t: t, node: &fakeNode{self: ana}, offers: make(chan *fakeOffer, 1), face: &recorder{}}
	o := offered("one", bo, zip)
	o.script = func(tr *fakeTransfer) {
		tr.landed <- share.Landed{Item: zip, Path: "p"}
		tr.landed <- share.Landed{Item: zip, Skipped: true} // no command is run for it
		tr.end(nil)
	}
	r.offers <- o
	err := Receive(t.Context(), ReceiveConfig{Node: r.node, Sharer: &fakeSharer{offers: r.offers}, Yes: true, Timeout: time.Second, Command: &Command{Line: "exit 7"}, Face: r.face})
	if !errors.Is(err, ErrCommand) {
		t.Errorf("ends with %v", err)
	}
	if got := of[Warning](r.face); len(got) != 1 || !strings.Contains(got[0].Text, "the command for holiday.zip failed: exit status 7") {
		t.Errorf("warnings %v", got)
	}
}
