package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// write makes a file of n bytes that are not all the same.
func write(t *testing.T, path string, n int) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(path+"\n", n/len(path)+1)[:n]
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantSame fails the test if two files differ.
func wantSame(t *testing.T, sent, landed string) {
	t.Helper()
	a, err := os.ReadFile(sent)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(landed)
	if err != nil {
		t.Error(err)
	} else if string(a) != string(b) {
		t.Errorf("%s has other bytes than %s", landed, sent)
	}
}

// with starts a program that has a state directory.
func (n network) with(host, name, state string, args ...string) *program {
	n.t.Helper()
	return setting{network: n.lan.Host(host), env: map[string]string{"LANYAP_STATE_DIR": state}}.start(n.t, append(args, "--name", name)...)
}

func TestSendAndReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		from, dir := t.TempDir(), t.TempDir()
		film := write(t, filepath.Join(from, "film.mkv"), 3<<20)
		inner := write(t, filepath.Join(from, "slides", "deep", "one.jpg"), 1000)
		write(t, filepath.Join(from, "slides", "empty"), 0)
		bo := n.on("bo", "receive", dir, "--yes")
		chat := n.on("cy", "chat", "--json")
		settle()
		ana := n.on("ana", "send", film, filepath.Join(from, "slides"), "--to", "bo")
		ana.wantExit(exitOK)
		bo.wantExit(exitOK)
		wantSame(t, film, filepath.Join(dir, "film.mkv"))
		wantSame(t, inner, filepath.Join(dir, "slides", "deep", "one.jpg"))
		paths := strings.Fields(bo.out.String())
		slices.Sort(paths)
		if want := []string{filepath.Join(dir, "film.mkv"), filepath.Join(dir, "slides")}; !slices.Equal(paths, want) {
			t.Errorf("bo printed %q, want %q", paths, want)
		}
		if got := ana.out.String(); got != "" {
			t.Errorf("ana printed %q", got)
		}
		for text, p := range map[string]*program{"* bo has 2 items: 3.0 MiB, 3 files, verified": ana, "* received 2 items from ana: 3.0 MiB, 3 files, verified": bo} {
			if told := p.err.String(); !strings.Contains(told, text) || strings.Contains(told, "\x1b") || strings.Contains(told, "%") {
				t.Errorf("%q is not in what was told:\n%s", text, told)
			}
		}
		chat.cancel(nil)
		chat.exit()
		if got := len(chat.objects()); got != 1 {
			t.Errorf("a chat saw %v", chat.objects())
		}
	})
}

func TestSendToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 3<<20)
		dirs := map[string]string{"bo": t.TempDir(), "cy": t.TempDir()}
		var receivers []*program
		for name, dir := range dirs {
			receivers = append(receivers, n.on(name, "receive", dir, "--yes", "--json"))
		}
		looks := n.on("dee", "chat", "--listen")
		settle()
		ana := n.on("ana", "send", film, "--json")
		ana.wantExit(exitOK)
		for _, p := range receivers {
			p.wantExit(exitOK)
			if got := p.of("received"); len(got) != 1 || got[0]["kind"] != "file" || len(got[0]["root"].(string)) != 64 {
				t.Errorf("received %v", got)
			}
			ids := make(map[any]bool)
			for _, o := range p.objects()[1:] {
				ids[o["offer"]] = true
			}
			if len(ids) != 1 || ids[nil] {
				t.Errorf("offers %v, want one", ids)
			}
		}
		for _, dir := range dirs {
			wantSame(t, film, filepath.Join(dir, "film.mkv"))
		}
		if got := ana.of("completed"); len(got) != 2 || got[0]["to"] == nil {
			t.Errorf("completed: %v, want two", got)
		}
		looks.cancel(nil)
		looks.exit()
	})
}

func TestSendText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "receive", "--from", "ana", t.TempDir())
		settle()
		n.on("ana", "send", "--text", "meet\x1b[2J\nat 5").wantExit(exitOK)
		bo.wantExit(exitOK)
		if got := bo.out.String(); got != "meet␛[2J\nat 5\n" {
			t.Errorf("bo printed %q", got)
		}
	})
}

func TestSendStandardInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir := t.TempDir()
		bo := n.on("bo", "receive", dir, "--yes")
		settle()
		text := strings.Repeat("a line of it\n", 100_000)
		n.reading("ana", text, "send", "-", "--as", "log.txt").wantExit(exitOK)
		bo.wantExit(exitOK)
		if got, _ := os.ReadFile(filepath.Join(dir, "log.txt")); string(got) != text {
			t.Errorf("%d bytes have come, want %d", len(got), len(text))
		}
	})
}

func TestInterruptedWhileItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ana := setting{}.start(t, "send", "-", "--ephemeral")
		ana.say("a line\n")
		settle()
		ana.cancel(&signalError{signal: syscall.SIGINT})
		ana.wantExit(130)
	})
}

func TestReceiveDeclines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 100)
		bo := n.on("bo", "receive", t.TempDir(), "--yes", "--from", "cy", "--json")
		settle()
		n.on("ana", "send", film, "--to", "bo").wantError(exitRefused, "bo declined", "ask them")
		settle()
		bo.running()
		if got := bo.of("refused"); len(got) != 1 || got[0]["reason"] != "not_from" {
			t.Errorf("refused: %v", got)
		}
		n.on("cy", "send", film, "--to", "bo").wantExit(exitOK)
		bo.wantExit(exitOK)
	})
}

func TestNobodyReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 100)
		bo := n.on("bo", "say", "--to", "nobody", "--timeout", "1h", "hi") // is here, and no more
		settle()
		p := n.on("ana", "send", film, "--to", "bo")
		p.wantError(exitNobody, "bo does not receive", "have them run lanyap receive")
		if took := time.Since(p.started); took > time.Second {
			t.Errorf("it took %v to tell", took)
		}
		bo.cancel(nil)
		bo.exit()
	})
}

// TestReceiverVanishes holds that a sender waits for --timeout, and that the same
// command again goes on, with a receiver that was started anew.
func TestReceiverVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 16<<20)
		dir, states := t.TempDir(), map[string]string{"ana": t.TempDir(), "bo": t.TempDir()}
		receive := func(host string) *program { return n.with(host, "bo", states["bo"], "receive", dir, "--yes", "--json") }
		send := func(args ...string) *program {
			return n.with("ana", "ana", states["ana"], append([]string{"send", film, "--json", "--to", "bo"}, args...)...)
		}
		bo := receive("bo")
		settle()
		ana := send("--limit", "1M", "--timeout", "20s")
		time.Sleep(6 * time.Second)
		synctest.Wait()
		n.lan.Host("bo").Kill()
		ana.wantError(exitIncomplete, "bo vanished", "the same command again goes on")
		if got := ana.of("failed"); len(got) != 1 || got[0]["reason"] != "vanished" || got[0]["done"].(float64) < 1<<20 {
			t.Errorf("failed: %v", got)
		}
		bo.cancel(nil)
		bo.exit()

		bo = receive("the same machine, later")
		settle()
		ana = send()
		ana.wantExit(exitOK)
		bo.wantExit(exitOK)
		wantSame(t, film, filepath.Join(dir, "film.mkv"))
		if got := bo.of("offer"); len(got) != 1 || got[0]["here"].(float64) < 1<<20 {
			t.Errorf("offer: %v, want more than 1 MiB of it here", got)
		}
		if got := ana.of("completed"); len(got) != 1 || got[0]["sent"].(float64) > 15<<20 {
			t.Errorf("completed: %v, want no more than 15 MiB sent", got)
		}
	})
}

func TestReceiveIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 16<<20)
		state := t.TempDir()
		bo := n.with("bo", "bo", state, "receive", t.TempDir(), "--yes")
		settle()
		ana := n.on("ana", "send", film, "--limit", "1M")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		before := time.Now()
		bo.cancel(&signalError{signal: syscall.SIGINT})
		bo.wantExit(130)
		if took := time.Since(before); took > 2*time.Second {
			t.Errorf("took %v to go", took)
		}
		if told := bo.err.String(); !strings.Contains(told, "* film.mkv from ana: interrupted; ") || !strings.Contains(told, "is kept") {
			t.Errorf("bo was told %s", told)
		}
		ana.wantError(exitIncomplete, "bo canceled", "goes on")

		clean := setting{env: map[string]string{"LANYAP_STATE_DIR": state}}.start(t, "receive", "--clean", "--json")
		clean.wantExit(exitOK)
		if got := clean.of("removed"); len(got) != 1 || got[0]["name"] != "ana" || got[0]["size"] != float64(16<<20) {
			t.Errorf("removed: %v", got)
		}
		clean = setting{env: map[string]string{"LANYAP_STATE_DIR": state}}.start(t, "receive", "--clean")
		clean.wantExit(exitOK)
		if told := clean.err.String(); !strings.Contains(told, "nothing to remove") {
			t.Errorf("told %s", told)
		}
	})
}

func TestSendIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		film := write(t, filepath.Join(t.TempDir(), "film.mkv"), 16<<20)
		bo := n.on("bo", "receive", t.TempDir(), "--yes")
		settle()
		ana := n.on("ana", "send", film, "--limit", "1M")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		ana.cancel(&signalError{signal: syscall.SIGINT})
		ana.wantExit(130)
		if told := ana.err.String(); !strings.Contains(told, "* film.mkv to bo: interrupted; ") {
			t.Errorf("ana was told %s", told)
		}
		bo.wantError(exitIncomplete, "film.mkv from ana")
	})
}

// TestEphemeralKeepsNothing holds that nobody is told of what is kept where
// nothing is.
func TestEphemeralKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "receive", t.TempDir(), "--yes", "--timeout", "20s")
		settle()
		ana := n.on("ana", "send", write(t, filepath.Join(t.TempDir(), "film.mkv"), 16<<20), "--limit", "1M")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		ana.cancel(&signalError{signal: syscall.SIGINT})
		ana.wantExit(130)
		bo.wantError(exitIncomplete, "film.mkv from ana", "without --ephemeral")
		if told := bo.err.String(); strings.Contains(told, "MiB is kept") || !strings.Contains(told, "of 16 MiB had come") {
			t.Errorf("bo was told %s", told)
		}
	})
}

func TestConflicts(t *testing.T) {
	for conflict, want := range map[string]struct{ path, text string }{
		"rename": {"note (2).txt", "old"}, "skip": {"note.txt", "old"}, "overwrite": {"note.txt", "new"},
	} {
		t.Run(conflict, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				from, dir := t.TempDir(), t.TempDir()
				for path, text := range map[string]string{filepath.Join(from, "note.txt"): "new", filepath.Join(dir, "note.txt"): "old"} {
					if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				bo := n.on("bo", "receive", dir, "--yes", "--conflict", conflict)
				settle()
				n.on("ana", "send", filepath.Join(from, "note.txt")).wantExit(exitOK)
				bo.wantExit(exitOK)
				if got, _ := os.ReadFile(filepath.Join(dir, "note.txt")); string(got) != want.text {
					t.Errorf("note.txt says %q, want %q", got, want.text)
				}
				if got := strings.TrimSpace(bo.out.String()); got != filepath.Join(dir, want.path) {
					t.Errorf("it landed at %q, want %q", got, want.path)
				}
			})
		})
	}
}

func TestReceiveRunsCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this test runs a Unix shell")
	}
	n := newNetwork(t) // commands take real time
	dir := t.TempDir()
	film := write(t, filepath.Join(t.TempDir(), "a $(film).mkv"), 100)
	bo := n.on("bo", "receive", dir, "--yes", "--exec", `printf '%s|' "$LANYAP_KIND" "$LANYAP_SIZE" "$LANYAP_SENDER" "$LANYAP_PATH"; echo; exit 3`)
	n.on("ana", "send", film, "--to", "bo").wantExit(exitOK)
	bo.wantError(exitFailure, "* the command for", "failed: exit status 3", "see above")
	path := filepath.Join(dir, "a $(film).mkv")
	if got, want := bo.out.String(), fmt.Sprintf("%s\nfile|100|ana|%s|\n", path, path); got != want {
		t.Errorf("bo printed %q, want %q", got, want)
	}
}

// TestLoopTakesMore holds that --loop goes on, and that several who send at once
// are all heard.
func TestLoopTakesMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		dir := t.TempDir()
		bo := n.on("bo", "receive", dir, "--yes", "--loop")
		settle()
		var senders []*program
		for _, name := range []string{"ana", "cy", "dee"} {
			senders = append(senders, n.on(name, "send", write(t, filepath.Join(t.TempDir(), name+".txt"), 1<<20), "--to", "bo"))
		}
		for _, p := range senders {
			p.wantExit(exitOK)
		}
		n.on("eli", "send", write(t, filepath.Join(t.TempDir(), "eli.txt"), 100)).wantExit(exitOK)
		settle()
		bo.cancel(&signalError{signal: syscall.SIGTERM})
		bo.wantExit(143)
		for _, name := range []string{"ana", "cy", "dee", "eli"} {
			if _, err := os.Stat(filepath.Join(dir, name+".txt")); err != nil {
				t.Error(err)
			}
		}
	})
}
