package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// music is a folder with files in it.
func music(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "music")
	write(t, filepath.Join(dir, "jazz", "a.mp3"), 300<<10)
	write(t, filepath.Join(dir, "jazz", "b.mp3"), 5)
	write(t, filepath.Join(dir, "rock", "a song.mp3"), 7)
	write(t, filepath.Join(dir, ".hidden"), 3)
	return dir
}

// end ends a program as Ctrl-C does.
func (p *program) end() {
	p.t.Helper()
	p.cancel(&signalError{signal: syscall.SIGINT})
	p.wantExit(130)
}

func TestShelves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir, dest := music(t), t.TempDir()
		bo := n.on("bo", "share", dir)
		chat := n.on("cy", "chat", "--json")
		settle()
		if told := bo.err.String(); !strings.Contains(told, "* everybody in room lan can read all of music/: 4 files, 300 KiB, in "+dir+"\n* 1 file of it hidden, such as .hidden\n") {
			t.Errorf("bo was told\n%s", told)
		}
		for place, want := range map[string]string{
			"":                    "bo:music/\n",
			"bo":                  "bo:music/\n",
			"bo:":                 "bo:music/\n",
			"bo:music":            "bo:music/.hidden\nbo:music/jazz/\nbo:music/rock/\n",
			"bo:music/jazz/":      "bo:music/jazz/a.mp3\nbo:music/jazz/b.mp3\n",
			"bo:music/*/a*.mp3":   "bo:music/jazz/a.mp3\nbo:music/rock/a song.mp3\n",
			"bo:music/jazz/a.mp3": "bo:music/jazz/a.mp3\n",
		} {
			args := []string{"ls"}
			if place != "" {
				args = append(args, place)
			}
			ls := n.on("ana", args...)
			ls.wantExit(exitOK)
			if got := ls.out.String(); got != want || ls.err.String() != "" {
				t.Errorf("ls %s prints\n%s%swant\n%s", place, got, ls.err.String(), want)
			}
		}
		get := n.on("ana", "get", "bo:music/jazz", dest)
		get.wantExit(exitOK)
		for _, name := range []string{"a.mp3", "b.mp3"} {
			wantSame(t, filepath.Join(dir, "jazz", name), filepath.Join(dest, "jazz", name))
		}
		if got, want := get.out.String(), filepath.Join(dest, "jazz")+"\n"; got != want {
			t.Errorf("get printed %q, want %q", got, want)
		}
		if told := get.err.String(); !strings.Contains(told, "* received jazz from bo: 300 KiB, 2 files, verified") {
			t.Errorf("get told\n%s", told)
		}
		n.on("ana", "get", "bo:music/*/a*.mp3", dest).wantExit(exitOK)
		wantSame(t, filepath.Join(dir, "rock", "a song.mp3"), filepath.Join(dest, "a song.mp3"))
		bo.end()
		chat.cancel(nil)
		chat.exit()
		if got := len(chat.objects()); got != 1 {
			t.Errorf("a chat saw %v", chat.objects())
		}
	})
}

func TestShelvesJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir, dest := music(t), t.TempDir()
		bo := n.on("bo", "share", dir, "--json")
		settle()
		if got := bo.of("shared"); len(got) != 1 || got[0]["name"] != "music" || got[0]["path"] != dir || got[0]["files"] != 4.0 || got[0]["hidden"] != 1.0 || got[0]["for"] != nil {
			t.Errorf("shared %v", got)
		}
		ls := n.on("ana", "ls", "bo:music/jazz", "--json")
		ls.wantExit(exitOK)
		if got := ls.of("entry"); len(got) != 2 || got[1]["path"] != "music/jazz/b.mp3" || got[1]["kind"] != "file" || got[1]["size"] != 5.0 || got[1]["changed"] == nil || got[1]["from"].(map[string]any)["name"] != "bo" {
			t.Errorf("entries %v", got)
		}
		get := n.on("ana", "get", "bo:music/jazz/b.mp3", dest, "--json")
		get.wantExit(exitOK)
		if got := get.of("received"); len(got) != 1 || got[0]["path"] != filepath.Join(dest, "b.mp3") || got[0]["from"].(map[string]any)["name"] != "bo" {
			t.Errorf("received %v", got)
		}
		if got := get.of("completed"); len(got) != 1 || got[0]["size"] != 5.0 {
			t.Errorf("completed %v", got)
		}
		bo.end()
	})
}

func TestShelvesForSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir, state := music(t), t.TempDir()
		ana := n.with("ana", "ana", state, "receive", t.TempDir(), "--yes", "--json")
		settle()
		id := ana.of("ready")[0]["id"].(string)
		bo := n.on("bo", "share", dir, "--for", "ana")
		settle()
		if told := bo.err.String(); !strings.Contains(told, "* ana ("+id[:8]) || strings.Contains(told, "everybody") {
			t.Errorf("bo was told\n%s", told)
		}
		ls := n.with("ana2", "ana", state, "ls", "bo:music")
		ls.wantExit(exitOK)
		if got := ls.out.String(); !strings.Contains(got, "bo:music/jazz/") {
			t.Errorf("ana sees %q", got)
		}
		n.on("cy", "ls", "bo").wantError(exitNobody, `"bo" shares nothing with you`, "lanyap share")
		n.on("cy", "ls", "bo:music").wantError(exitNobody, "bo:music is not on a shelf that you may read", "lanyap ls bo")
		n.on("cy", "get", "bo:music/jazz", t.TempDir()).wantError(exitNobody, "bo:music/jazz is not on a shelf", "lanyap ls bo")
		bo.end()
		ana.cancel(nil)
		ana.exit()
	})
}

func TestPlacesThatAreNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dest := t.TempDir()
		outside := write(t, filepath.Join(t.TempDir(), "secret"), 5)
		dir := music(t)
		if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
			t.Skip("no links here:", err)
		}
		bo := n.on("bo", "share", dir)
		settle()
		for _, path := range []string{"nothing", "music/nothing", "music/*.flac", "music/..", "music/../secret", "../secret", "music/link", "/etc/passwd"} {
			for _, command := range []string{"ls", "get"} {
				args := []string{command, "bo:" + path}
				if command == "get" {
					args = append(args, dest)
				}
				n.on("ana", args...).wantError(exitNobody, "is not on a shelf that you may read", "lanyap ls bo")
			}
		}
		n.on("ana", "ls", "cy", "--timeout", "3s").wantError(exitNobody, `"cy" is not in the room`, "lanyap peers")
		n.on("ana", "get", "cy:x", dest, "--timeout", "3s").wantError(exitNobody, `"cy" is not in the room`, "lanyap peers")
		bo.end()
		settle()
		n.on("ana", "ls", "--timeout", "3s").wantError(exitNobody, "nobody else is in the room", "--join")
		chat := n.on("cy", "chat", "--listen")
		settle()
		n.on("ana", "ls").wantError(exitNobody, "nobody in the room shares anything", "lanyap share")
		n.on("ana", "ls", "cy").wantError(exitNobody, `"cy" shares nothing with you`)
		chat.cancel(nil)
		chat.exit()
		if left, err := os.ReadDir(dest); err != nil || len(left) != 0 {
			t.Errorf("left is %v, %v", left, err)
		}
	})
}

func TestShelfMistakes(t *testing.T) {
	dir, other := music(t), music(t)
	file := filepath.Join(dir, ".hidden")
	for _, tt := range []struct {
		args  []string
		words []string
	}{
		{[]string{"share"}, []string{"nothing to share", "lanyap share ~/music"}},
		{[]string{"share", filepath.Join(dir, "nothing")}, []string{"there is no such folder"}},
		{[]string{"share", file}, []string{"there is no such folder"}},
		{[]string{"share", dir, other}, []string{"have the same name"}},
		{[]string{"share", dir, "--for", ""}, []string{"--for is empty"}},
		{[]string{"ls", ":x"}, []string{"does not begin with a name"}},
		{[]string{"ls", "a", "b"}, []string{"more than one place"}},
		{[]string{"get"}, []string{"nothing to get"}},
		{[]string{"get", "bo"}, []string{"names nothing on a shelf", "lanyap ls bo"}},
		{[]string{"get", "bo:/"}, []string{"names nothing on a shelf"}},
		{[]string{"get", "bo:x", filepath.Join(dir, "nothing")}, []string{"no such directory", "mkdir"}},
		{[]string{"get", "bo:x", dir, other}, []string{"more than one directory"}},
		{[]string{"get", "bo:x", "--conflict", "ask"}, []string{"--conflict"}},
	} {
		setting{}.start(t, append(tt.args, "--ephemeral")...).wantError(exitUsage, tt.words...)
	}
}

// TestGetGoesOn holds that what is there already is not fetched again.
func TestGetGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir, dest := music(t), t.TempDir()
		bo := n.on("bo", "share", dir)
		settle()
		get := func() object {
			p := n.on("ana", "get", "bo:music/jazz", dest, "--json", "--conflict", "skip")
			p.wantExit(exitOK)
			return p.of("completed")[0]
		}
		if first := get(); first["received"].(float64) < 300<<10 {
			t.Errorf("the first time: %v", first)
		}
		if again := get(); again["received"] != 0.0 || again["skipped"].(float64) < 300<<10 {
			t.Errorf("again: %v", again)
		}
		bo.end()
	})
}
