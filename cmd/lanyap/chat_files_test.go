package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestFilesInAChat holds that what one chat sends another gets, that somebody who
// only sends reaches a chat in which nobody else is, and that a chat which has
// nothing more to read waits for what is under way.
func TestFilesInAChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, inbox := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "holiday.zip")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", 1<<20)), 0o600); err != nil {
			t.Fatal(err)
		}
		n := newNetwork(t)
		bo := n.on("bo", "--json", "--input", "json")
		settle()
		ana := setting{network: n.lan.Host("ana")}.start(t, n.args("ana", []string{"send", path, "--to", "bo", "--json"})...)
		settle()
		offers := bo.of("offer")
		if len(offers) != 1 {
			t.Fatalf("offers: %v", offers)
		}
		bo.say(fmt.Sprintf("{\"get\":%q,\"dir\":%q}\n", offers[0]["offer"], inbox))
		ana.wantExit(exitOK)
		settle()
		if got := bo.of("received"); len(got) != 1 || got[0]["path"] != filepath.Join(inbox, "holiday.zip") {
			t.Errorf("received: %v", got)
		}

		cy := setting{network: n.lan.Host("cy"), stdin: strings.NewReader(fmt.Sprintf("{\"send\":%q}\n{\"text\":\"there\"}\n", path))}.start(t, n.args("cy", []string{"--json", "--input", "json"})...)
		settle()
		if offers = bo.of("offer"); len(offers) != 2 {
			t.Fatalf("offers: %v", offers)
		}
		cy.running()
		bo.say(fmt.Sprintf("{\"decline\":%q}\n", offers[1]["offer"]))
		cy.wantExit(exitOK)
		if got := cy.of("refused"); len(got) != 1 {
			t.Errorf("refused: %v", got)
		}
		bo.cancel(nil)
		bo.exit()
	})
}
