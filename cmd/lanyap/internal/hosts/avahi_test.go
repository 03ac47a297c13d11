//go:build linux

package hosts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type>
 <listen>unix:path=%s</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
  <allow own="*"/>
 </policy>
</busconfig>
`

const avahiConfig = `[server]
host-name=avahi-host
use-ipv4=yes
use-ipv6=yes
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
`

// avahi is a host with Debian's avahi-daemon on it, and a message bus of its
// own to talk to it.
type avahi struct {
	host *lab.Host
	bus  string // what finds the bus
}

func startAvahi(t *testing.T, l *lab.Lab, h *lab.Host) avahi {
	t.Helper()
	lab.Need(t, "avahi-daemon", "avahi-browse", "dbus-daemon")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	socket := filepath.Join(dir, "bus")
	config := write("bus.conf", fmt.Sprintf(busConfig, socket))
	bus := h.Start(lab.Program{Path: "dbus-daemon", Args: []string{"--nofork", "--nopidfile", "--print-address", "--config-file=" + config}})
	l.Await(patience, "the bus is there", func() bool { return len(bus.Stdout()) > 0 })
	a := avahi{host: h, bus: "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + socket}
	// The daemon keeps its files in /run/avahi-daemon, which may be another's.
	script := `mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$0"`
	daemon := h.Start(lab.Program{
		Path: "/bin/sh", Args: []string{"-c", script, write("avahi.conf", avahiConfig)},
		Env: []string{a.bus}, Mount: true,
	})
	l.Await(patience, "avahi has started", func() bool { return strings.Contains(daemon.Stderr(), "Server startup complete") })
	return a
}

// browse starts avahi-browse, which prints one line for each thing it learns:
// "+;eth0;IPv4;NAME;…" found, "=;…;HOST;ADDRESS;PORT;TXT" resolved, "-;…" gone.
func (a avahi) browse(flags string) *lab.Process {
	return a.host.Start(lab.Program{Path: "avahi-browse", Args: []string{flags, "_lanyap._tcp"}, Env: []string{a.bus}})
}

// shows reports whether avahi-browse printed such a line about an instance.
func shows(browse *lab.Process, mark string, instance string) bool {
	return slices.ContainsFunc(browse.Stdout(), func(line string) bool {
		fields := strings.Split(line, ";")
		return len(fields) > 3 && fields[0] == mark && fields[3] == instance
	})
}

// TestAvahi has a foreign implementation of DNS-SD on one of the hosts. It sees
// our nodes, on its own host and on others, and they see each other.
func TestAvahi(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	a := startAvahi(t, l, hosts[0])
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)

	watch := a.browse("-rp")
	l.Await(patience, "avahi resolves every node", func() bool {
		for _, p := range nodes {
			if !shows(watch, "=", p.Self().Instance) {
				return false
			}
		}
		return true
	})
	list := a.browse("-rtp")
	if code := list.Wait(patience); code != 0 {
		t.Errorf("avahi-browse -rtp: exit code %d: %s", code, list.Stderr())
	}
	for _, p := range nodes {
		checkResolved(t, list, p)
	}

	leaver, rest := nodes[1], nodes[:1]
	rest = append(rest, nodes[2])
	quit(t, leaver)
	start := time.Now()
	// Without a goodbye it would stay for the records' lifetime, minutes.
	l.Await(6*time.Second, "avahi loses who left", func() bool { return shows(watch, "-", leaver.Self().Instance) })
	t.Logf("lost %v after the end of the program", time.Since(start))
	list = a.browse("-rtp")
	list.Wait(patience)
	if shows(list, "+", leaver.Self().Instance) || !shows(list, "=", rest[0].Self().Instance) {
		t.Errorf("avahi lists %q, want %v without %v", list.Stdout(), rest[0].Self(), leaver.Self())
	}

	rest = append(rest, chat(t, hosts[1]))
	awaitMesh(t, l, rest)
	l.Await(patience, "avahi resolves the new node", func() bool { return shows(watch, "=", rest[2].Self().Instance) })
	talk(t, l, rest)
	verify(t, l, append(rest, leaver)...)
	quit(t, rest...)
}

// checkResolved checks what avahi knows of a node against what the node says.
func checkResolved(t *testing.T, list, node *lab.Process) {
	t.Helper()
	self := node.Self()
	found := false
	for _, line := range list.Stdout() {
		fields := strings.Split(line, ";")
		if len(fields) < 10 || fields[0] != "=" || fields[3] != self.Instance {
			continue
		}
		found = true
		if fields[6] != self.Instance+".local" || fields[8] != "7475" {
			t.Errorf("resolves to %s port %s, want %s.local port 7475", fields[6], fields[8], self.Instance)
		}
		for _, text := range []string{`"v=1"`, `"i=` + self.Instance + `"`, `"r=`} {
			if !strings.Contains(fields[9], text) {
				t.Errorf("%s is not in the TXT record: %s", text, fields[9])
			}
		}
		for _, secret := range []string{self.ID, self.Name} {
			if strings.Contains(line, secret) {
				t.Errorf("%s is advertised: %s", secret, line)
			}
		}
	}
	if !found {
		t.Errorf("%s is not listed: %q", self.Instance, list.Stdout())
	}
}
