//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// limited starts the program with so many file descriptors.
func limited(t testing.TB, h *lab.Host, files int, args ...string) *lab.Process {
	t.Helper()
	script := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, files)
	return h.Start(lab.Program{Path: "/bin/sh", Args: append([]string{"-c", script, lab.Build(t, program)}, args...)})
}

// TestFewDescriptors runs a node that may open 64 files, which the dials to
// addresses where nobody answers alone would take: whoever is here is linked
// all the same, and comes back after a fault that makes it dial everybody.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(8, lab.HostConfig{})
	args := []string{"chat", "--json", "--name", hosts[0].Name}
	for i := range 24 {
		args = append(args, "--join", fmt.Sprintf("10.77.0.%d", 200+i))
	}
	poor := limited(t, hosts[0], 64, args...)
	l.Await(patience, "it is ready", poor.Ready)
	nodes := append([]*lab.Process{poor}, chatAll(t, hosts[1:])...)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	hosts[0].Unplug()
	l.Await(patience, "it is alone", func() bool { return poor.Present() == 0 })
	hosts[0].Plug()
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestTooFewDescriptors says what is missing where a node cannot even start.
func TestTooFewDescriptors(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{})
	look := limited(t, h, 9, "chat", "--json")
	l.Await(patience, "it ends or is ready", func() bool { return look.Ended() || look.Ready() })
	if !look.Ended() {
		look.Kill()
		t.Skip("here it gets by with nine files, and Go's runtime itself with no fewer")
	}
	exits(t, look, patience, 1)
	hinted(t, look)
	if !strings.Contains(look.Stderr(), "ulimit -n") {
		t.Errorf("no hint how to open more files: %s", look.Stderr())
	}
}
