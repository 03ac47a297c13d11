//go:build linux

package hosts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// pair returns two hosts of one switch.
func pair(t *testing.T) (*lab.Lab, *lab.Host, *lab.Host) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	return l, hosts[0], hosts[1]
}

// listener starts a node that only prints and waits until it is ready.
func listener(t *testing.T, l *lab.Lab, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	p := chat(t, h, append([]string{"--listen"}, args...)...)
	l.Await(patience, "the listener is ready", p.Ready)
	return p
}

// echo is `printf 'line\n…' | lanyap args…`.
func echo(t *testing.T, h *lab.Host, lines []string, args ...string) *lab.Process {
	t.Helper()
	p := run(t, h, args...)
	if len(lines) > 0 {
		p.Say(lines...)
	}
	p.EndInput()
	return p
}

// heardAll waits until p showed all these texts, and checks their order.
func heardAll(t *testing.T, l *lab.Lab, p *lab.Process, texts ...string) {
	t.Helper()
	if got := hear(t, l, p, len(texts)); !slices.Equal(got, texts) {
		t.Errorf("%s heard %q, want %q", p.Host.Name, got, texts)
	}
}

// heardEach is heardAll without the order: none is promised between what is
// said to all and what is said to one.
func heardEach(t *testing.T, l *lab.Lab, p *lab.Process, texts ...string) {
	t.Helper()
	got := hear(t, l, p, len(texts))
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(texts))) {
		t.Errorf("%s heard %q, want %q in any order", p.Host.Name, got, texts)
	}
}

// hear returns what a node has heard, once that is n messages.
func hear(t *testing.T, l *lab.Lab, p *lab.Process, n int) []string {
	t.Helper()
	var got []string
	l.Await(patience, p.Host.Name+" heard all", func() bool {
		got = got[:0]
		for _, ev := range p.Log().Events {
			if ev.Type == "message" {
				got = append(got, ev.Text)
			}
		}
		return len(got) >= n
	})
	return got
}

func TestEchoIntoChat(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	hears := listener(t, l, b)
	says := echo(t, a, []string{"hi"}, "chat")
	exits(t, says, patience, 0)
	heardAll(t, l, hears, "hi")
	l.Await(patience, "it left", func() bool { return hears.Present() == 0 })
	left, _ := hears.Find(func(ev lab.Event) bool { return ev.Type == "left" })
	if left.Reason != "" {
		t.Errorf("left with the reason %q, want none", left.Reason)
	}
	verify(t, l, hears)
}

func TestSay(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	bo, cy := chat(t, hosts[1], "--listen", "--history", "0"), chat(t, hosts[2], "--listen", "--history", "0")
	awaitMesh(t, l, []*lab.Process{bo, cy})
	exits(t, echo(t, hosts[0], nil, "say", "backup", "done"), patience, 0)
	exits(t, echo(t, hosts[0], []string{"two", "lines"}, "say", "--to", cy.Self().Name, "-"), patience, 0)
	heardAll(t, l, bo, "backup done")
	heardAll(t, l, cy, "backup done", "two\nlines")
	absent := echo(t, hosts[0], nil, "say", "--to", "dora", "--timeout", "2s", "hi")
	exits(t, absent, patience, 3)
	hinted(t, absent)
	verify(t, l, bo, cy)
}

func TestEchoWaitsForSomebody(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	says := echo(t, a, []string{"one", "two", "three"}, "chat", "--timeout", "15s")
	l.Stays(time.Second, "it gave up", says.Ended)
	hears := listener(t, l, b)
	exits(t, says, patience, 0)
	heardAll(t, l, hears, "one", "two", "three")
	verify(t, l, hears)
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	_, a, _ := pair(t)
	says := echo(t, a, []string{"hi"}, "chat", "--timeout", "1s")
	exits(t, says, patience, 3)
	hinted(t, says)
}

