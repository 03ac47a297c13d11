//go:build linux

package hosts

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

var (
	stormTime  = flag.Duration("storm", time.Minute, "how long the fault storm lasts")
	stormHosts = flag.Int("hosts", 6, "`number` of hosts in the fault storm")
	stormSeed  = flag.Uint64("seed", 7475, "of the faults in the fault storm")
	stormClock = flag.Bool("clocks", false, "have clocks jump in the fault storm, too")
	stormRate  = flag.Float64("rate", 5, "messages a second that each host says in the fault storm")
)

const (
	// healLimit is how long after the end of a fault views may differ.
	healLimit = 5 * time.Second

	// stormPatience is how long a storm waits for what has to come before it
	// gives up.
	stormPatience = 30 * time.Second

	// stormAround is how long a storm takes beside the storm itself.
	stormAround = 3 * time.Minute
)

// storm is one run of [TestFaultStorm]. Everything in it belongs to the test's
// goroutine but what a talker says.
type storm struct {
	t       *testing.T
	l       *lab.Lab
	sw      *lab.Switch
	rng     *rand.Rand
	began   time.Time
	program string // what runs on the hosts
	lasts   time.Duration
	limit   time.Duration // how long after the end of a fault views may differ
	dir     string        // the logs of all programs, and of the faults
	diary   *os.File      // the faults
	hosts   []*lab.Host
	nodes   []*talker // who runs now, by host
	all     []*talker // every start there was
	deck    []string  // kinds of faults, in the order in which they come
	faults  map[string]int

	views      []time.Duration // from the end of a fault until views were equal, where they had not been
	everything []time.Duration // … until everybody had what was said until then
}

// TestFaultStorm has everyone talk while one fault follows the other, some two
// at once. In the end everyone sees everyone, and nothing is missing, twice,
// out of order or other than it was said.
//
//	go test ./cmd/lanyap/internal/hosts -run FaultStorm -storm 30m -hosts 12 -seed 1 -timeout 40m -v
//
// is a long one. A failing run names the directory of its logs and its seed.
func TestFaultStorm(t *testing.T) {
	if testing.Short() && os.Getenv("LANYAP_LAB") != "required" {
		t.Skip("a fault storm is not short")
	}
	lab.Need(t)
	mustLast(t, *stormTime+stormAround)
	s := newStorm(t, *stormHosts)
	for i := range s.hosts {
		s.nodes = append(s.nodes, s.start(i))
	}
	s.rage(*stormTime)
}

// rage is the storm, from the mesh that is whole to the verdict.
func (s *storm) rage(lasts time.Duration) {
	s.t.Helper()
	s.lasts = lasts
	awaitMesh(s.t, s.l, s.nodes)
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		s.trouble()
		pause(s.l, s.between(0, time.Second))
	}
	s.calm()
	end := time.Now()
	quit(s.t, s.processes()...)
	s.verdict(end)
}

func newStorm(t *testing.T, hosts int) *storm {
	s := &storm{
		t:      t,
		rng:    rand.New(rand.NewPCG(*stormSeed, 0)),
		began:  time.Now(),
		faults: make(map[string]int),
		limit:  healLimit,
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "lanyap-storm-"); err != nil {
		t.Fatal(err)
	}
	// Before the lab, so that it runs after the lab's end, when all logs are
	// complete.
	t.Cleanup(s.close)
	if s.diary, err = os.Create(filepath.Join(s.dir, "faults")); err != nil {
		t.Fatal(err)
	}
	s.program = lab.Build(t, program)
	if *stormClock {
		s.program = lab.BuildMovable(t, program)
	}
	s.l = lab.New(t)
	s.sw = s.l.Switch()
	s.hosts = s.sw.Hosts(hosts, lab.HostConfig{PlainNIC: true})
	return s
}

// close keeps the logs of a run that failed.
func (s *storm) close() {
	for _, p := range s.all {
		p.close()
	}
	s.diary.Close()
	if s.t.Failed() {
		s.t.Logf("seed %d; the logs are in %s", *stormSeed, s.dir)
		return
	}
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Error(err)
	}
}

