//go:build linux

package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program that the tests run on hosts: it prints
// each datagram that comes to port 9000 as an event, and sends for each line
// "ADDRESS TEXT" on its standard input a datagram.
func TestMain(m *testing.M) {
	switch os.Getenv("LAB_HELPER") {
	case "":
	case "raise":
		helpRaise()
		return
	default:
		helper()
		return
	}
	os.Exit(Main(m))
}

func helper() {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: 9000})
	if err != nil {
		panic(err)
	}
	if group, err := net.ListenMulticastUDP("udp4", eth0(), &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 9001}); err == nil {
		go receive(group)
	}
	print := json.NewEncoder(os.Stdout)
	print.Encode(map[string]string{"type": "ready", "id": fmt.Sprint(os.Getpid())})
	go receive(conn)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		to, text, _ := strings.Cut(in.Text(), " ")
		addr, err := netip.ParseAddrPort(to)
		if err != nil {
			panic(err)
		}
		if _, err := conn.WriteToUDPAddrPort([]byte(text), addr); err != nil {
			print.Encode(map[string]string{"type": "warning", "text": err.Error()})
		}
	}
}

func eth0() *net.Interface {
	ifi, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil
	}
	return ifi
}

func receive(conn *net.UDPConn) {
	print := json.NewEncoder(os.Stdout)
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		print.Encode(map[string]any{"type": "message", "text": string(buf[:n]), "from": Ident{ID: from.String()}})
	}
}

// start runs the helper on every host.
func start(t *testing.T, hosts ...*Host) []*Process {
	t.Helper()
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var helpers []*Process
	for _, h := range hosts {
		helpers = append(helpers, h.Start(Program{Path: bin, Env: []string{"LAB_HELPER=1"}}))
	}
	for _, p := range helpers {
		p.Host.lab.Await(10*time.Second, p.Host.Name+" is ready", p.Ready)
	}
	return helpers
}

func send(p *Process, to netip.Addr, text string) {
	p.T.Helper()
	p.Say(netip.AddrPortFrom(to, 9000).String() + " " + text)
}

// expect sends from a to b and fails unless the outcome is want. A packet that
// has to get lost is followed by one to a itself, which comes last.
func expect(t *testing.T, want bool, a, b *Process, to netip.Addr, text string) {
	t.Helper()
	send(a, to, text)
	l := a.Host.lab
	if want {
		l.Await(5*time.Second, fmt.Sprintf("%s heard %q", b.Host.Name, text), func() bool { return b.Heard(text) })
		return
	}
	if l.Until(100*time.Millisecond, func() bool { return b.Heard(text) }) {
		t.Errorf("%s heard %q", b.Host.Name, text)
	}
}

func TestHostsReachEachOther(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(3, HostConfig{})
	p := start(t, hosts...)
	expect(t, true, p[0], p[1], hosts[1].Addr, "over IPv4")
	expect(t, true, p[0], p[2], hosts[2].Addr6.WithZone("eth0"), "over IPv6")
	expect(t, true, p[0], p[0], netip.MustParseAddr("127.0.0.1"), "loopback")
}

// TestManyHosts has 64 hosts send each other a packet, which takes more
// neighbours than the kernel keeps.
func TestManyHosts(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(64, HostConfig{})
	helpers := start(t, hosts...)
	for _, p := range helpers {
		for _, h := range hosts {
			send(p, h.Addr, "over IPv4")
			send(p, h.Addr6.WithZone("eth0"), "over IPv6")
		}
	}
	complete := func() bool {
		for _, p := range helpers {
			p.mu.Lock()
			got := len(p.events)
			p.mu.Unlock()
			if got < 1+2*len(hosts) {
				return false
			}
		}
		return true
	}
	if !l.Until(time.Minute, complete) {
		t.Error("not every packet arrived")
	}
}

func TestLabsAreApart(t *testing.T) {
	t.Parallel()
	one, two := New(t), New(t)
	a, b := one.Switch().Host(HostConfig{}), two.Switch().Hosts(2, HostConfig{})
	pa, pb := start(t, a)[0], start(t, b...)
	expect(t, false, pa, pb[1], b[1].Addr, "from the other lab")
	expect(t, true, pb[0], pb[1], b[1].Addr, "from the same lab")
}

