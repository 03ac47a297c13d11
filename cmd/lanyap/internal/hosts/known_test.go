//go:build linux

package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// idOf returns the ID of who uses a host.
func idOf(t *testing.T, h *lab.Host) string {
	t.Helper()
	p := run(t, h, "id")
	exits(t, p, patience, 0)
	return strings.TrimSpace(output(p))
}

// trust has the user of a host be sure of others.
func trust(t *testing.T, h *lab.Host, ids ...string) {
	t.Helper()
	for _, id := range ids {
		exits(t, run(t, h, "trust", id), patience, 0)
	}
}

// TestBorrowedName holds that who has the name of somebody known is shown as such, in
// plain and in JSON, whoever joined first and whether or not the owner is here.
func TestBorrowedName(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	trust(t, hosts[0], idOf(t, hosts[1]))
	objects := chat(t, hosts[0], "--listen", "--name", "ana", "--history", "0")
	lines := run(t, hosts[0], "chat", "--listen", "--name", "too", "--history", "0")
	l.Await(patience, "ana is ready", objects.Ready)
	// seen reports whether a line has all these parts.
	seen := func(p *lab.Process, parts ...string) bool {
		for line := range strings.Lines(output(p) + "\n" + p.Stderr()) {
			all := true
			for _, part := range parts {
				all = all && strings.Contains(line, part)
			}
			if all {
				return true
			}
		}
		return false
	}
	bo := chat(t, hosts[1], "--name", "bo")
	l.Await(patience, "bo is here", func() bool {
		return objects.Present() == 2 && bo.Present() == 2 && seen(lines, "* bo joined (verified)")
	})
	posing := chat(t, hosts[2], "--name", "bo")
	l.Await(patience, "all are here", func() bool { return objects.Present() == 3 && bo.Present() == 3 && posing.Present() == 3 })
	bo.Say("I am bo")
	posing.Say("so am I")
	l.Await(patience, "all is shown", func() bool {
		return seen(objects, `"so am I"`) && seen(objects, `"I am bo"`) && seen(lines, "so am I") && seen(lines, "I am bo")
	})
	l.Await(patience, "who joined is told", func() bool {
		return seen(lines, "joined: not the bo ("+bo.Self().ID[:8]+") who is known here")
	})
	like := fmt.Sprintf(`"known":"changed","like":{"id":%q,"name":"bo"}`, bo.Self().ID)
	for _, parts := range [][]string{
		{`"type":"joined"`, bo.Self().ID, `"known":"verified"}`},
		{`"type":"joined"`, posing.Self().ID, like},
		{`"type":"message"`, `"so am I"`, like},
		{`"type":"message"`, `"I am bo"`, `"known":"verified"}`},
	} {
		if !seen(objects, parts...) {
			t.Errorf("no line with %q in\n%s", parts, output(objects))
		}
	}
	for _, line := range []string{"bo: I am bo", "bo (changed): so am I"} {
		if !seen(lines, line) {
			t.Errorf("no line %q in\n%s", line, output(lines))
		}
	}
	peers := run(t, hosts[0], "peers", "--timeout", "5s")
	exits(t, peers, patience, 0)
	if !seen(peers, "bo (verified)") || !seen(peers, "bo (changed: like bo, "+bo.Self().ID[:8]+")") {
		t.Errorf("peers shows\n%s", output(peers))
	}
}

// comparable is what two people are to compare.
var comparable = regexp.MustCompile(`\*   ([a-z-]+(?: [a-z-]+){5})\n`)

// terminal returns a pseudo-terminal: what is written to keys is typed at it.
func terminal(t *testing.T) (keys, tty *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: " + err.Error())
	}
	t.Cleanup(func() { keys.Close() })
	var number uint32
	raw, err := keys.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return keys, tty
}