// note writes a line into the diary of the run.
func (s *storm) note(format string, args ...any) {
	fmt.Fprintf(s.diary, "%s %8.3fs %s\n", time.Now().UTC().Format("15:04:05.000"), time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// between draws a time, short ones more often.
func (s *storm) between(low, high time.Duration) time.Duration {
	r := s.rng.Float64()
	return low + time.Duration(r*r*float64(high-low))
}

// processes are those that run, pages left out.
func (s *storm) processes() []*lab.Process {
	var running []*lab.Process
	for _, p := range s.nodes {
		if p.process != nil {
			running = append(running, p.process)
		}
	}
	return running
}

// healed waits, after a fault's end and before the next begins, until everyone
// sees everyone and has what was said until then, and notes how long that took.
// Then it waits until everyone has heard something newer of each, or a fault
// that is not noticed at once would pass for healed.
func (s *storm) healed() {
	at := time.Now()
	marks := make([]uint64, len(s.nodes))
	for i, p := range s.nodes {
		marks[i], _ = p.trace.Sent()
	}
	if !s.awaitWhole(marks) {
		return
	}
	everything := time.Since(at)
	s.everything = append(s.everything, everything)
	for i := range marks {
		marks[i]++
	}
	if !s.awaitWhole(marks) {
		return
	}
	views := s.lastChange().Sub(at)
	s.note("healed: views after %v, everything after %v", max(views, 0), everything)
	if views > 0 {
		s.views = append(s.views, views)
	}
	if views > s.limit {
		s.t.Errorf("%v into the storm: views equal %v after the end of a fault, want %v", at.Sub(s.began), views, s.limit)
	}
}

func (s *storm) awaitWhole(marks []uint64) bool {
	s.t.Helper()
	if s.l.Until(stormPatience, func() bool { return s.whole(marks) }) {
		return true
	}
	lacking := s.lacking(marks)
	s.t.Errorf("%v after the end of a fault, %v into the storm: %s", stormPatience, time.Since(s.began), lacking)
	s.note("not healed: %s", lacking)
	return false
}

// whole reports whether everyone sees everyone, and has heard each up to its
// mark.
func (s *storm) whole(marks []uint64) bool {
	return s.lacking(marks) == ""
}

// lacking says who does not see or lacks something of whom, or sees somebody
// who is gone, as far as the first; empty if nobody does.
func (s *storm) lacking(marks []uint64) string {
	for _, p := range s.nodes {
		if p.Ended() {
			return fmt.Sprintf("%s has ended: %s", p.trace.Name, p.Stderr())
		}
		if here := p.Present(); here >= len(s.nodes) {
			return fmt.Sprintf("%s sees %d others", p.trace.Name, here)
		}
		for i, origin := range s.nodes {
			if origin == p {
				continue
			}
			if !p.Sees(origin) {
				return fmt.Sprintf("%s does not see %s", p.trace.Name, origin.trace.Name)
			}
			if have := p.trace.Newest(origin.trace); have < marks[i] {
				return fmt.Sprintf("%s has %d of %d messages of %s", p.trace.Name, have, marks[i], origin.trace.Name)
			}
		}
	}
	return ""
}

// lastChange is when somebody who runs last saw somebody come or go.
func (s *storm) lastChange() time.Time {
	var latest time.Time
	for _, p := range s.nodes {
		if at := p.changed.Load(); at != nil && at.After(latest) {
			latest = *at
		}
	}
	return latest
}

// calm ends all talk, after a last word of each, and waits until nothing is
// under way any more.
func (s *storm) calm() {
	s.healed()
	for _, p := range s.nodes {
		p.hush()
	}
	// Who joined after the last word of another would never hear of it.
	for _, p := range s.nodes {
		p.sayNext()
	}
	settled := func() bool {
		marks := make([]uint64, len(s.nodes))
		for i, p := range s.nodes {
			seq, count := p.trace.Sent()
			if count < p.said || p.Unsettled() > 0 {
				return false
			}
			marks[i] = seq
		}
		return s.whole(marks)
	}
	if !s.l.Until(stormPatience, settled) {
		s.t.Errorf("%v after the storm: not everybody has everything", stormPatience)
	}
}