func TestCable(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(2, HostConfig{})
	p := start(t, hosts...)
	expect(t, true, p[0], p[1], hosts[1].Addr, "before")
	hosts[1].Unplug()
	expect(t, false, p[0], p[1], hosts[1].Addr, "meanwhile")
	hosts[1].Plug()
	// The switch takes a moment to notice the carrier.
	for i := range 1000 {
		text := fmt.Sprint("after ", i)
		send(p[0], hosts[1].Addr, text)
		if l.Until(10*time.Millisecond, func() bool { return p[1].Heard(text) }) {
			return
		}
	}
	t.Error("nothing came after the cable was back")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	l := New(t)
	s := l.Switch()
	hosts := s.Hosts(3, HostConfig{})
	p := start(t, hosts...)
	group := netip.MustParseAddr("224.0.0.251")

	p[0].Say(netip.AddrPortFrom(group, 9001).String() + " multicast")
	l.Await(5*time.Second, "multicast heard", func() bool { return p[1].Heard("multicast") })
	hosts[1].NoMulticast()
	p[0].Say(netip.AddrPortFrom(group, 9001).String() + " filtered")
	l.Await(5*time.Second, "multicast heard where it is not filtered", func() bool { return p[2].Heard("filtered") })
	expect(t, true, p[0], p[1], hosts[1].Addr, "unicast with multicast filtered")
	if p[1].Heard("filtered") {
		t.Error("multicast came through the filter")
	}
	hosts[1].Heal()

	BlockPair(hosts[0], hosts[1])
	expect(t, false, p[0], p[1], hosts[1].Addr, "blocked there")
	expect(t, false, p[1], p[0], hosts[0].Addr6, "blocked back")
	expect(t, true, p[2], p[1], hosts[1].Addr, "not blocked")
	hosts[0].Heal()
	hosts[1].Heal()
	expect(t, true, p[0], p[1], hosts[1].Addr, "healed")
	expect(t, true, p[1], p[0], hosts[0].Addr, "healed back")

	s.Partition(hosts[:2], hosts[2:])
	expect(t, false, p[0], p[2], hosts[2].Addr, "in another part")
	expect(t, false, p[2], p[1], hosts[1].Addr6, "in another part, back")
	expect(t, true, p[0], p[1], hosts[1].Addr, "in the same part")
	s.Whole()
	expect(t, true, p[0], p[2], hosts[2].Addr, "whole again")

	hosts[2].Firewall()
	expect(t, false, p[0], p[2], hosts[2].Addr6, "into the firewall")
	expect(t, true, p[2], p[0], hosts[0].Addr6, "out of the firewall")
	expect(t, true, p[0], p[2], hosts[2].Addr6, "reply")
	hosts[2].Heal()

	s.Isolate(hosts[0], hosts[1])
	expect(t, false, p[0], p[1], hosts[1].Addr, "isolated")
	expect(t, true, p[0], p[2], hosts[2].Addr, "not isolated")
}

func TestLoss(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(2, HostConfig{PlainNIC: true})
	p := start(t, hosts...)
	hosts[1].Lose(50)
	// As many as a socket's buffer holds (208 KiB, of which one takes 768 bytes), so
	// that none is lost for want of a reader.
	const sent = 200
	for i := range sent {
		send(p[0], hosts[1].Addr, fmt.Sprint("lossy ", i))
	}
	hosts[1].Heal()
	// What was said before the rules went may be anywhere; the last comes last.
	expect(t, true, p[0], p[1], hosts[1].Addr, "last")
	heard := len(p[1].Log().Events) - 2
	if heard < 10 || heard >= sent {
		t.Errorf("of %d packets with 50 %% loss %d came", sent, heard)
	}
}

func TestRouterJoinsSubnets(t *testing.T) {
	t.Parallel()
	l := New(t)
	one, two := l.Switch(), l.Switch()
	l.Router(one, two)
	a, b := one.Host(HostConfig{}), two.Host(HostConfig{})
	a.Allow(two.Prefix())
	b.Allow(one.Prefix())
	p := start(t, a, b)
	expect(t, true, p[0], p[1], b.Addr, "routed")
	expect(t, true, p[1], p[0], a.Addr, "routed back")
}

