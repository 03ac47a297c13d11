//go:build linux

package hosts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// output is all that a program printed on standard output.
func output(p *lab.Process) string { return strings.Join(p.Stdout(), "\n") }

// TestPeers lists who is here, and is nobody in their room.
func TestPeers(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	for _, args := range [][]string{{"peers", "--timeout", "3s"}, {"peers", "--json", "--timeout", "3s"}} {
		look := run(t, hosts[2], args...)
		exits(t, look, patience, 0)
		for _, p := range nodes {
			if !strings.Contains(output(look), p.Host.Name) || !strings.Contains(output(look), "7475") {
				t.Errorf("%v does not show %s and its address: %s", args, p.Host.Name, output(look))
			}
		}
	}
	for _, p := range nodes {
		if p.Present() != 1 || p.Has(func(ev lab.Event) bool { return ev.Type == "left" }) {
			t.Errorf("%s took the one who looked for a person", p.Host.Name)
		}
	}
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestPeersNotReached tells why somebody who was sighted is not here.
func TestPeersNotReached(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	other := chat(t, hosts[0], "--room", "other")
	walled := chat(t, hosts[1])
	l.Await(patience, "both are ready", func() bool { return other.Ready() && walled.Ready() })
	hosts[1].Firewall()
	hosts[2].Firewall() // or the one behind the wall would call
	// However soon somebody asks, who was sighted is shown, with what is known
	// by then: first that TCP is waited for, at last that it does not get through.
	for timeout, reason := range map[string]string{"1s": "TCP", "8s": "TCP does not get through"} {
		var look *lab.Process
		shown := func(lines ...string) bool {
			return !slices.ContainsFunc(lines, func(want string) bool { return !strings.Contains(output(look), want) })
		}
		l.Await(3*patience, "peers --timeout "+timeout+" shows both and "+reason, func() bool {
			if look == nil || look.Ended() {
				look = run(t, hosts[2], "peers", "--timeout", timeout)
			}
			return shown(hosts[0].Addr.String(), "is in another room", hosts[1].Addr.String(), reason)
		})
	}
}

func TestPeersAlone(t *testing.T) {
	t.Parallel()
	_, a, _ := pair(t)
	start := time.Now()
	look := run(t, a, "peers", "--timeout", "1s")
	if code := look.Wait(patience); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("gave up after %v, want 1s", took)
	}
}

// cableOut pulls the cable and waits until the system knows: who asks it before
// is told that all is well.
func cableOut(h *lab.Host) {
	h.Unplug()
	h.AwaitUnplugged()
}

// TestDoctor runs on machines that are well and on some that are not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg   lab.HostConfig
		fault func(*lab.Host)
		code  int // -1: a matter of taste
		shows string
	}{
		"all is well":        {lab.HostConfig{}, func(*lab.Host) {}, 0, "eth0"},
		"multicast filtered": {lab.HostConfig{}, (*lab.Host).NoMulticast, 1, "multicast"},
		"docker first":       {lab.HostConfig{Docker: true}, func(*lab.Host) {}, -1, "docker0"},
		"cable out":          {lab.HostConfig{}, cableOut, 1, "eth0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(2, c.cfg)
			l.Await(patience, "somebody is there", chat(t, hosts[1]).Ready)
			c.fault(hosts[0])
			doctor := run(t, hosts[0], "doctor")
			doctor.Wait(patience)
			if c.code >= 0 {
				exits(t, doctor, patience, c.code)
			}
			if !strings.Contains(output(doctor), c.shows) {
				t.Errorf("does not mention %s: %s", c.shows, output(doctor))
			}
			again := run(t, hosts[0], "doctor", "--json")
			if again.Wait(patience); !strings.HasPrefix(output(again), "{") {
				t.Errorf("no JSON: %s", output(again))
			}
		})
	}
}
