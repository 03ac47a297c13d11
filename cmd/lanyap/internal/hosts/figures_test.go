//go:build linux

package hosts

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

var (
	figures = flag.Bool("figures", false, "measure and print the figures")
	rows    = flag.String("rows", "", "comma-separated `names` of the figures to measure; all if empty")
	ours    = flag.String("ours", "", "`path` of the program to measure in place of the one that is built here; - for none")
	rival   = flag.String("rival", "", "`path` of the program to measure in the same run in place of the one in rival; - for none")
	rounds  = flag.Int("rounds", 20, "how often to start and stop what is measured by starting it")
)

// figure is one row of the table. It measures one contender and returns the
// value to print and the number of samples behind it.
type figure struct {
	name, what, aim string
	measure         func(t *testing.T, c contender) (value string, n int)
	oursOnly        bool // the rival has nothing that corresponds

	// How long it takes for one contender at the most, if it works: so long,
	// and so long for each of this many rounds.
	takes, round time.Duration
	maxRounds    int
}

var table = []figure{
	{name: "start", measure: measureStart, round: 2 * time.Second,
		what: "process start → first message read by the other, 2 hosts, p50 / p99", aim: "≤ 40 / 150 ms"},
	{name: "docker", measure: measureStartDocker, round: 2 * time.Second,
		what: "… with a second interface (docker-like bridge)", aim: "≤ 40 / 150 ms"},
	{name: "secret", measure: measureSecret, oursOnly: true, round: 4 * time.Second,
		what: "process start → first message in an open / a private room, and of that ready → joined, after Argon2id, p50", aim: "≤ 5 ms more"},
	{name: "late", measure: measureLate, takes: time.Minute, round: 3 * time.Second,
		what: "late node and 16 others: all see it, it sees all, p50 / p99", aim: "≤ 80 / 200 ms"},
	{name: "mesh", measure: measureMesh, takes: 5 * time.Minute, round: time.Second,
		what: "8 / 16 / 32 / 64 hosts at once → full mesh, p50", aim: "≤ 0.25 / 0.5 / 1.8 / 8 s"},
	{name: "cost", measure: measureCost, takes: 20 * time.Second, round: 20 * time.Second, maxRounds: 5,
		what: "32 hosts at once: processor time for each link, start and both sides, until the mesh is full, p50", aim: "≤ 10 ms"},
	{name: "broadcast", measure: measureBroadcast, takes: time.Minute,
		what: "256 B at 10/s among 16 hosts, send → last receiver, p50 / p99", aim: "≤ 2.5 / 10 ms"},
	{name: "kill", measure: measureKill, takes: time.Minute, round: 3 * time.Second, maxRounds: 30,
		what: "kill -9 of one of 16 → all others see it leave, p50 / max", aim: "≤ 20 / 500 ms"},
	{name: "cable", measure: measureCable, takes: 4 * time.Minute,
		what: "cable of one of 16 pulled for good → all others see it leave", aim: "≤ 8 s"},
	{name: "mdns", measure: measureMDNS, takes: 2 * time.Minute,
		what: "mDNS packets/s of 16 idle nodes together, after 30 s", aim: "≤ 1"},
	{name: "link", measure: measureLink, oursOnly: true, takes: 2 * time.Minute,
		what: "per idle link and side: heap, goroutines", aim: "≤ 120 kB, ≤ 17"},
	{name: "idle", measure: measureIdle, takes: 3 * time.Minute,
		what: "node with 63 idle links: CPU of one core, resident memory", aim: "≤ 1 %, ≤ 40 MB"},
	{name: "heal", measure: measureHeal, takes: time.Minute, round: 15 * time.Second, maxRounds: 20,
		what: "12 hosts in two halves for 10 s, heal → everyone has everything, p50 / p99", aim: "≤ 1 / 3 s"},
	{name: "blocked", measure: measureBlocked, takes: time.Minute, round: time.Second,
		what: "blocked pair, message through a third: extra latency against the direct link, p50", aim: "≤ 1 ms"},
	{name: "history", measure: measureHistory, oursOnly: true, takes: time.Minute, round: 2 * time.Second,
		what: "late joiner, 1,000 messages of history: joined → the last of them, p50 / p99", aim: "≤ 150 ms"},
	{name: "stopped", measure: measureStopped, takes: time.Minute, round: 4 * time.Second, maxRounds: 30,
		what: "8 others at 200 msg/s, send → last, p50 / p99; with one member stopped; p99 ratio; memory of a sender", aim: "≤ 1.5×, ≤ 8 MiB"},
	{name: "flood", measure: measureFlood, takes: time.Minute,
		what: "sustained broadcast of 256 B from one node to 8, messages/s at every one", aim: "–"},
	{name: "siege", measure: measureSiege, oursOnly: true, takes: 5 * time.Minute,
		what: "1,000 offers/s from 64 addresses, 1,000 fake instances/s and 8 attackers by SCTP for a minute: resident memory; messages lost; send → last of 3, p50 / p99; a newcomer", aim: "< 256 MiB, back to 1.2×; 0; ≤ 2×; ≤ 3 s"},
	{name: "guesses", measure: measureGuesses, oursOnly: true, takes: 3 * time.Minute,
		what: "wrong secrets that six hosts can try with one node, by dialing it, and by having it dial them", aim: "≤ 365 an hour each"},
	{name: "groups", measure: measureGroups, oursOnly: true, takes: 2 * time.Minute, round: 10 * time.Second,
		what: "two groups of 5, and of 10, with one room name and two secrets, all at once: everyone sees its own, p50 / max; one of them alone", aim: "–"},
	{name: "throughput", measure: measureThroughput, oursOnly: true, takes: 4 * time.Minute,
		what: "one pair, 64 KiB messages, × pion's defaults: tuned with GOGC=400; tuned; ordinary user (rmem_max 212992)", aim: "≥ 4 tuned"},
	{name: "loss", measure: measureLoss, oursOnly: true, takes: 4 * time.Minute,
		what: "the same with 1 % loss at the receiver", aim: "≥ 4"},
	{name: "send", measure: measureSend, oursOnly: true, takes: 4 * time.Minute,
		what: "1 GiB to one, disk to disk, by rate (and processor time of sender + receiver): ours is so many times", aim: "≥ 0.9× TLS, ≥ 3× croc"},
	{name: "folder", measure: measureFolder, oursOnly: true, takes: 3 * time.Minute,
		what: "10,000 files of 4 KiB to one", aim: "≥ 3,000 files/s, ≥ 0.7× tar over TLS"},
	{name: "resume", measure: measureResume, oursOnly: true, takes: 3 * time.Minute,
		what: "1 GiB cut at 90 % and resumed: bytes sent again", aim: "≤ 1 %"},
	{name: "shareloss", measure: measureShareLoss, oursOnly: true, takes: 10 * time.Minute,
		what: "1 GiB to one with 2 % loss at the receiver", aim: "completes"},
	{name: "sharechat", measure: measureShareChat, oursOnly: true, takes: 2 * time.Minute,
		what: "chat between two hosts while a file moves between them, p50 / p99", aim: "≤ 20 ms"},
	{name: "offer", measure: measureOffer, oursOnly: true, takes: 10 * time.Second, round: 2 * time.Second,
		what: "start of lanyap send → the offer is shown on the other side, p50 / p90", aim: "≤ 100 ms"},
	{name: "sharemem", measure: measureShareMemory, oursOnly: true, takes: 4 * time.Minute,
		what: "memory above that of a node that waits, sender + receiver", aim: "≤ 64 MiB"},
	{name: "page", measure: measurePageOpen, oursOnly: true, takes: time.Minute, round: 10 * time.Second,
		what: "page opened in Chromium → in the room with the node that serves it, linked to all of 3 nodes and 1 page, p50 / p90", aim: "≤ 300, cached 200; all 500 ms"},
	{name: "phone", measure: measurePhoneOpen, oursOnly: true, takes: time.Minute, round: 20 * time.Second,
		what: "the same with CPU ÷ 6 and 20 Mbit/s", aim: "≤ 2 s"},
	{name: "wasm", measure: measurePageSize, oursOnly: true, takes: time.Second,
		what: "the page's program, gzip", aim: "≤ 1.6 MB"},
	{name: "pagesay", measure: measurePageSay, oursOnly: true, takes: 2 * time.Minute,
		what: "256 B at 10/s from a page → delivered to 3, p50 / p99", aim: "≤ 12 ms"},
	{name: "pageshows", measure: measurePageShows, oursOnly: true, takes: 2 * time.Minute,
		what: "200 messages/s shown in a page: CPU of a core", aim: "≤ 12 %"},
	{name: "pagefiles", measure: measurePageFiles, oursOnly: true, takes: 5 * time.Minute,
		what: "1 GiB from a page to the node that serves it, and back: by rate, and as a share of plain HTTP with the same browser", aim: "≥ 0.6×; ≥ 0.8×"},
	{name: "pagecost", measure: measurePageCost, oursOnly: true, takes: 10 * time.Second, round: 3 * time.Second,
		what: "a node that serves a page nobody opens: start → ready, resident memory, p50", aim: "≤ 1 ms, 2 MB more"},
}