// recorder is a test that only notes what it is told.
type recorder struct {
	testing.TB
	mu     sync.Mutex // guards errors
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestStrayPacketsAreReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg    HostConfig
		to     string
		strays int
	}{
		"the internet":                {HostConfig{}, "198.51.100.7", 1},
		"the internet over docker":    {HostConfig{Docker: true}, "198.51.100.7", 1},
		"a container":                 {HostConfig{Docker: true}, "172.17.0.2", 1},
		"our own docker-like address": {HostConfig{Docker: true}, "172.17.0.1", 0},
		"the gateway":                 {HostConfig{}, "10.77.0.254", 0},
		"nobody on the LAN":           {HostConfig{}, "10.77.0.99", 0},
		"multicast off the link":      {HostConfig{}, "239.1.2.3", 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{TB: t}
			l := New(rec)
			h := l.Switch().Host(c.cfg)
			p := start(t, h)[0]
			send(p, netip.MustParseAddr(c.to), "stray")
			expect(t, true, p, p, netip.MustParseAddr("127.0.0.1"), "sent")
			h.reportStrays()
			if len(rec.errors) != c.strays {
				t.Errorf("reported %q, want %d", rec.errors, c.strays)
			}
		})
	}
}

func TestMDNSPacketsAreCounted(t *testing.T) {
	t.Parallel()
	l := New(t)
	h := l.Switch().Host(HostConfig{})
	p := start(t, h)[0]
	p.Say("224.0.0.251:5353 query", "10.77.0.9:5353 unicast", "10.77.0.9:5354 other")
	expect(t, true, p, p, netip.MustParseAddr("127.0.0.1"), "sent")
	if got := h.MDNSPackets(); got != 2 {
		t.Errorf("counted %d packets, want 2", got)
	}
}

func TestSignalsAndExit(t *testing.T) {
	t.Parallel()
	l := New(t)
	h := l.Switch().Host(HostConfig{NoCable: true})
	p := start(t, h, h2(l))
	p[0].EndInput()
	if code := p[0].Wait(5 * time.Second); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	p[1].Signal(syscall.SIGSTOP)
	p[1].Signal(syscall.SIGCONT)
	p[1].Kill()
	if code := p[1].Wait(5 * time.Second); code != -1 {
		t.Errorf("exit code %d of a killed program, want -1", code)
	}
	if !p[1].Log().Killed || p[0].Log().Killed {
		t.Error("the logs do not say who was killed")
	}
}

func h2(l *Lab) *Host { return l.switches[0].Host(HostConfig{NoCable: true}) }

// TestCaptureHearsWhatIsSent: all of it, whole, and only what went over this switch.
func TestCaptureHearsWhatIsSent(t *testing.T) {
	t.Parallel()
	l := New(t)
	sw := l.Switch()
	heard := sw.Capture()
	other := l.Switch().Capture()
	hosts := sw.Hosts(2, HostConfig{})
	listener, err := hosts[0].Listen(netip.AddrPortFrom(hosts[0].Addr, 9000).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	read := make(chan int64)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			read <- 0
			return
		}
		defer conn.Close()
		n, _ := io.Copy(io.Discard, conn)
		read <- n
	}()
	conn, err := hosts[1].Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("Nobody shall see this. ", 100_000)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if n := <-read; n != int64(len(text)) {
		t.Fatalf("%d bytes came", n)
	}
	heard.Stop()
	other.Stop()
	if flows := heard.Find([]byte("nobody SHALL see this. " + text[:1000])); len(flows) != 1 || !strings.HasPrefix(flows[0], "TCP ") {
		t.Errorf("it is in %q, want one connection", flows)
	}
	if n := heard.Bytes(); n < int64(len(text)) || n > 2*int64(len(text)) {
		t.Errorf("%d bytes were heard, %d sent", n, len(text))
	}
	if flows := other.Find([]byte("nobody")); len(flows) > 0 || len(heard.Find([]byte("somebody"))) > 0 {
		t.Errorf("what is not there is found: %q", flows)
	}
}
