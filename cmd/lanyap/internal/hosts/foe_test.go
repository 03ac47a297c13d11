//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// tallyEvery is how often a foe tells what came of what it does.
const tallyEvery = 250 * time.Millisecond

// playFoe does what each line of input orders, see package hostile, all of it beside
// each other, and tells again and again what has come of it in all.
func playFoe(in *bufio.Scanner, out *json.Encoder) error {
	n, failed := hostile.NewTally(), make(chan error, 1)
	go func() {
		for in.Scan() {
			var o hostile.Order
			err := json.Unmarshal(in.Bytes(), &o)
			if err == nil {
				go func() { failed <- hostile.Run(context.Background(), o, n) }()
				continue
			}
			failed <- err
		}
	}()
	for tick := time.Tick(tallyEvery); ; {
		select {
		case err := <-failed:
			return err
		case <-tick:
			if err := out.Encode(tally{"tally", n.Counts()}); err != nil {
				return err
			}
		}
	}
}

type tally struct {
	Type   string         `json:"type"`
	Counts map[string]int `json:"counts"`
}

// foe is a hostile program on a host.
type foe struct {
	*lab.Process
	mu   sync.Mutex // guards came
	came map[string]int
}

func startFoe(t *testing.T, h *lab.Host, orders ...hostile.Order) *foe {
	t.Helper()
	return playedBy(t, h, orders)
}

// playedBy starts a foe with something in its environment.
func playedBy(t *testing.T, h *lab.Host, orders []hostile.Order, env ...string) *foe {
	t.Helper()
	f := &foe{}
	f.Process = h.Start(lab.Program{Path: self(t), Env: append(env, roleVariable+"=foe"), Watch: f.hear})
	f.order(orders...)
	return f
}

// hear keeps the last of what it tells.
func (f *foe) hear(ev lab.Event) {
	var said tally
	if json.Unmarshal([]byte(ev.Raw), &said) == nil {
		f.mu.Lock()
		f.came = said.Counts
		f.mu.Unlock()
	}
}

func (f *foe) order(orders ...hostile.Order) {
	f.T.Helper()
	for _, o := range orders {
		line, err := json.Marshal(o)
		if err != nil {
			f.T.Fatal(err)
		}
		f.Say(string(line))
	}
}

// count returns how often something has come of it.
func (f *foe) count(what string) int { return f.counts()[what] }

func (f *foe) counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.came // which nobody changes
}

// awaits waits until something has come of it so often.
func (f *foe) awaits(l *lab.Lab, what string, n int) {
	f.T.Helper()
	// A foe is a program among many on a machine that is short of time.
	const limit = 9 * patience
	if !l.Until(limit, func() bool { return f.Ended() || f.count(what) >= n }) || f.Ended() {
		f.T.Fatalf("after %v %s has not done %q %d times, but %v: %s", limit, f.Host.Name, what, n, f.counts(), f.Stderr())
	}
}
