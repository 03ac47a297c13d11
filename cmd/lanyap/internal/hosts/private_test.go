//go:build linux

package hosts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// Secrets of rooms. No output of any program may have them.
const (
	secretOfOurs   = "cleft-cam-synopsis-sleep-grimy"
	secretOfTheirs = "visiting sitter refrain unworn crane"
)

// knowing is what is in the environment of who knows a secret.
func knowing(secret string) []string { return []string{"LANYAP_SECRET=" + secret} }

// runKnowing is run for who knows a secret.
func runKnowing(t testing.TB, h *lab.Host, secret string, args ...string) *lab.Process {
	t.Helper()
	return h.Start(lab.Program{Path: lab.Build(t, program), Args: args, Env: knowing(secret)})
}

// chatKnowing is chat for who knows a secret; empty: an open room.
func chatKnowing(t testing.TB, h *lab.Host, secret string, args ...string) *lab.Process {
	t.Helper()
	return runKnowing(t, h, secret, append([]string{"chat", "--json", "--history", "1000", "--name", h.Name}, args...)...)
}

// told returns all that a program has printed.
func told(p *lab.Process) string { return output(p) + "\n" + p.Stderr() }

// keepsSecrets fails the test if a program told a secret, or shows it to other users of
// the machine.
func keepsSecrets(t *testing.T, nodes ...*lab.Process) {
	t.Helper()
	for _, p := range nodes {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID()))
		if err != nil && !p.Ended() {
			t.Error(err)
		}
		for _, secret := range []string{secretOfOurs, secretOfTheirs} {
			if strings.Contains(told(p)+string(line), secret) {
				t.Errorf("%s tells the secret: %s\n%s", p.Host.Name, told(p), line)
			}
		}
	}
}

// warnings returns what a node warned of.
func warnings(p *lab.Process) []string {
	var all []string
	for _, ev := range p.Log().Events {
		if ev.Type == "warning" {
			all = append(all, ev.Text)
		}
	}
	return all
}

// TestRoomsOfOneName is two groups that call their room alike and know different
// secrets, and an open room of that name beside them. None sees of another more than
// that it is there, and is told that once.
func TestRoomsOfOneName(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(6, lab.HostConfig{})
	var groups [][]*lab.Process
	var all []*lab.Process
	lab.Build(t, program)
	start := time.Now()
	for i, secret := range []string{secretOfOurs, secretOfTheirs, ""} {
		var group []*lab.Process
		for _, h := range hosts[2*i : 2*i+2] {
			group = append(group, chatKnowing(t, h, secret, "--room", "kitchen"))
		}
		groups, all = append(groups, group), append(all, group...)
	}
	for _, group := range groups {
		awaitMesh(t, l, group)
	}
	t.Logf("each sees its own after %v", time.Since(start).Round(time.Millisecond))
	for _, group := range groups {
		talk(t, l, group)
	}
	for _, p := range all {
		l.Await(3*patience, p.Host.Name+" is told of the others", func() bool { return len(warnings(p)) > 0 })
	}
	t.Logf("all are told of the others after %v", time.Since(start).Round(time.Millisecond))
	late := chatKnowing(t, hosts[1], secretOfTheirs, "--room", "kitchen", "--name", "late", "--ephemeral")
	awaitMesh(t, l, append([]*lab.Process{late}, groups[1]...))
	l.Stays(5*time.Second, "somebody is told twice, or sees somebody else", func() bool {
		for i, group := range groups {
			for _, p := range group {
				want := 1
				if i == 1 {
					want = 2 // the late one
				}
				if len(warnings(p)) != 1 || p.Present() != want {
					return true
				}
			}
		}
		return false
	})
	for i, group := range groups {
		for _, p := range group {
			for j, others := range groups {
				for _, o := range others {
					if j != i && (strings.Contains(told(p), o.Host.Name+" says") || strings.Contains(told(p), o.Self().ID) || strings.Contains(told(p), `"`+o.Host.Name+`"`)) {
						t.Errorf("%s of group %d knows %s of group %d:\n%s", p.Host.Name, i+1, o.Host.Name, j+1, told(p))
					}
				}
			}
		}
	}
	keepsSecrets(t, append(all, late)...)
	verify(t, l, groups[0]...)
	verify(t, l, append(groups[1], late)...)
	verify(t, l, groups[2]...)
	quit(t, append(all, late)...)
}

// TestStrangersAtThePrivateRoom holds what commands tell who does not know the secret.
func TestStrangersAtThePrivateRoom(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	members := []*lab.Process{chatKnowing(t, hosts[0], secretOfOurs), chatKnowing(t, hosts[1], secretOfOurs)}
	awaitMesh(t, l, members)
	dir := t.TempDir()
	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("for bo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{secretOfTheirs, ""} {
		for i, args := range [][]string{
			{"peers", "--json", "--timeout", "5s"},
			{"say", "hi", "--timeout", "5s"},
			{"peers", "--timeout", "5s"},
			{"say", "hi", "--to", hosts[0].Name, "--timeout", "5s"},
			{"send", note, "--timeout", "5s"},
			{"ls", "--timeout", "5s"},
			{"get", hosts[0].Name + ":note.txt", dir, "--timeout", "5s"},
			{"receive", dir, "--yes", "--timeout", "5s"},
		} {
			if i == 2 && secret != "" {
				break // who tries on is asked to wait
			}
			p := runKnowing(t, hosts[2], secret, args...)
			p.EndInput()
			exits(t, p, patience, 5)
			if !strings.Contains(p.Stderr(), "error: nobody lets us in") || strings.Count(p.Stderr(), "hint: ") != 1 {
				t.Errorf("%v: stderr:\n%s", args, p.Stderr())
			}
			for _, m := range members {
				// Whose name the stranger gave may stand in what is told back.
				if strings.Contains(output(p), m.Host.Name) || strings.Contains(told(p), m.Self().ID) {
					t.Errorf("%v tells a stranger who is there:\n%s", args, told(p))
				}
			}
			if args[0] == "peers" && !strings.Contains(output(p), "other_secret") && !strings.Contains(output(p), "another secret") {
				t.Errorf("%v shows\n%s", args, output(p))
			}
		}
	}
	for _, m := range members {
		if m.Present() != 1 || len(warnings(m)) != 1 {
			t.Errorf("%s sees %d others, is warned %q", m.Host.Name, m.Present(), warnings(m))
		}
	}
	talk(t, l, members)
	keepsSecrets(t, members...)
	verify(t, l, members...)
	quit(t, members...)
}

