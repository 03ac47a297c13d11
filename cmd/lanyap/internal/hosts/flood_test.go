//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestOfferFlood has a stranger offer links as fast as it can, each from the
// start given up, from one address and from many: few of them are answered, and
// meanwhile newcomers come in and a member is back after an outage.
func TestOfferFlood(t *testing.T) {
	t.Parallel()
	for _, addresses := range []int{1, 64} {
		t.Run(fmt.Sprint(addresses), func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(4, lab.HostConfig{})
			nodes := chatAll(t, hosts[:2])
			awaitMesh(t, l, nodes)
			target := nodes[0]
			idle := target.CPU()
			flood := startRole(t, hosts[3], "flood")
			flood.Say(fmt.Sprintf("%s %s %d", netip.AddrPortFrom(hosts[0].Addr6, 7475), target.Self().Instance, addresses))
			started := time.Now()
			l.Await(patience, "it floods", func() bool { return len(reports(flood, "flood")) > 2 })

			nodes = append(nodes, chat(t, hosts[2]))
			l.Await(2*patience, "a newcomer is in", func() bool { return nodes[2].Sees(target) && target.Sees(nodes[2]) })
			hosts[1].Unplug()
			l.Await(patience, "a member is out", func() bool { return target.Left(nodes[1]) })
			hosts[1].Plug()
			l.Await(2*patience, "it is back", func() bool { return nodes[1].Sees(target) && target.Sees(nodes[1]) })
			talk(t, l, nodes)

			sum, took := report{}, time.Since(started)
			for _, r := range reports(flood, "flood") {
				sum.Members += r.Members
				sum.Bytes += r.Bytes
			}
			cpu := target.CPU() - idle
			t.Logf("%d offers in %v (%.0f/s), %d answered, %.0f %% of a core", sum.Bytes, took.Round(time.Second),
				float64(sum.Bytes)/took.Seconds(), sum.Members, 100*cpu.Seconds()/took.Seconds())
			// Far above what one, or all, are let through; far below what they ask.
			if most := 512 + int(150*took.Seconds()); sum.Members > most {
				t.Errorf("%d offers were answered in %v, want at most %d", sum.Members, took, most)
			}
			verify(t, l, nodes...)
		})
	}
}

// playFlood reads an address, the instance there and a number, and from then on
// offers links there from as many addresses of its own. Each second it reports
// how many offers it made (bytes) and how many were answered (members).
func playFlood(in *bufio.Scanner, out *json.Encoder) error {
	in.Scan()
	var at, instance string
	var addresses int
	if _, err := fmt.Sscan(in.Text(), &at, &instance, &addresses); err != nil {
		return err
	}
	nic, err := firstNIC()
	if err != nil {
		return err
	}
	var offers, answered atomic.Int64
	request, err := offerRequest(instance)
	if err != nil {
		return err
	}
	target := netip.MustParseAddrPort(at)
	target = netip.AddrPortFrom(target.Addr().WithZone(nic), target.Port())
	for i := range addresses {
		own := fmt.Sprintf("fe80::bad:%x", i+1)
		if text, err := exec.Command("ip", "addr", "add", own+"/64", "dev", nic, "nodad").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, text)
		}
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(own), Zone: nic}, Timeout: time.Second}
		for range max(1, 16/addresses) {
			go func() {
				for {
					offers.Add(1)
					if offerOnce(dialer, target, request) {
						answered.Add(1)
					}
				}
			}()
		}
	}
	for range time.Tick(time.Second) {
		if err := out.Encode(report{Type: "flood", Bytes: int(offers.Swap(0)), Members: int(answered.Swap(0))}); err != nil {
			return err
		}
	}
	return nil
}

// anyInstance is an instance that nobody has.
func anyInstance() peer.Instance { return peer.ID{}.Instance(peer.NewSalt()) }

func firstNIC() (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagRunning != 0 {
			return i.Name, nil
		}
	}
	return "", fmt.Errorf("no interface")
}

// offerRequest is an offer that is in order; %s is for whom it comes from.
func offerRequest(instance string) (string, error) {
	sdp, err := anySDP()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("POST /v1/offer HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n"+
		"Lanyap-Version: 1\r\nLanyap-Room: %s\r\nLanyap-For: %s\r\nLanyap-Port: 7475\r\nLanyap-Instance: %%s\r\n\r\n",
		len(sdp), peer.RoomTag(peer.DefaultRoom), instance) + strings.ReplaceAll(sdp, "%", "%%"), nil
}

func offerOnce(d net.Dialer, to netip.AddrPort, request string) (answered bool) {
	conn, err := d.Dial("tcp", to.String())
	if err != nil {
		time.Sleep(10 * time.Millisecond) // out of ports, or refused
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := fmt.Fprintf(conn, request, anyInstance()); err != nil {
		return false
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = conn.(*net.TCPConn).SetLinger(0)
	return resp.StatusCode == http.StatusCreated
}
