//go:build linux

package hosts

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// fault is something that is wrong for a while.
type fault struct {
	kind   string
	what   string // for the diary
	victim int    // the host it is about; -1: none alone
	lasts  time.Duration
	mend   func() // nil: nothing to do
}

// kinds are the faults there are. Those without ruled do not use the hosts'
// packet filters and may come on top of another.
var kinds = map[string]struct {
	ruled bool
	begin func(s *storm, victim int) fault
}{
	"clock jump":          {false, (*storm).jump}, // with -clocks only
	"cable out":           {false, (*storm).cable},
	"flapping cable":      {false, (*storm).flap},
	"kill -9 and restart": {false, (*storm).kill},
	"kill -STOP":          {false, (*storm).sleep},
	"address change":      {false, (*storm).readdress},
	"blocked pair":        {true, (*storm).block},
	"10–30 % loss":        {true, (*storm).lose},
	"one-way loss":        {true, (*storm).oneWay},
	"partition":           {true, (*storm).partition},
}

// kindNames is the keys of kinds in an order that is always the same.
func kindNames(keep func(ruled bool) bool) []string {
	var names []string
	for name, k := range kinds {
		if keep(k.ruled) && (name != "clock jump" || *stormClock) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// trouble is one fault, or two of which the second begins while the first
// lasts, until all is well again.
func (s *storm) trouble() {
	s.t.Helper()
	if len(s.deck) == 0 {
		// All kinds in random order, so that a short storm has each.
		s.deck = kindNames(func(bool) bool { return true })
		if *stormClock {
			s.deck = append(s.deck, "clock jump", "clock jump") // it is what this storm is about
		}
		s.rng.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
	}
	kind := s.deck[0]
	s.deck = s.deck[1:]
	first := s.begin(kind, s.rng.IntN(len(s.hosts)))
	ends := time.Now().Add(first.lasts)
	if s.rng.IntN(5) >= 2 {
		pause(s.l, time.Until(ends))
		s.end(first)
		s.healed()
		return
	}
	pause(s.l, min(s.between(0, 1500*time.Millisecond), first.lasts))
	others := kindNames(func(ruled bool) bool { return !ruled })
	second := s.begin(others[s.rng.IntN(len(others))], s.otherThan(first.victim))
	order := []fault{first, second}
	until := []time.Time{ends, time.Now().Add(second.lasts)}
	if until[1].Before(until[0]) {
		slices.Reverse(order)
		slices.Reverse(until)
	}
	for i, f := range order {
		pause(s.l, time.Until(until[i]))
		s.end(f)
	}
	s.healed()
}

func (s *storm) begin(kind string, victim int) fault {
	s.t.Helper()
	s.note("begin %s, host %d", kind, victim+1)
	f := kinds[kind].begin(s, victim)
	f.kind, f.victim = kind, victim
	s.faults[kind]++
	s.note("%s %s for %v", kind, f.what, f.lasts)
	return f
}

func (s *storm) end(f fault) {
	s.t.Helper()
	if f.mend != nil {
		f.mend()
	}
	s.note("end %s %s", f.kind, f.what)
}

// otherThan draws a host that is not that one.
func (s *storm) otherThan(host int) int {
	return (host + 1 + s.rng.IntN(len(s.hosts)-1)) % len(s.hosts)
}

// heal returns what ends the rules of these. It leaves alone who has none: each
// takes time, and what heals is measured.
func heal(hosts ...*lab.Host) func() {
	return func() {
		for _, h := range hosts {
			h.Heal()
		}
	}
}

func (s *storm) cable(victim int) fault {
	h := s.hosts[victim]
	h.Unplug()
	return fault{what: h.Name, lasts: s.between(time.Second, 14*time.Second), mend: h.Plug}
}

func (s *storm) flap(victim int) fault {
	h := s.hosts[victim]
	times := 2 + s.rng.IntN(5)
	for range times {
		h.Unplug()
		pause(s.l, s.between(50*time.Millisecond, 800*time.Millisecond))
		h.Plug()
		pause(s.l, s.between(50*time.Millisecond, 800*time.Millisecond))
	}
	return fault{what: fmt.Sprintf("%s, %d times", h.Name, times)}
}

// programOn returns a host that runs the program, that one if it does: what runs on
// the others is a browser.
func (s *storm) programOn(victim int) int {
	for s.nodes[victim].process == nil {
		victim = (victim + 1) % len(s.nodes)
	}
	return victim
}

func (s *storm) kill(victim int) fault {
	victim = s.programOn(victim)
	s.nodes[victim].crash()
	f := fault{
		what: s.nodes[victim].trace.Name,
		mend: func() { s.nodes[victim] = s.start(victim) },
	}
	if s.rng.IntN(2) == 0 {
		f.lasts = s.between(0, 9*time.Second)
	}
	return f
}

func (s *storm) sleep(victim int) fault {
	p := s.nodes[s.programOn(victim)].process
	p.Signal(syscall.SIGSTOP)
	return fault{
		what:  p.Name,
		lasts: s.between(time.Second, 11*time.Second),
		mend:  func() { p.Signal(syscall.SIGCONT) },
	}
}

func (s *storm) readdress(victim int) fault {
	h := s.hosts[victim]
	before := h.Addr
	h.Readdress()
	return fault{what: fmt.Sprintf("%s from %v to %v", h.Name, before, h.Addr)}
}

// jump sets a clock forth or back by seconds, minutes or years. Half of them are
// set right again after a while; the others stay as they are until the next.
func (s *storm) jump(victim int) fault {
	h := s.hosts[victim]
	unit := []time.Duration{time.Second, time.Minute, year}[s.rng.IntN(3)]
	by := unit + time.Duration(s.rng.Float64()*49*float64(unit))
	if s.rng.IntN(2) == 0 {
		by = -by
	}
	h.MoveClock(by)
	f := fault{what: fmt.Sprintf("at %s to %s", h.Name, h.Clock().Format(time.DateTime)), lasts: s.between(time.Second, 11*time.Second)}
	if s.rng.IntN(2) == 0 {
		f.mend = func() { h.MoveClock(0) }
	}
	return f
}

func (s *storm) block(victim int) fault {
	a, b := s.hosts[victim], s.hosts[s.otherThan(victim)]
	lab.BlockPair(a, b)
	return fault{what: a.Name + " and " + b.Name, lasts: s.between(2*time.Second, 14*time.Second), mend: heal(a, b)}
}

func (s *storm) lose(victim int) fault {
	h := s.hosts[victim]
	percent := 10 + 20*s.rng.Float64()
	h.Lose(percent)
	return fault{what: fmt.Sprintf("%.0f %% at %s", percent, h.Name), lasts: s.between(2*time.Second, 9*time.Second), mend: heal(h)}
}

// oneWay has one host not hear another that hears it, or not hear anybody.
func (s *storm) oneWay(victim int) fault {
	h := s.hosts[victim]
	f := fault{lasts: s.between(2*time.Second, 12*time.Second), mend: heal(h)}
	if s.rng.IntN(2) == 0 {
		h.Block(slices.DeleteFunc(slices.Clone(s.hosts), func(other *lab.Host) bool { return other == h })...)
		f.what = h.Name + " is deaf"
		return f
	}
	other := s.hosts[s.otherThan(victim)]
	h.Block(other)
	f.what = h.Name + " does not hear " + other.Name
	return f
}

// partition splits the hosts into two or three parts, each of one at least.
func (s *storm) partition(int) fault {
	parts := make([][]*lab.Host, 2+s.rng.IntN(2))
	names := make([]string, len(parts))
	for i, at := range s.rng.Perm(len(s.hosts)) {
		part := i
		if i >= len(parts) {
			part = s.rng.IntN(len(parts))
		}
		parts[part] = append(parts[part], s.hosts[at])
		names[part] += " " + s.hosts[at].Name
	}
	s.sw.Partition(parts...)
	return fault{what: fmt.Sprintf("%q", names), lasts: s.between(2*time.Second, 14*time.Second), mend: s.sw.Whole}
}
