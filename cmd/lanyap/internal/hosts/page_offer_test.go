//go:build linux

package hosts

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// decoys are the ports at which a host listens for packets that nobody should send.
var decoys = []int{53, 1023, 1900, 5353, 40001, 40002, 40003, 40004, 40005, 40006, 40007, 40008}

// playDecoys counts the datagrams that come to the decoys' ports, and says for each
// line of input how many there were: in all as Bytes, and by port as Text.
func playDecoys(in *bufio.Scanner, out *json.Encoder) error {
	var mu sync.Mutex
	count := make(map[int]int)
	for _, port := range decoys {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
		if err != nil {
			return err
		}
		defer conn.Close()
		go func() {
			for {
				if _, _, err := conn.ReadFromUDP(make([]byte, 2048)); err != nil {
					return
				}
				mu.Lock()
				count[port]++
				mu.Unlock()
			}
		}()
	}
	if err := out.Encode(report{Type: "ready"}); err != nil {
		return err
	}
	for in.Scan() {
		mu.Lock()
		r := report{Type: "counted", Text: fmt.Sprint(count)}
		for _, n := range count {
			r.Bytes += n
		}
		mu.Unlock()
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return in.Err()
}

// offerOf returns an offer that names these addresses.
func offerOf(n int, at ...string) string {
	lines := []string{
		"v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0",
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"), "a=group:BUNDLE 0",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=setup:actpass", "a=mid:0",
		fmt.Sprintf("a=ice-ufrag:%08d", n), "a=ice-pwd:0123456789abcdef0123456789", "a=sctp-port:5000", "a=max-message-size:65536",
	}
	for i, a := range at {
		addr, port, _ := strings.Cut(a, " ")
		lines = append(lines, fmt.Sprintf("a=candidate:%d 1 udp 2130706431 %s %s typ host", i, addr, port))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// TestCarriedOffersSendNothingElsewhere has a lying member carry offers to a node that
// would have it send packets to others: to a third party on the network or beyond, to
// all of them at once, to other programs of its own host. Whoever is said to be their
// author gets so many checks at its own ports, and nobody else a packet.
func TestCarriedOffersSendNothingElsewhere(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	node := &linker{startRole(t, hosts[0], "linker", siteVariable+"="+os.TempDir(), addrVariable+"="+hosts[0].Addr.String()), t, l}
	l.Await(patience, "the node is ready", node.Ready)
	var counters []*lab.Process
	for _, h := range hosts {
		p := startRole(t, h, "decoys")
		l.Await(patience, "the decoys are ready", func() bool { return len(reports(p, "ready")) > 0 })
		counters = append(counters, p)
	}
	counted := func(host int) report {
		t.Helper()
		p := counters[host]
		before := len(reports(p, "counted"))
		p.Say("how many?")
		l.Await(patience, "they are counted", func() bool { return len(reports(p, "counted")) > before })
		return reports(p, "counted")[before]
	}
	answered := func(n int, from string, at ...string) bool {
		t.Helper()
		in := peer.ID{byte(n), byte(n >> 8)}.Instance(peer.Salt{1})
		sdp := base64.StdEncoding.EncodeToString([]byte(offerOf(n, at...)))
		r := node.command("answered", "answer %s %s %s", in, from, sdp)
		if r.Instance != in.String() {
			t.Fatalf("%s is answered in place of %s", r.Instance, in)
		}
		return !strings.HasPrefix(r.Text, "error")
	}

	author, third := hosts[1].Addr.String(), hosts[2].Addr.String()
	network := netip.PrefixFrom(hosts[0].Addr, 24).Masked().Addr().As4()
	last := network
	last[3] = 255
	for i, from := range []string{
		netip.AddrFrom4(network).String(), netip.AddrFrom4(last).String(), "255.255.255.255", "224.0.0.251", "0.0.0.0", "203.0.113.7",
		"192.168.77.1", "8.8.8.8", "127.0.0.2", "none",
	} {
		if answered(i, from, from+" 40001", third+" 40001") {
			t.Errorf("an offer from %s is answered", from)
		}
	}

	// Its own host may be anybody's, and any port another program's.
	if !answered(100, hosts[0].Addr.String(), hosts[0].Addr.String()+" 40001", "127.0.0.1 40002") {
		t.Error("an offer from the node's own host is not answered")
	}
	if !answered(101, "127.0.0.1", "127.0.0.1 40001", hosts[0].Addr.String()+" 5353") {
		t.Error("an offer from the loopback is not answered")
	}
	ask := []string{
		author + " 53", author + " 1023", author + " 0", third + " 40001", "203.0.113.7 40002", "224.0.0.251 40003",
		netip.AddrFrom4(last).String() + " 40004", "255.255.255.255 40005", third + " 40006", hosts[0].Addr.String() + " 40007",
	}
	granted, began := 0, time.Now()
	const tries = 50
	for n := range tries {
		if answered(200+n, author, ask...) {
			granted++
		}
	}
	const lapse = 10 * time.Second
	took := time.Since(began)
	if granted == 0 || granted > 8*(1+int(took/lapse)) {
		t.Errorf("of %d offers at once from one address %d are answered in %v", tries, granted, took)
	}
	pause(l, lapse+2*time.Second)

	const ports, checks = 4, 8
	at := counted(1)
	t.Logf("%d offers granted, %d packets to their author: %s", granted, at.Bytes, at.Text)
	if at.Bytes == 0 || at.Bytes > granted*ports*checks {
		t.Errorf("the author of %d offers got %d packets", granted, at.Bytes)
	}
	for _, port := range []int{53, 1023, 1900, 5353, 40005, 40006, 40007, 40008} {
		if strings.Contains(" "+strings.Trim(at.Text, "map[]"), " "+strconv.Itoa(port)+":") {
			t.Errorf("it got some at port %d: %s", port, at.Text)
		}
	}
	for _, host := range []int{0, 2} {
		if r := counted(host); r.Bytes != 0 {
			t.Errorf("host %d, which offered nothing, got %s", host, r.Text)
		}
	}
}
