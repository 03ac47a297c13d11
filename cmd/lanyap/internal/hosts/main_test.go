//go:build linux

package hosts

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

const program = "github.com/lanyap/lanyap/cmd/lanyap"

// patience is how long a test waits for what should happen at once. Machines
// that run tests are slow at times; nothing here measures.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	flag.Parse()
	if !isSet("test.parallel") {
		// Most of these tests wait most of the time.
		flag.Set("test.parallel", "8")
	}
	code := lab.Main(m)
	_ = os.RemoveAll(site.dir)
	os.Exit(code)
}

func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// mustLast ends a test that takes so long, if go test will end it before.
// Better now than after the time it has, in a panic and without a result.
func mustLast(t testing.TB, takes time.Duration) {
	t.Helper()
	with, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return
	}
	deadline, ok := with.Deadline()
	if left := time.Until(deadline); ok && left < takes {
		t.Fatalf("this takes up to %v, and go test ends it in %v: add -timeout %v",
			takes.Round(time.Second), left.Round(time.Second), enough(takes))
	}
}

// enough is a time limit for what takes that long, beside what comes before.
func enough(takes time.Duration) time.Duration {
	return (takes + takes/10).Truncate(time.Minute) + 2*time.Minute
}

// run starts the program with exactly these arguments.
func run(t testing.TB, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	return h.Start(lab.Program{Path: lab.Build(t, program), Args: args})
}

// chat starts a node that is named after its host and prints events, those of
// the history too.
func chat(t testing.TB, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	return run(t, h, append([]string{"chat", "--json", "--history", "1000", "--name", h.Name}, args...)...)
}

// chatAll starts a node on each host.
func chatAll(t testing.TB, hosts []*lab.Host, args ...string) []*lab.Process {
	t.Helper()
	nodes := make([]*lab.Process, len(hosts))
	for i, h := range hosts {
		nodes[i] = chat(t, h, args...)
	}
	return nodes
}

// member is who is in the room: a program, or a page in a browser.
type member interface {
	lab.Member
	Log() lab.Log
	Ready() bool
	Present() int
	Sees(lab.Member) bool
	Left(lab.Member) bool
	Heard(text string) bool
	Unsettled() int
	Say(lines ...string)
}

// meshed reports whether each node sees all the others and nobody else.
func meshed[M member](nodes []M) bool {
	for _, a := range nodes {
		if !a.Ready() || a.Present() != len(nodes)-1 {
			return false
		}
	}
	for i, a := range nodes {
		for j, b := range nodes {
			if i != j && !a.Sees(b) {
				return false
			}
		}
	}
	return true
}

func awaitMesh[M member](t testing.TB, l *lab.Lab, nodes []M) {
	t.Helper()
	if l.Until(patience+time.Duration(len(nodes))*time.Second, func() bool { return meshed(nodes) }) {
		return
	}
	for _, p := range nodes {
		t.Logf("%s sees %d of %d", p.Log().Name, p.Present(), len(nodes)-1)
	}
	t.Fatal("not everyone sees everyone")
}

var said atomic.Int64 // numbers the texts of this test process

// talk has each node say something, and waits until all others show it.
func talk[M member](t testing.TB, l *lab.Lab, nodes []M) {
	t.Helper()
	for _, p := range nodes {
		tell(t, l, p, others(nodes, p))
	}
}

// tell has one node say something, and waits until those show it.
func tell[M, N member](t testing.TB, l *lab.Lab, from M, to []N) {
	t.Helper()
	text := fmt.Sprintf("%s says %d", from.Log().Name, said.Add(1))
	from.Say(text)
	for _, p := range to {
		l.Await(patience, fmt.Sprintf("%s heard %q", p.Log().Name, text), func() bool { return p.Heard(text) })
	}
}

func others[M member](nodes []M, me M) []M {
	var rest []M
	for _, p := range nodes {
		if any(p) != any(me) {
			rest = append(rest, p)
		}
	}
	return rest
}

// verify waits until nothing that was said is under way any more and checks
// the events of all nodes that there were. It is the end of each test.
func verify[M member](t testing.TB, l *lab.Lab, nodes ...M) {
	t.Helper()
	logs := make([]lab.Log, len(nodes))
	// What is checked is what was looked at: one event later somebody may have
	// said sent whose message was shown elsewhere before.
	settled := func() bool {
		all := true
		for i, p := range nodes {
			logs[i] = p.Log()
			all = all && (logs[i].Killed || logs[i].Unsettled() <= 0)
		}
		return all
	}
	if !l.Until(patience, settled) {
		t.Error("some messages are neither delivered nor undelivered")
	}
	problems := lab.Check(logs...)
	for i, problem := range problems {
		if i == 20 {
			t.Errorf("and %d more", len(problems)-i)
			break
		}
		t.Error(problem)
	}
}

// exits waits for a program's end and checks its exit code.
func exits(t testing.TB, p *lab.Process, within time.Duration, want int) {
	t.Helper()
	if got := p.Wait(within); got != want {
		t.Errorf("%s: exit code %d, want %d; stderr: %s", p.Host.Name, got, want, p.Stderr())
	}
}

// hinted checks that a failure was explained in the two lines every error has.
func hinted(t testing.TB, p *lab.Process) {
	t.Helper()
	var errors, hints int
	for line := range strings.Lines(p.Stderr()) {
		if strings.HasPrefix(line, "error: ") {
			errors++
		}
		if strings.HasPrefix(line, "hint: ") {
			hints++
		}
	}
	if errors != 1 || hints != 1 {
		t.Errorf("%s: %d error and %d hint lines, want one each: %s", p.Host.Name, errors, hints, p.Stderr())
	}
}

// quit ends nodes politely and checks that they did so in time.
func quit(t testing.TB, nodes ...*lab.Process) {
	t.Helper()
	for _, p := range nodes {
		p.Signal(syscall.SIGTERM)
	}
	for _, p := range nodes {
		exits(t, p, patience, 143)
	}
}
