package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/mesh"
)

func takeHandler(*mesh.Node, http.Handler) error { return nil }

// TestInvite holds that it makes a room, that its lines enter it, and that it ends when
// the invite does.
func TestInvite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state", "secrets", "kitchen")
	env := map[string]string{"LANYAP_STATE_DIR": filepath.Join(dir, "state")}
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		p := setting{network: n.lan.Host("ana"), env: env, handle: takeHandler}.start(t, "invite", "--room", "kitchen", "--name", "ana", "--for", "1h")
		settle()
		text, exposed, err := passphrase.ReadFile(path)
		phrase := strings.TrimSpace(text)
		if err != nil || exposed || !regexp.MustCompile(`^([a-z]+-){4,}[a-z]+$`).MatchString(phrase) {
			t.Fatalf("the file holds %q, exposed %t, %v", text, exposed, err)
		}
		join, rest, _ := strings.Cut(p.out.String(), "\n")
		code, url, _ := strings.Cut(rest, "http://")
		url = "http://" + strings.TrimSuffix(url, "\n")
		if want := "lanyap chat --room kitchen --secret-file " + shellWord(path); join != want {
			t.Errorf("the line to join by is %q, want %q", join, want)
		}
		invite, err := passphrase.ParseInvite(url)
		if err != nil || invite.Room != "kitchen" || invite.Secret != phrase || !strings.HasPrefix(url, "http://10.0.0.1:7475/#room=kitchen&") {
			t.Errorf("the invite is %q: %+v, %v", url, invite, err)
		}
		if left := time.Until(invite.Until); left < 59*time.Minute || left > time.Hour {
			t.Errorf("it is meant for %v more", left)
		}
		if want, _ := qr.Draw(url, 80, false); strings.TrimSpace(code) != strings.TrimSpace(want) || want == "" {
			t.Errorf("the code is\n%s\nwant\n%s", code, want)
		}
		if told := p.err.String(); strings.Contains(told, phrase) || !strings.Contains(told, "* the secret of room kitchen is new, and in "+path) {
			t.Errorf("stderr:\n%s", told)
		}

		bo := n.on("bo", "--json", "--room", "kitchen", "--secret-file", path)
		cy := setting{network: n.lan.Host("cy"), env: map[string]string{"LANYAP_SECRET": url}}.start(t, n.args("cy", []string{"--json"})...)
		settle()
		cy.say("hi from elsewhere\n")
		settle()
		if got := bo.texts(); len(got) != 1 || got[0] != "hi from elsewhere" {
			t.Errorf("bo reads %q", got)
		}
		if joined := bo.of("joined"); len(joined) != 1 {
			t.Errorf("bo sees %v, want cy alone: who invites is nobody in a chat", joined)
		}
		p.wantExit(exitOK)
		if took := time.Since(p.started); took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("it ended after %v", took)
		}
		late := setting{network: n.lan.Host("dd"), env: map[string]string{"LANYAP_SECRET": url}}.start(t, n.args("dd", []string{"say", "late"})...)
		late.wantError(exitUsage, "LANYAP_SECRET is an invite that ended on", "lanyap invite")
		for _, p := range []*program{bo, cy} {
			p.cancel(nil)
			p.exit()
		}

		again := setting{network: n.lan.Host("ana"), env: env, handle: takeHandler}.start(t, "invite", "--room", "kitchen")
		settle()
		if !strings.Contains(again.out.String(), "secret="+phrase+"&") || strings.Contains(again.err.String(), "is new") {
			t.Errorf("a second time:\n%s%s", again.out.String(), again.err.String())
		}
		again.cancel(nil)
		again.exit()
	})
}

// TestInviteOfAGivenSecret holds that a secret that was given is passed on, and none is
// made.
func TestInviteOfAGivenSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my secret")
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		line string
	}{
		"variable": {nil, map[string]string{"LANYAP_SECRET": kitchenSecret}, "lanyap chat --room lan --ask-secret"},
		"file":     {[]string{"--secret-file", secretFile(t, kitchenSecret)}, nil, "lanyap chat --room lan --secret-file /"},
		"invite":   {nil, map[string]string{"LANYAP_SECRET": "#room=kitchen&secret=" + kitchenSecret}, "lanyap chat --room kitchen --ask-secret"},
		"new file": {[]string{"--secret-file", path}, nil, "lanyap chat --room lan --secret-file '" + path + "'"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := setting{env: tt.env, handle: takeHandler}.start(t, append([]string{"invite", "--ephemeral"}, tt.args...)...)
			settle()
			out := p.out.String()
			if runtime.GOOS != "windows" && !strings.HasPrefix(out, tt.line) {
				t.Errorf("%s: the line to join by is\n%s\nwant %s", name, out, tt.line)
			}
			if strings.Contains(out, "secret="+kitchenSecret+"&until=") == (name == "new file") {
				t.Errorf("%s: it says\n%s", name, out)
			}
			p.cancel(nil)
			p.exit()
		})
	}
}

func TestBadInvites(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string][]string{
		"--for 0s":       {"--for 0s is no time", "30m or 24h"},
		"--for 900000h":  {"is no time", "30m or 24h"},
		"--for tomorrow": {`--for "tomorrow" is no time`, "--for 30s"},
		"kitchen":        {`"kitchen"`, "lanyap invite --help"},
		"--ephemeral":    {"--ephemeral keeps no secret", "--secret-file"},
		"--json":         {"unknown flag: --json"},
		"--secret-file " + filepath.Join(dir, "none", "k"): {"there is no such directory", "mkdir -p"},
	} {
		p := setting{env: map[string]string{}}.start(t, append([]string{"invite"}, strings.Fields(args)...)...)
		p.wantError(exitUsage, want...)
	}
	short := setting{}.start(t, "invite", "--ephemeral", "--secret-file", secretFile(t, "hunter2"))
	short.wantError(exitUsage, "is too short")
	file := secretFile(t, "")
	p := setting{}.start(t, "invite", "--ephemeral", "--secret-file", filepath.Join(file, "k"))
	p.wantError(exitFailure, "--secret-file")
}

func TestSecretPath(t *testing.T) {
	state := t.TempDir()
	a := &app{env: func(key string) (string, bool) { return state, key == "LANYAP_STATE_DIR" }}
	for room, want := range map[string]string{"kitchen": `^kitchen$`, "team-2_b": `^team-2_b$`, "../../etc": `^room-[0-9a-f]{16}$`, "Büro": `^room-[0-9a-f]{16}$`, "KITCHEN": `^room-[0-9a-f]{16}$`, "-x": `^room-[0-9a-f]{16}$`} {
		path, err := a.secretPath(networkFlags{room: room})
		if err != nil || filepath.Dir(path) != filepath.Join(state, "secrets") || !regexp.MustCompile(want).MatchString(filepath.Base(path)) {
			t.Errorf("room %q: %s, %v", room, path, err)
		}
	}
	if info, err := os.Stat(filepath.Join(state, "secrets")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}
}

func TestShellWord(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is about Unix shells")
	}
	for word, want := range map[string]string{
		"kitchen": "kitchen", "/home/ana/k.txt": "/home/ana/k.txt", "Büro": "Büro", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "": "''", "-x": "'-x'", "~/k": "'~/k'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}
