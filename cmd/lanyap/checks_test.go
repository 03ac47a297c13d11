package main

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

var (
	eth0 = discovery.Interface{Name: "eth0", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.7")}, Running: true}
	tun0 = discovery.Interface{Name: "tun0", Addrs: []netip.Addr{netip.MustParseAddr("10.8.0.2")}, Running: true, Unused: "it is a point-to-point link"}
	lo   = discovery.Interface{Name: "lo", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loopback: true, Running: true}
)

// healthy are the facts of a machine on which all is well.
func healthy() facts {
	return facts{
		ifaces:  []discovery.Interface{eth0},
		reports: []discovery.Report{{Interface: eth0, Family: "IPv4", Heard: true, Others: []netip.Addr{netip.MustParseAddr("10.0.0.8")}}},
		members: 1,
		route:   "eth0",
		now:     time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		built:   written,
		state:   stateFacts{dir: "/state", mode: fs.ModeDir | 0o700},
	}
}

func TestHealthy(t *testing.T) {
	for _, c := range healthy().diagnose() {
		if !c.ok() || c.text == "" {
			t.Errorf("%s: %s: %s", c.name, c.text, c.todo)
		}
	}
}

func TestDiagnoses(t *testing.T) {
	timeout := mesh.Sighting{Instance: "0a", Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.8:7475")}, Err: errorAbout(peer.ErrTimeout)}
	udp, version, secret := timeout, timeout, timeout
	udp.Err, version.Err, secret.Err = errorAbout(peer.ErrUDP), errorAbout(peer.ErrVersion), errorAbout(peer.ErrSecret)
	all := make([]int, lastPort-firstPort+1)
	tests := []struct {
		name  string
		harm  func(*facts)
		check string // the one that has to notice; empty: none
		want  string // in what is to be done, or in the text where nothing is
	}{
		{"only the loopback", func(f *facts) { f.ifaces = []discovery.Interface{lo} }, "interfaces", "connect to a network"},
		{"unknown interface", func(f *facts) { f.ifacesErr = errors.New("discovery: interface eth9: there is no such interface") }, "interfaces", "--iface"},
		{"multicast does not come back", func(f *facts) { f.reports[0].Heard = false }, "multicast", "5353"},
		{"multicast cannot be sent", func(f *facts) { f.reports[0].Err = fs.ErrPermission }, "multicast", "5353"},
		{"port 5353 is another's", func(f *facts) { f.reports[0].Err = discovery.ErrPort }, "multicast", "find that program"},
		{"no report at all", func(f *facts) { f.reports = nil }, "multicast", "--join"},
		{"one version of IP is enough", func(f *facts) {
			f.reports = append(f.reports, discovery.Report{Interface: eth0, Family: "IPv6"})
		}, "", "eth0 IPv6"},
		{"a port is taken", func(f *facts) { f.busy = []int{7475} }, "", "1 of 7475 to 7490"},
		{"all ports are taken", func(f *facts) { f.busy = all }, "ports", "--port"},
		{"UDP is blocked", func(f *facts) { f.sightings = []mesh.Sighting{udp} }, "firewall", "TCP and UDP ports 7475 to 7490"},
		{"UDP is blocked and ufw is on", func(f *facts) { f.sightings, f.firewall = []mesh.Sighting{udp}, "ufw" }, "firewall", "sudo ufw allow 7475:7490/tcp && sudo ufw allow 7475:7490/udp"},
		{"some do not answer", func(f *facts) { f.sightings = []mesh.Sighting{timeout} }, "firewall", "here and there"},
		{"ufw is on and others answer", func(f *facts) { f.firewall = "ufw" }, "", "ufw is on"},
		{"all are heard and nobody answers", func(f *facts) { f.members, f.sightings = 0, []mesh.Sighting{timeout} }, "access point", "isolation"},
		{"empty network", func(f *facts) { f.members, f.reports[0].Others = 0, nil }, "", "keeps its clients apart"},
		{"other version", func(f *facts) { f.sightings = []mesh.Sighting{version} }, "others", "update lanyap"},
		{"other secret, nobody reached", func(f *facts) { f.members, f.sightings = 0, []mesh.Sighting{secret} }, "others", "ask for the secret of that room"},
		{"other secret, others reached", func(f *facts) { f.sightings = []mesh.Sighting{secret} }, "", "10.0.0.8:7475 not reached: is in a room of this name with another secret"},
		{"could not join", func(f *facts) { f.joinErr = portTaken }, "others", "--port"},
		{"VPN, nobody reached", func(f *facts) { f.members, f.route, f.ifaces = 0, "tun0", []discovery.Interface{eth0, tun0} }, "default route", "disconnect"},
		{"VPN, others reached", func(f *facts) { f.route, f.ifaces = "tun0", []discovery.Interface{eth0, tun0} }, "", "reached all the same"},
		{"docker bridge, nobody reached", func(f *facts) { f.members, f.route = 0, "docker0" }, "default route", "--iface"},
		{"VPN takes the local network", func(f *facts) { f.strays = []string{"eth0"} }, "default route", "local network"},
		{"no default route", func(f *facts) { f.route = "" }, "", "none is needed"},
		{"clock", func(f *facts) { f.now = time.Unix(0, 0) }, "clock", "set this machine's clock"},
		{"state directory is open to others", func(f *facts) { f.state.mode = fs.ModeDir | 0o755 }, "state directory", "chmod 700 /state"},
		{"state directory cannot be written", func(f *facts) { f.state.err = fs.ErrPermission }, "state directory", "LANYAP_STATE_DIR"},
		{"state directory is not there yet", func(f *facts) { f.state.mode = 0 }, "", "will be made"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := healthy()
			f.reports = slices.Clone(f.reports)
			tt.harm(&f)
			noticed := tt.check == ""
			var all []string
			for _, c := range f.diagnose() {
				all = append(all, c.name+": "+c.text+": "+c.todo)
				if tt.check == "" && !c.ok() {
					t.Errorf("%s: %s: %s, want all well", c.name, c.text, c.todo)
				}
				noticed = noticed || c.name == tt.check && !c.ok()
			}
			if !noticed {
				t.Errorf("%s did not notice", tt.check)
			}
			if text := strings.Join(all, "\n"); !strings.Contains(text, tt.want) {
				t.Errorf("nothing says %q:\n%s", tt.want, text)
			}
		})
	}
}

func TestUfwEnabled(t *testing.T) {
	for conf, want := range map[string]bool{
		"# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n": true,
		"ENABLED=no\n":   false,
		"#ENABLED=yes\n": false,
		"":               false,
	} {
		if got := ufwEnabled(conf); got != want {
			t.Errorf("ufwEnabled(%q) = %v", conf, got)
		}
	}
}

func TestNeighbour(t *testing.T) {
	ours := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for prefix, want := range map[string]string{"10.0.0.1/24": "10.0.0.2", "192.168.7.9/16": "192.168.0.1", "10.0.0.1/32": "", "fe80::1/64": ""} {
		got, ok := neighbour(netip.MustParsePrefix(prefix), ours)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("neighbour in %s is %v, %v; want %q", prefix, got, ok, want)
		}
	}
}

func TestDoctorOutput(t *testing.T) {
	found := []check{{name: "clock", text: "says\x1b noon"}, {name: "ports", text: "all taken", todo: "free one"}}
	var out buffer
	a := &app{stdout: &out}
	if err := a.showChecks(found, false); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "ok    clock: says␛ noon\nTODO  ports: all taken: free one\n"; got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	p := &program{t: t}
	a = &app{stdout: &p.out}
	if err := a.showChecks(found, true); err != nil {
		t.Fatal(err)
	}
	checks := p.of("check")
	if len(checks) != 2 || checks[0]["ok"] != true || checks[1]["ok"] != false || checks[1]["todo"] != "free one" {
		t.Errorf("JSON output %v", checks)
	}
}

func TestExamineState(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		dir     string
		missing bool
	}{"there": {dir, false}, "not there": {dir + "/a/b", true}} {
		a := &app{env: func(key string) (string, bool) { return map[string]string{"LANYAP_STATE_DIR": tt.dir}[key], true }}
		got := a.examineState(false)
		if got.err != nil || (got.mode == 0) != tt.missing {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