// TestInvited is a room that is made by lanyap invite, and those who come by it.
func TestInvited(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	keys := filepath.Join(t.TempDir(), "kitchen.secret")
	invites := run(t, hosts[0], "invite", "--room", "kitchen", "--secret-file", keys, "--name", "box")
	var join, url string
	l.Await(patience, "an invite", func() bool {
		for _, line := range invites.Stdout() {
			if strings.HasPrefix(line, "lanyap chat ") {
				join = line
			}
			if strings.HasPrefix(line, "http://"+hosts[0].Addr.String()) {
				url = line
			}
		}
		return join != "" && url != ""
	})
	if want := "lanyap chat --room kitchen --secret-file " + keys; join != want {
		t.Errorf("the line to join by is %q, want %q", join, want)
	}
	secret, err := os.ReadFile(keys)
	if err != nil || !strings.Contains(url, "#room=kitchen&secret="+strings.TrimSpace(string(secret))+"&until=") {
		t.Fatalf("the invite is %s, the secret %s, %v", url, secret, err)
	}
	nodes := []*lab.Process{
		chat(t, hosts[1], strings.Fields(join)[2:]...),
		chatKnowing(t, hosts[2], url), // in which the room is named
	}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	exits(t, runKnowing(t, hosts[0], url, "say", "--name", "third", "hello to all"), patience, 0)
	for _, p := range nodes {
		l.Await(patience, "the word of a third", func() bool { return p.Heard("hello to all") })
		if strings.Contains(told(p), strings.TrimSpace(string(secret))) {
			t.Errorf("%s tells the secret:\n%s", p.Host.Name, told(p))
		}
		if !strings.Contains(output(p), `"room":"kitchen"`) || !strings.Contains(output(p), `"private":true`) {
			t.Errorf("%s is in\n%s", p.Host.Name, output(p))
		}
	}
	past := url[:strings.Index(url, "&until=")] + "&until=1700000000"
	expired := runKnowing(t, hosts[0], past, "say", "late")
	exits(t, expired, patience, 2)
	if strings.Contains(expired.Stderr(), strings.TrimSpace(string(secret))) || !strings.Contains(expired.Stderr(), "is an invite that ended on") {
		t.Errorf("of an old invite it says:\n%s", expired.Stderr())
	}
	quit(t, nodes...)
	quit(t, invites)
}

// TestFileInAPrivateRoom is a file that goes from one to the other, and none to who
// does not know the secret.
func TestFileInAPrivateRoom(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	path := film(t, hosts[0], 5<<20)
	here, there := t.TempDir(), t.TempDir()
	member := runKnowing(t, hosts[1], secretOfOurs, "receive", here, "--yes", "--json", "--name", "bo")
	stranger := run(t, hosts[2], "receive", there, "--yes", "--json", "--name", "bo")
	l.Await(patience, "both receive", func() bool { return member.Ready() && stranger.Ready() })
	exits(t, runKnowing(t, hosts[0], secretOfOurs, "send", path, "--to", "bo"), patience, 0)
	exits(t, member, patience, 0)
	sent, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(here, filepath.Base(path)))
	if err != nil || string(got) != string(sent) {
		t.Errorf("%d bytes arrived, %v", len(got), err)
	}
	if entries, _ := os.ReadDir(there); len(entries) > 0 {
		t.Errorf("a stranger has %v", entries)
	}
	keepsSecrets(t, member, stranger)
	quit(t, stranger)
}

// TestHistoryOfAnotherSecret holds that what was kept of a private room is nobody's who
// does not know its secret.
func TestHistoryOfAnotherSecret(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	kept := filepath.Join(t.TempDir(), "kitchen.db")
	keeper := chatKnowing(t, hosts[0], secretOfOurs, "--history-file", kept)
	l.Await(patience, "the keeper is ready", keeper.Ready)
	exits(t, runKnowing(t, hosts[1], secretOfOurs, "say", "the cake is in the oven"), patience, 0)
	l.Await(patience, "it is heard", func() bool { return keeper.Heard("the cake is in the oven") })
	quit(t, keeper)
	for _, secret := range []string{secretOfTheirs, ""} {
		p := chatKnowing(t, hosts[1], secret, "--history-file", kept)
		p.EndInput()
		exits(t, p, patience, 1)
		if !strings.Contains(p.Stderr(), "hint: mend or remove that file") || strings.Contains(told(p), "cake") {
			t.Errorf("with another secret: %s", told(p))
		}
	}
	again := chatKnowing(t, hosts[0], secretOfOurs, "--history-file", kept)
	l.Await(patience, "what was kept", func() bool { return again.Heard("the cake is in the oven") })
	keepsSecrets(t, keeper, again)
	quit(t, again)
}
