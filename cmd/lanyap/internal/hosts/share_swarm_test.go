//go:build linux

package hosts

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

const (
	showSize = 96 << 20
	showRate = 200 // Mbit a second, of each host in each direction
)

// show is a film of which some hosts are to have a copy.
type show struct {
	*lab.Lab
	t     *testing.T
	hosts []*lab.Host // the first sends it
	path  string
	data  []byte
}

func newShow(t *testing.T, receivers int) *show {
	lab.Need(t, "tc")
	l := lab.New(t)
	f := &show{Lab: l, t: t, hosts: l.Switch().Hosts(receivers+1, lab.HostConfig{}), data: make([]byte, showSize)}
	for _, h := range f.hosts {
		h.Shape(showRate)
	}
	rand.NewChaCha8([32]byte{}).Read(f.data)
	f.path = filepath.Join(f.hosts[0].StateDir, "film")
	if err := os.WriteFile(f.path, f.data, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *show) folder(h *lab.Host) string { return filepath.Join(h.StateDir, "films") }

// receive starts a receiver on a host, and waits until it is ready.
func (f *show) receive(h *lab.Host) *lab.Process {
	f.t.Helper()
	if err := os.MkdirAll(f.folder(h), 0o700); err != nil {
		f.t.Fatal(err)
	}
	p := run(f.t, h, "receive", f.folder(h), "--yes", "--json", "--loop", "--name", h.Name)
	f.Await(patience, h.Name+" receives", p.Ready)
	return p
}

// send starts the sender, which waits so long for who vanishes.
func (f *show) send(patience string) *lab.Process {
	return run(f.t, f.hosts[0], "send", f.path, "--json", "--timeout", patience, "--name", "sender")
}

// here waits until a receiver has it, and returns when that was.
func (f *show) here(p *lab.Process, within time.Duration) time.Time {
	f.t.Helper()
	f.Await(within, p.Host.Name+" has it", func() bool {
		return p.Has(func(ev lab.Event) bool { return ev.Type == "received" })
	})
	got, err := os.ReadFile(filepath.Join(f.folder(p.Host), "film"))
	if err != nil || !bytes.Equal(got, f.data) {
		f.t.Errorf("%s has something else: %v", p.Host.Name, err)
	}
	ev, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "received" })
	return ev.At
}

// TestSwarmOfEight sends a file to one, and to eight, each with 200 Mbit a second
// in each direction: the sender uploads it about once, and all have it hardly later
// than one alone.
func TestSwarmOfEight(t *testing.T) {
	begun := func(p *lab.Process) time.Time {
		ev, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "accepted" })
		return ev.At
	}
	times := make(map[int]time.Duration)
	for _, n := range []int{1, 8} {
		f := newShow(t, n)
		var receivers []*lab.Process
		for _, h := range f.hosts[1:] {
			receivers = append(receivers, f.receive(h))
		}
		before, _ := f.hosts[0].Traffic()
		from := f.send("2s")
		var last time.Time
		for _, p := range receivers {
			if at := f.here(p, 2*time.Minute); at.After(last) {
				last = at
			}
		}
		exits(t, from, patience, 0)
		after, _ := f.hosts[0].Traffic()
		times[n] = last.Sub(begun(from))
		uploaded := float64(after-before) / showSize
		t.Logf("to %d: %v, the sender uploaded %.3f of it", n, times[n], uploaded)
		if uploaded > 2 { // 1.1, and 8 without a swarm
			t.Errorf("to %d: the sender uploaded %.3f of it", n, uploaded)
		}
		quit(t, receivers...)
	}
	if ratio := float64(times[8]) / float64(times[1]); ratio > 4 { // 1.3, and 8
		t.Errorf("to eight it took %.2f times as long as to one", ratio)
	}
}

// TestSwarmComesAndGoes kills one of four receivers in the middle, while another
// one comes: neither disturbs the rest, and the one that comes late has it too.
func TestSwarmComesAndGoes(t *testing.T) {
	f := newShow(t, 5)
	var receivers []*lab.Process
	for _, h := range f.hosts[1:5] {
		receivers = append(receivers, f.receive(h))
	}
	before, _ := f.hosts[0].Traffic()
	from := f.send("10s") // and as long there is somebody who offers it to the late one
	f.arrived(receivers[0].Host, showSize/3)
	receivers[0].Kill()
	late := f.receive(f.hosts[5])
	for _, p := range append(receivers[1:], late) {
		f.here(p, 2*time.Minute)
	}
	exits(t, from, 2*patience, 6) // who was killed has not all of it
	after, _ := f.hosts[0].Traffic()
	if uploaded := float64(after-before) / showSize; uploaded > 2.5 { // 1.1; 1.45 was seen beside eight busy loops
		t.Errorf("the sender uploaded %.3f of it", uploaded)
	} else {
		t.Logf("the sender uploaded %.3f of it", uploaded)
	}
	quit(t, append(receivers[1:], late)...)
}

// arrived waits until a host has received so many bytes.
func (f *show) arrived(h *lab.Host, bytes int64) {
	f.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		if _, received := h.Traffic(); received >= bytes {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("%s has not received %d bytes in %v", h.Name, bytes, patience)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