// wanted are the rows that are asked for.
func wanted(t testing.TB) []figure {
	t.Helper()
	if *rows == "" {
		return table
	}
	names := strings.Split(*rows, ",")
	some := slices.DeleteFunc(slices.Clone(table), func(row figure) bool { return !slices.Contains(names, row.name) })
	if len(some) != len(names) {
		t.Fatalf("not all of %q are rows; package hosts names them", names)
	}
	return some
}

// lasts returns how long a row takes at the most.
func (f figure) lasts(contenders, rounds int) time.Duration {
	if f.maxRounds > 0 {
		rounds = min(rounds, f.maxRounds)
	}
	if f.oursOnly {
		contenders = 1
	}
	return time.Duration(contenders) * (f.takes + time.Duration(rounds)*f.round)
}

// contender is a program that is measured.
type contender struct {
	name string
	path string
	args func(*lab.Host) []string
	// keepsLines: what is on its standard input from the start is said once
	// somebody is there to hear it. Without that a driver has to wait itself.
	keepsLines bool
	rival      bool
	env        []string
}

func (c contender) start(h *lab.Host) *lab.Process {
	return h.Start(lab.Program{Path: c.path, Args: c.args(h), Env: c.env})
}

func contenders(t testing.TB) []contender {
	var all []contender
	if *ours != "-" {
		path := *ours
		if path == "" {
			path = lab.Build(t, program)
		}
		all = append(all, contender{
			name:       "lanyap",
			path:       path,
			args:       func(h *lab.Host) []string { return []string{"chat", "--json", "--history", "1000", "--name", h.Name} },
			keepsLines: true,
		})
	}
	if *rival != "-" {
		path := *rival
		if path == "" {
			t.Log("building the rival; -rival - measures without one")
			path = lab.BuildModule(t, "rival")
		}
		all = append(all, contender{
			name:  "libp2p",
			path:  path,
			args:  func(*lab.Host) []string { return nil },
			rival: true,
		})
	}
	return all
}