// TestVerify has two people compare words, from a chat and by the command, in an open
// room and in one with a secret, while somebody else has the name of one of them.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, room := range []string{"open", "private"} {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(3, lab.HostConfig{})
			args := []string{"--history", "0"}
			flags := func(h *lab.Host) []string {
				if room == "open" {
					return nil
				}
				return []string{"--secret-file", put(t, filepath.Join(h.StateDir, "secret"), []byte("correct-horse-battery-staple\n"), 0o600)}
			}
			keys, tty := terminal(t)
			anas := hosts[0].Start(lab.Program{Path: lab.Build(t, program), Stdin: tty, Args: append(append([]string{"chat", "--plain", "--name", "ana"}, args...), flags(hosts[0])...)})
			bo := chat(t, hosts[1], append([]string{"--name", "bo"}, flags(hosts[1])...)...)
			posing := chat(t, hosts[2], append([]string{"--name", "bo"}, flags(hosts[2])...)...)
			l.Await(patience, "all are here", func() bool {
				return strings.Count(anas.Stderr(), "joined") == 2 && bo.Present() == 2 && posing.Present() == 2
			})

			fmt.Fprintf(keys, "/verify %s\n", bo.Self().ID[:8])
			var here, there []string
			l.Await(patience, "both read words", func() bool {
				here, there = compared(anas), asked(bo)
				return len(here) == 1 && len(there) == 1
			})
			if here[0] != there[0] {
				t.Errorf("ana reads %q, bo reads %q", here[0], there[0])
			}
			fmt.Fprintf(keys, "/verify %s\n", posing.Self().ID[:8])
			l.Await(patience, "both read words", func() bool {
				here, there = compared(anas), asked(posing)
				return len(here) == 2 && len(there) == 1
			})
			if here[1] != there[0] || here[1] == here[0] {
				t.Errorf("ana reads %q, then %q; the other bo reads %q", here[0], here[1], there[0])
			}
			if len(asked(bo)) != 1 {
				t.Errorf("bo was shown words that he was not asked for: %q", asked(bo))
			}
			fmt.Fprintf(keys, "/trust %s\n", bo.Self().ID[:8])
			l.Await(patience, "bo is verified, and the other is not", func() bool {
				list := run(t, hosts[0], "known")
				list.Wait(patience)
				return strings.Contains(output(list), bo.Self().ID[:8]+"  verified") && strings.Contains(output(list), posing.Self().ID[:8]+"  seen")
			})

			ask := run(t, hosts[1], append([]string{"verify", "ana", "--json"}, flags(hosts[1])...)...)
			exits(t, ask, patience, 0)
			var got struct{ Words []string }
			if err := json.Unmarshal([]byte(output(ask)), &got); err != nil {
				t.Fatal(err)
			}
			l.Await(patience, "ana reads them, too", func() bool { return len(compared(anas)) == 3 })
			if want := strings.Join(got.Words, " "); compared(anas)[2] != want {
				t.Errorf("the command shows %q, the chat %q", want, compared(anas)[2])
			}
			twins := run(t, hosts[0], append([]string{"verify", "bo", "--json"}, flags(hosts[0])...)...)
			exits(t, twins, patience, 2)
			hinted(t, twins)
			nobody := run(t, hosts[0], append([]string{"verify", "dora", "--timeout", "1s"}, flags(hosts[0])...)...)
			exits(t, nobody, patience, 3)
			hinted(t, nobody)
		})
	}
}

// compared returns what a chat of people has shown to be compared.
func compared(p *lab.Process) []string {
	var all []string
	for _, m := range comparable.FindAllStringSubmatch(p.Stderr(), -1) {
		all = append(all, m[1])
	}
	return all
}

// asked returns what a chat in JSON has shown to be compared.
func asked(p *lab.Process) []string {
	var all []string
	for _, line := range p.Stdout() {
		var ev struct {
			Type  string
			Words []string
		}
		if json.Unmarshal([]byte(line), &ev) == nil && ev.Type == "verify" {
			all = append(all, strings.Join(ev.Words, " "))
		}
	}
	return all
}

// TestTrusted holds that receive --trusted takes from the verified and from nobody
// else, and that files of the verified alone can be executed.
func TestTrusted(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	bo := idOf(t, hosts[1])
	trust(t, hosts[0], bo)
	start := func(args ...string) *lab.Process {
		p := run(t, hosts[0], append([]string{"receive", inbox(t, hosts[0]), "--json", "--name", "ana"}, args...)...)
		l.Await(patience, "ana receives", p.Ready)
		return p
	}
	script := func(h *lab.Host, name string) string {
		return put(t, filepath.Join(h.StateDir, name), []byte("#!/bin/sh\n"+name+"\n"), 0o755)
	}
	executable := func(name string) bool {
		t.Helper()
		info, err := os.Stat(filepath.Join(inbox(t, hosts[0]), name))
		if err != nil {
			t.Error(err)
			return false
		}
		return info.Mode()&0o111 != 0
	}
	trusting := start("--trusted", "--loop")
	stranger := send(t, hosts[2], script(hosts[2], "strange.sh"), "--to", trusting.Self().ID)
	exits(t, stranger, patience, 5)
	// Who is refused may know before it is told here.
	l.Await(patience, "ana is told of the refusal", func() bool { return len(movings(trusting, "refused")) > 0 })
	if got := last(trusting, "refused"); got.Reason != "not_trusted" || got.From.ID != idOf(t, hosts[2]) {
		t.Errorf("refused: %+v", got)
	}
	exits(t, send(t, hosts[1], script(hosts[1], "known.sh"), "--to", trusting.Self().ID), patience, 0)
	if !executable("known.sh") {
		t.Error("what a verified person sent cannot be executed")
	}
	quit(t, trusting)
	taking := start("--yes")
	exits(t, send(t, hosts[2], script(hosts[2], "strange.sh"), "--to", taking.Self().ID), patience, 0)
	exits(t, taking, patience, 0)
	if executable("strange.sh") {
		t.Error("what a stranger sent can be executed")
	}

	exits(t, run(t, hosts[0], "block", idOf(t, hosts[2])), patience, 0)
	again := start("--yes", "--loop")
	exits(t, send(t, hosts[2], script(hosts[2], "blocked.sh"), "--to", again.Self().ID), patience, 5)
	if n := len(movings(again, "offer")); n > 0 {
		t.Errorf("%d offers of somebody who is blocked are shown", n)
	}
	quit(t, again)
}