// TestFileAsInput: the clock starts at once, for a file has ended already.
func TestFileAsInput(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(path, []byte("from a file\nwithout a last newline"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(args ...string) *lab.Process {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		return a.Start(lab.Program{Path: lab.Build(t, program), Args: append([]string{"chat"}, args...), Stdin: file})
	}
	exits(t, start("--timeout", "1s"), patience, 3)
	hears := listener(t, l, b)
	exits(t, start(), patience, 0)
	heardAll(t, l, hears, "from a file", "without a last newline")
}

// TestTwoPipes has both sides say what they have and leave; each hears the
// other's last line.
func TestTwoPipes(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	one := echo(t, a, []string{"one", "last of one"}, "chat", "--json", "--name", "one")
	two := echo(t, b, []string{"two", "last of two"}, "chat", "--json", "--name", "two")
	exits(t, one, patience, 0)
	exits(t, two, patience, 0)
	heardAll(t, l, one, "two", "last of two")
	heardAll(t, l, two, "one", "last of one")
	verify(t, l, one, two)
}

func TestWait(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	none := echo(t, a, []string{"hi"}, "chat", "--wait", "2", "--timeout", "1s")
	exits(t, none, patience, 3)
	hinted(t, none)
	// An open pipe is no reason to wait longer.
	open := run(t, a, "chat", "--wait", "1", "--timeout", "1s")
	exits(t, open, patience, 3)

	hears := listener(t, l, b)
	few := echo(t, a, []string{"too few"}, "chat", "--wait", "2", "--timeout", "2s")
	exits(t, few, patience, 4)
	hinted(t, few)

	patient := echo(t, a, []string{"enough"}, "chat", "--wait", "2", "--timeout", "15s")
	l.Await(patience, "it is here", func() bool { return hears.Present() == 1 })
	l.Stays(time.Second, "it spoke too early", func() bool { return hears.Heard("enough") })
	other := chat(t, b, "--listen", "--name", "other")
	exits(t, patient, patience, 0)
	heardAll(t, l, hears, "enough")
	heardAll(t, l, other, "enough")
}

// TestOpenPipe never times out without --wait.
func TestOpenPipe(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	open := chat(t, a, "--timeout", "1s")
	open.Say("kept until somebody comes")
	l.Stays(3*time.Second, "it gave up", open.Ended)
	hears := listener(t, l, b)
	heardAll(t, l, hears, "kept until somebody comes")
	open.EndInput()
	exits(t, open, patience, 0)
	verify(t, l, open, hears)
}

// TestService runs as a service unit does: no input, until it is signalled.
func TestService(t *testing.T) {
	t.Parallel()
	l, a, _ := pair(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	path := lab.Build(t, program)
	nodes := []*lab.Process{
		a.Start(lab.Program{Path: path, Args: []string{"chat", "--json", "--timeout", "1s"}, Stdin: null}),
		chat(t, a, "--listen", "--timeout", "1s"),
		a.Start(lab.Program{Path: "/bin/sh", Args: []string{"-c", `exec "$0" chat --json --timeout 1s <&-`, path}}),
	}
	awaitMesh(t, l, nodes)
	nodes[1].EndInput()
	l.Stays(3*time.Second, "one ended", func() bool {
		return nodes[0].Ended() || nodes[1].Ended() || nodes[2].Ended()
	})
	quit(t, nodes...)
}

// TestReaderStopped: at the end of input the other does not take what was
// said. It is named.
func TestReaderStopped(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	stuck := listener(t, l, b)
	says := run(t, a, "chat", "--json", "--timeout", "2s")
	l.Await(patience, "they see each other", func() bool { return says.Sees(stuck) && stuck.Sees(says) })
	stuck.Signal(syscall.SIGSTOP)
	says.Say("into the void")
	says.EndInput()
	exits(t, says, patience, 4)
	hinted(t, says)
	if !strings.Contains(says.Stderr(), b.Name) {
		t.Errorf("stderr does not name %s: %s", b.Name, says.Stderr())
	}
}

// TestReaderGone: who leaves meanwhile does not count, and if nobody has it,
// nobody was there.
func TestReaderGone(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	stuck := listener(t, l, b)
	says := run(t, a, "chat", "--json", "--timeout", "30s")
	l.Await(patience, "they see each other", func() bool { return says.Sees(stuck) && stuck.Sees(says) })
	stuck.Signal(syscall.SIGSTOP)
	says.Say("into the void")
	says.EndInput()
	l.Await(patience, "it is said", func() bool { return says.Unsettled() > 0 })
	stuck.Kill()
	exits(t, says, patience, 3)
	if !says.Has(func(ev lab.Event) bool { return ev.Type == "undelivered" && len(ev.Peers) == 1 }) {
		t.Error("no undelivered event names who left")
	}
}

// TestClosedOutput ends the program quietly, as `lanyap chat | head -1` does.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	script := `"$0" chat --plain --name reader | head -n 1; echo ended >&2`
	reader := a.Start(lab.Program{Path: "/bin/sh", Args: []string{"-c", script, lab.Build(t, program)}})
	writer := chat(t, b)
	l.Await(patience, "they see each other", func() bool { return writer.Present() == 1 })
	writer.Say("first")
	l.Await(patience, "it was read", func() bool { return len(reader.Stdout()) == 1 })
	writer.Say("second", "third", "fourth")
	exits(t, reader, patience, 0)
	if want := b.Name + ": first"; reader.Stdout()[0] != want {
		t.Errorf("read %q, want %q", reader.Stdout(), want)
	}
	for line := range strings.Lines(reader.Stderr()) {
		if line != "ended\n" && !strings.HasPrefix(line, "* ") {
			t.Errorf("not quiet: %q", line)
		}
	}
}

// TestPlain prints messages on standard output and everything else on
// standard error, without a control character that somebody else wrote.
func TestPlain(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	plain := run(t, a, "chat", "--name", "plain")
	other := chat(t, b, "--input", "json", "--name", "bo")
	l.Await(patience, "they see each other", func() bool { return other.Present() == 1 })
	other.Say(`{"text":"hello"}`, `{"text":"\u001b[31mred\u202eder\u0007"}`)
	l.Await(patience, "both lines are there", func() bool { return len(plain.Stdout()) == 2 })
	lines := plain.Stdout()
	if lines[0] != "bo: hello" {
		t.Errorf("printed %q, want %q", lines[0], "bo: hello")
	}
	if strings.ContainsAny(lines[1], "\x1b\x07\u202e") || !strings.Contains(lines[1], "red") {
		t.Errorf("printed %q, want it without control characters", lines[1])
	}
	l.Await(patience, "the notice is there", func() bool { return strings.Contains(plain.Stderr(), "* bo joined\n") })
	quit(t, plain, other)
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	l, a, _ := pair(t)
	for _, args := range [][]string{
		{"chat", "--no-such-flag"},
		{"chat", "--input", "xml"},
		{"chat", "--port", "70000"},
		{"chat", "--wait", "-1"},
		{"chat", "--timeout", "soon"},
		{"chat", "--join", "no port:x:y"},
		{"chat", "--plain", "--json"},
		{"no-such-command"},
	} {
		p := echo(t, a, nil, args...)
		t.Log(args)
		exits(t, p, patience, 2)
		hinted(t, p)
	}
	holder := chat(t, a, "--port", "9100")
	l.Await(patience, "the first holder of the port is ready", holder.Ready)
	taken := run(t, a, "chat", "--json", "--port", "9100")
	exits(t, taken, patience, 1)
	hinted(t, taken)
	iface := run(t, a, "chat", "--json", "--iface", "nosuch0")
	exits(t, iface, patience, 2)
	hinted(t, iface)
}

// TestEnvironment gives flags by their environment twins; the flag goes first.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := lab.Build(t, program)
	env := []string{"LANYAP_NAME=from the environment", "LANYAP_ROOM=attic", "LANYAP_JSON=true", "LANYAP_PORT=9200"}
	nodes := []*lab.Process{
		a.Start(lab.Program{Path: path, Args: []string{"chat"}, Env: env}),
		b.Start(lab.Program{Path: path, Args: []string{"chat", "--name", "from the flag"}, Env: env}),
	}
	awaitMesh(t, l, nodes)
	if got := nodes[0].Self().Name; got != "from the environment" {
		t.Errorf("name %q", got)
	}
	if got := nodes[1].Self().Name; got != "from the flag" {
		t.Errorf("name %q", got)
	}
	ready, _ := nodes[0].Find(func(ev lab.Event) bool { return ev.Type == "ready" })
	if ready.Room != "attic" || len(ready.Addrs) == 0 || !strings.HasSuffix(ready.Addrs[0], ":9200") {
		t.Errorf("ready says %s", ready.Raw)
	}
}
