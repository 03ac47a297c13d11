//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// victimVariable names whom a forger says that everybody is at.
const victimVariable = "LANYAP_HOSTS_VICTIM"

// forgeEvery is how often a forger announces another instance.
const forgeEvery = time.Second / 50

// playForger announces instances that there are not, all at one address, until
// it is killed. It reports each hundred.
func playForger(_ *bufio.Scanner, out *json.Encoder) error {
	victim, err := netip.ParseAddr(os.Getenv(victimVariable))
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp4", "0.0.0.0:5353")
	if err != nil {
		return err
	}
	nic, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	p := ipv4.NewPacketConn(conn)
	if err := p.SetMulticastInterface(nic); err != nil {
		return err
	}
	if err := p.SetMulticastTTL(255); err != nil {
		return err
	}
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
	tick := time.NewTicker(forgeEvery)
	for n := 1; ; n++ {
		<-tick.C
		packet, err := forge(anyInstance().String(), victim, uint16(1+n%60000))
		if err != nil {
			return err
		}
		if _, err := p.WriteTo(packet, nil, group); err != nil {
			return err
		}
		if n%100 == 0 {
			if err := out.Encode(report{Type: "forged", Members: n}); err != nil {
				return err
			}
		}
	}
}

// forge builds an announcement as a node's is.
func forge(instance string, at netip.Addr, port uint16) ([]byte, error) {
	const service = "_lanyap._tcp.local."
	name, host := instance+"."+service, instance+".local."
	header := func(name string) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: 120}
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true, Authoritative: true})
	b.EnableCompression()
	for _, err := range []error{
		b.StartAnswers(),
		b.PTRResource(header(service), dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(name)}),
		b.SRVResource(header(name), dnsmessage.SRVResource{Port: port, Target: dnsmessage.MustNewName(host)}),
		b.TXTResource(header(name), dnsmessage.TXTResource{TXT: []string{"v=1", "i=" + instance, "r=" + peer.RoomTag("lan")}}),
		b.AResource(header(host), dnsmessage.AResource{A: at.As4()}),
	} {
		if err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// TestForgedAnnouncementsSpareABystander floods a room with announcements that
// name somebody who has nothing to do with it: that host is dialed no more than
// a node there would be, and whoever comes meanwhile is found all the same.
func TestForgedAnnouncementsSpareABystander(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wall    bool
		perDial int // SYNs, with those that the kernel repeats
		first   int // the same of a node's first dial
	}{
		"refuses": {false, 1, 1},
		"drops":   {true, 6, 35},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(6, lab.HostConfig{})
			bystander := hosts[5]
			if c.wall {
				bystander.Firewall()
			}
			nodes := chatAll(t, hosts[:3])
			awaitMesh(t, l, nodes)
			forger := startRole(t, hosts[4], "forger", victimVariable+"="+bystander.Addr.String())
			start := time.Now()
			forged := func(n int) {
				l.Await(patience+time.Duration(n)*forgeEvery, fmt.Sprintf("%d are forged", n), func() bool {
					return len(reports(forger, "forged")) >= n/100
				})
			}
			forged(300)
			nodes = append(nodes, chat(t, hosts[3]))
			awaitMesh(t, l, nodes)
			forged(600)
			check := func(when string, from int, since time.Time) int {
				took := time.Since(since)
				knocks := bystander.Knocks() - from
				t.Logf("%s: %.1f SYN/s at the bystander from %d nodes, %d in all", when, float64(knocks)/took.Seconds(), len(nodes), knocks)
				if most := len(nodes) * (c.first + c.perDial*(7+int(took/(5*time.Second)))); knocks > most {
					t.Errorf("%s: %d SYNs in %v, want %d at most", when, knocks, took, most)
				}
				return from + knocks
			}
			sofar := check("during the flood", 0, start)
			forger.Kill()
			since := time.Now()
			pause(l, 15*time.Second)
			check("after it", sofar, since)
			talk(t, l, nodes)
			verify(t, l, nodes...)
		})
	}
}
