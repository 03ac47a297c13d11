//go:build linux

package hosts

import (
	"os"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestSendAroundFirewall sends to a host that lets nobody call: what it called
// itself, the link, carries the file.
func TestSendAroundFirewall(t *testing.T) {
	t.Parallel()
	for name, close := range map[string]func(*lab.Host){
		"receiver drops":   (*lab.Host).Firewall,
		"receiver rejects": (*lab.Host).Reject,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, a, b := pair(t)
			close(b)
			path := file(t, a, "film", 8<<20)
			to := receive(t, l, b)
			arrives(t, send(t, a, path, "--to", b.Name), to, path)
		})
	}
}

// TestSendThroughThird sends between two that hear nothing of each other.
func TestSendThroughThird(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	a, b := hosts[0], hosts[1]
	lab.BlockPair(a, b)
	third := chat(t, hosts[2], "--listen")
	l.Await(patience, "the third is ready", third.Ready)
	path := file(t, a, "film", 2<<20)
	to := receive(t, l, b)
	arrives(t, send(t, a, path, "--to", b.Name, "--timeout", "20s"), to, path)
}

// TestSendOverLoss loses packets on the way to the receiver.
func TestSendOverLoss(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{PlainNIC: true})
	a, b := hosts[0], hosts[1]
	b.Lose(2)
	path := file(t, a, "film", 16<<20)
	to := receive(t, l, b)
	arrives(t, send(t, a, path), to, path)
}

// TestSendToFullDisk tells both sides at once that there is no room, and leaves
// nothing that looks as if it was whole.
func TestSendToFullDisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		reason string
	}{
		"full":      {"mount -t tmpfs -o size=8m tmpfs inbox", "no_space"},
		"read-only": {"mount -t tmpfs -o ro tmpfs inbox", "read_only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, a, b := pair(t)
			inbox(t, b)
			to := b.Start(lab.Program{
				Path: "/bin/sh",
				Args: []string{"-c", `mount --make-rprivate / && ` + c.script +
					` && "$0" receive inbox --json --yes --name "$1"; code=$?; ls inbox >&2; exit $code`, lab.Build(t, program), b.Name},
				Mount: true,
			})
			l.Await(patience, "it receives", to.Ready)
			from := send(t, a, file(t, a, "too much", 32<<20), "--to", b.Name)
			exits(t, from, patience, 6)
			exits(t, to, patience, 6)
			hinted(t, from)
			hinted(t, to)
			for _, p := range []*lab.Process{from, to} {
				if got := ended(p); got != c.reason {
					t.Errorf("%s: ended for the reason %q, want %s", p.Host.Name, got, c.reason)
				}
			}
			if strings.Contains(to.Stderr(), "\ntoo much") {
				t.Errorf("something is there that looks whole: %s", to.Stderr())
			}
		})
	}
}

// ended returns why a transfer ended, before or after the other side said yes.
func ended(p *lab.Process) string {
	return last(p, "failed").Reason + last(p, "refused").Reason
}

// visible returns the names that a host has received, without what is hidden.
func visible(t testing.TB, h *lab.Host) []string {
	t.Helper()
	entries, err := os.ReadDir(inbox(t, h))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}
