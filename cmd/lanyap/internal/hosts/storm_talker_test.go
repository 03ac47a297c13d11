//go:build linux

package hosts

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// speaker is a program, or a page in a browser.
type speaker interface {
	member
	TrySay(lines ...string) error // for any goroutine
	Ended() bool
	Stderr() string
}

// talker is one start of the program, with what makes it talk and what keeps
// what it says.
type talker struct {
	speaker
	process *lab.Process // nil: it is a page
	trace   *lab.Trace
	file    *os.File
	log     *bufio.Writer             // into file; of the goroutine that reads the program's output
	changed atomic.Pointer[time.Time] // when it last showed that somebody came or went

	rng  *rand.Rand
	said int // lines; of the talking goroutine until hush
	stop chan struct{}
	once sync.Once // closes stop
	done chan struct{}
}

// start starts the program on a host and has it talk.
func (s *storm) start(host int) *talker {
	s.t.Helper()
	p := s.talker(host)
	p.process = s.hosts[host].Start(lab.Program{
		Path:  s.program,
		Args:  []string{"chat", "--json", "--history", "1000", "--name", p.trace.Name},
		Watch: p.watch,
	})
	p.speaker = p.process
	go p.talk()
	return p
}

// talker makes one that is not started.
func (s *storm) talker(host int) *talker {
	s.t.Helper()
	number := len(s.all)
	name := fmt.Sprintf("%s-%d", s.hosts[host].Name, number)
	file, err := os.Create(filepath.Join(s.dir, name+logSuffix))
	if err != nil {
		s.t.Fatal(err)
	}
	p := &talker{
		trace: &lab.Trace{Name: name},
		file:  file,
		log:   bufio.NewWriterSize(file, 64<<10),
		rng:   rand.New(rand.NewPCG(*stormSeed, uint64(number)+1)),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	s.all = append(s.all, p)
	return p
}

func (p *talker) watch(ev lab.Event) {
	p.trace.Add(ev)
	if ev.Type == "joined" || ev.Type == "left" {
		p.changed.Store(&ev.At)
	}
	// What cannot be written is missed by people only; the trace has it.
	_, _ = p.log.WriteString(ev.Logged() + "\n")
}

// talk says something at the rate of the run until it is hushed or the program
// is gone. While the program does not read it waits.
func (p *talker) talk() {
	defer close(p.done)
	tick := time.NewTicker(time.Duration(float64(time.Second) / *stormRate))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.stop:
			return
		}
		if p.sayNext() != nil {
			return
		}
	}
}

// sayNext says something that nobody else says, a few hundred bytes as a rule
// and some KiB at times.
func (p *talker) sayNext() error {
	size := p.rng.IntN(400)
	if p.rng.IntN(20) == 0 {
		size = p.rng.IntN(8 << 10)
	}
	text := fmt.Sprintf("%s says %d %s", p.trace.Name, p.said+1, strings.Repeat("x", size))
	if err := p.TrySay(text); err != nil {
		return err
	}
	p.said++
	return nil
}

// hush ends the talk.
func (p *talker) hush() {
	p.once.Do(func() { close(p.stop) })
	<-p.done
}

// crash kills the program, as kill -9 does.
func (p *talker) crash() {
	p.trace.Kill()
	p.process.Kill()
	p.process.Wait(patience)
	p.hush()
	_ = os.Rename(p.file.Name(), p.path(killedSuffix))
}

// The logs of programs that were killed have another suffix.
const (
	logSuffix    = ".jsonl"
	killedSuffix = ".killed" + logSuffix
)

func (p *talker) path(suffix string) string {
	return strings.TrimSuffix(p.file.Name(), logSuffix) + suffix
}

// close is called when the program has ended.
func (p *talker) close() {
	p.once.Do(func() { close(p.stop) })
	_ = p.log.Flush()
	_ = p.file.Close()
	if errs := p.Stderr(); errs != "" {
		_ = os.WriteFile(p.path(".stderr"), []byte(errs), 0o600)
	}
}