// TestFigures measures, and prints a table in which each row is complete.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("figures are measured with -figures")
	}
	lab.Need(t)
	var takes time.Duration
	for _, row := range wanted(t) {
		takes += row.lasts(2, *rounds)
	}
	mustLast(t, takes)
	all := contenders(t)
	print := func(format string, args ...any) { fmt.Fprintf(os.Stdout, format, args...) }
	print("\n%s\n\n| what | aim |", machine())
	for _, c := range all {
		print(" %s | N |", c.name)
	}
	print("\n| --- | --- |%s\n", strings.Repeat(" --- | --- |", len(all)))
	for _, row := range wanted(t) {
		line := fmt.Sprintf("| %s | %s |", row.what, row.aim)
		for _, c := range all {
			value, n := "failed", 0
			if c.rival && row.oursOnly {
				line += " – | |"
				continue
			}
			t.Run(row.name+"/"+c.name, func(t *testing.T) { value, n = row.measure(t, c) })
			line += fmt.Sprintf(" %s | %d |", value, n)
		}
		print("%s\n", line)
	}
}

func machine() string {
	var name unix.Utsname
	unix.Uname(&name)
	return fmt.Sprintf("%d cores, %s %s, %s %s/%s", runtime.NumCPU(),
		unix.ByteSliceToString(name.Sysname[:]), unix.ByteSliceToString(name.Release[:]),
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// quantile returns the smallest sample that a share q of all does not exceed.
func quantile(samples []time.Duration, q float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	i := int(q*float64(len(sorted))+0.9999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// tolerance is how long a round of a measurement may take before it counts as
// failed and the next one starts.
const tolerance = 5 * time.Second

// series collects the rounds of a measurement.
type series struct {
	samples []time.Duration
	failed  int
}

func (s *series) add(d time.Duration) { s.samples = append(s.samples, d) }

// String prints the median and a high quantile, and how many rounds failed.
func (s *series) String(high float64) string {
	if s.failed > 0 {
		return fmt.Sprintf("%s (%d of %d not within %v)", millis(s.samples, 0.5, high), s.failed, s.failed+len(s.samples), tolerance)
	}
	return millis(s.samples, 0.5, high)
}

// millis prints two quantiles as "3.1 / 17 ms".
func millis(samples []time.Duration, low, high float64) string {
	return fmt.Sprintf("%s / %s ms", digits(quantile(samples, low), time.Millisecond), digits(quantile(samples, high), time.Millisecond))
}

// digits prints a duration in a unit, with two digits that mean something.
func digits(d, unit time.Duration) string {
	v := float64(d) / float64(unit)
	switch {
	case v < 1:
		return fmt.Sprintf("%.2f", v)
	case v < 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func TestQuantile(t *testing.T) {
	var samples []time.Duration
	for i := 100; i > 0; i-- {
		samples = append(samples, time.Duration(i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(samples, q); got != want {
			t.Errorf("quantile %v of 1 to 100 is %d, want %d", q, got, want)
		}
	}
	if got := quantile(samples[:1], 0.99); got != 100 {
		t.Errorf("quantile of one sample is %d, want it", got)
	}
}

func TestEnough(t *testing.T) {
	for _, takes := range []time.Duration{0, time.Second, 10 * time.Minute, 59*time.Minute + 59*time.Second} {
		if got := enough(takes); got <= takes || got > takes+takes/10+2*time.Minute {
			t.Errorf("enough for %v is %v", takes, got)
		}
	}
}
