package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// TestKnownCommands has somebody be trusted, blocked and listed, and each mistake be
// told with what to do.
func TestKnownCommands(t *testing.T) {
	dir := t.TempDir()
	book := known.Open(known.Config{Dir: dir})
	id := func(n byte) peer.ID { return peer.ID{n, 31: 1} }
	for n, name := range []string{"bo", "cy", "two", "two"} {
		book.Meet(mesh.Peer{Member: mesh.Member{ID: id(byte(n + 1))}, Name: name})
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := peer.LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"known", exitOK, "bo    " + id(1).Short() + "  seen"},
		{"trust bo", exitOK, "* bo (" + id(1).Short() + ") is verified now"},
		{"known", exitOK, "bo    " + id(1).Short() + "  verified"},
		{"known --json", exitOK, `"name":"bo","known":"verified"`},
		{"trust --remove bo", exitOK, "is not verified any more"},
		{"block cy", exitOK, "* cy (" + id(2).Short() + ") is blocked"},
		{"known", exitOK, "cy    " + id(2).Short() + "  blocked"},
		{"known --json", exitOK, `"known":"seen","blocked":true`},
		{"block --remove " + id(2).String(), exitOK, "is not blocked any more"},
		{"trust " + id(9).String(), exitOK, "* " + id(9).Short() + " is verified now"}, // who was never met
		{"trust dora", exitNobody, `"dora" is nobody whom you have met`},
		{"block dora", exitNobody, `"dora" is nobody whom you have met`},
		{"trust two", exitUsage, `"two" is the name of 2 people: `},
		{"trust " + own.ID().String(), exitUsage, "that is you"},
		{"trust", exitUsage, "there is no name"},
		{"trust bo cy", exitUsage, "more than one name"},
		{"verify", exitUsage, "there is no name"},
		{"verify bo --timeout 0s", exitUsage, "no time to wait"},
		{"receive --yes --trusted", exitUsage, "exclude each other"},
	} {
		var out, errs buffer
		a := newApp(strings.NewReader(""), &out, &errs)
		a.env = func(key string) (string, bool) {
			if key == "LANYAP_STATE_DIR" {
				return dir, true
			}
			return "", false
		}
		code := a.run(context.Background(), strings.Fields(tt.args))
		if got := out.String() + errs.String(); code != tt.code || !strings.Contains(got, tt.want) || code != exitOK && !strings.Contains(got, "hint: ") {
			t.Errorf("lanyap %s: exit code %d, want %d and %q in\n%s", tt.args, code, tt.code, tt.want, got)
		}
	}
	var out buffer
	a := newApp(strings.NewReader(""), &out, &out)
	a.env = func(key string) (string, bool) {
		if key == "LANYAP_STATE_DIR" {
			return dir, true
		}
		return "", false
	}
	if names, _ := a.completeKnown(nil, nil, "bo"); len(names) != 1 || !strings.HasPrefix(names[0], "bo\t") {
		t.Errorf("a shell is offered %q", names)
	}
	if err := os.WriteFile(filepath.Join(dir, "known"), []byte("{\"v\":2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := a.run(context.Background(), []string{"trust", id(1).String()}); code != exitFailure || !strings.Contains(out.String(), "later version") {
		t.Errorf("a file of a later version: exit code %d, %s", code, out.String())
	}
}
