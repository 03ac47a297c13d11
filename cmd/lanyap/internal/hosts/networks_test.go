//go:build linux

package hosts

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestNetworks has everyone find everyone and hear everyone, on networks of
// many kinds.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		n    int
		cfg  lab.HostConfig
	}{
		{"two hosts", 2, lab.HostConfig{}},
		{"sixteen hosts", 16, lab.HostConfig{}},
		{"no default route", 3, lab.HostConfig{NoRoute: true}},
		{"IPv4 only", 3, lab.HostConfig{NoIPv6: true}},
		{"IPv4 only, no default route", 2, lab.HostConfig{NoIPv6: true, NoRoute: true}},
		{"IPv6 link-local only", 3, lab.HostConfig{NoIPv4: true}},
		{"default route over docker", 3, lab.HostConfig{Docker: true}},
		{"default route over docker, IPv6 only", 2, lab.HostConfig{Docker: true, NoIPv4: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			nodes := chatAll(t, l.Switch().Hosts(c.n, c.cfg))
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// TestOneSwitchTwoKinds puts hosts together that have only one family each
// with one that has both.
func TestOneSwitchTwoKinds(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	s := l.Switch()
	both := s.Host(lab.HostConfig{})
	four := s.Host(lab.HostConfig{NoIPv6: true})
	six := s.Host(lab.HostConfig{NoIPv4: true})
	nodes := chatAll(t, []*lab.Host{both, four, six})
	l.Await(patience, "the one with both sees both", func() bool { return nodes[0].Present() == 2 })
	l.Await(patience, "each sees the one with both", func() bool { return nodes[1].Sees(nodes[0]) && nodes[2].Sees(nodes[0]) })
	tell(t, l, nodes[0], nodes[1:])
	verify(t, l, nodes...)
}

// TestMachineAlone runs nodes on a machine that has only its loopback
// interface.
func TestMachineAlone(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{NoCable: true})
	nodes := []*lab.Process{chat(t, h, "--name", "a"), chat(t, h, "--name", "b"), chat(t, h, "--name", "c")}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestOneStateDirectory starts four nodes of one user at once on a machine on
// which there is no identity yet. They are one person and four members.
func TestOneStateDirectory(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{})
	nodes := chatAll(t, []*lab.Host{h, h, h, h})
	awaitMesh(t, l, nodes)
	instances := make(map[string]bool)
	for _, p := range nodes {
		if p.Self().ID != nodes[0].Self().ID {
			t.Errorf("ID %s and %s in one state directory", p.Self().ID, nodes[0].Self().ID)
		}
		instances[p.Self().Instance] = true
	}
	if len(instances) != len(nodes) {
		t.Errorf("%d instances of %d nodes", len(instances), len(nodes))
	}
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
	private(t, h.StateDir)

	// The identity stays.
	again := chat(t, h)
	l.Await(patience, "ready again", again.Ready)
	if again.Self().ID != nodes[0].Self().ID {
		t.Errorf("ID %s after a restart, %s before", again.Self().ID, nodes[0].Self().ID)
	}
	if again.Self().Instance == nodes[0].Self().Instance {
		t.Error("the same instance after a restart")
	}
}

// private checks that nobody else can read what is in a state directory, and
// that it holds no temporary files.
func private(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if files == 0 || files > 2 {
		t.Errorf("%d files in the state directory, want the identity and at most a lock", files)
	}
}

// TestEphemeral leaves nothing behind, each start is somebody else.
func TestEphemeral(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{})
	nodes := []*lab.Process{chat(t, h, "--ephemeral"), chat(t, h, "--ephemeral")}
	awaitMesh(t, l, nodes)
	if nodes[0].Self().ID == nodes[1].Self().ID {
		t.Error("two ephemeral nodes have one ID")
	}
	quit(t, nodes...)
	if left, err := os.ReadDir(h.StateDir); err != nil || len(left) > 0 {
		t.Errorf("the state directory holds %v, %v", left, err)
	}
}

// TestReadyAddresses checks what a node says of where it answers.
func TestReadyAddresses(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{Docker: true})
	p := chat(t, h)
	l.Await(patience, "ready", p.Ready)
	ready, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "ready" })
	var found bool
	for _, addr := range ready.Addrs {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || port != "7475" {
			t.Errorf("address %q: %v, want port 7475", addr, err)
		}
		found = found || host == h.Addr.String()
	}
	if !found {
		t.Errorf("answers at %v, want %v among it", ready.Addrs, h.Addr)
	}
}

// TestTwoRooms keeps rooms on one network apart.
func TestTwoRooms(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	red := chatAll(t, hosts[:2], "--room", "red")
	blue := chatAll(t, hosts[2:], "--room", "blue")
	awaitMesh(t, l, red)
	awaitMesh(t, l, blue)
	talk(t, l, red)
	talk(t, l, blue)
	if !meshed(red) || !meshed(blue) {
		t.Error("somebody of another room has joined")
	}
	verify(t, l, append(red, blue...)...)
}
