//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/net/ipv4"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestSquatters has strangers do what they can in the name of a member whose
// cable is out. After 4 s nobody has noticed anything; after 8 s it has left, and
// is back when the cable is.
func TestSquatters(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"nobody", "offers", "answers"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(5, lab.HostConfig{})
			nodes := chatAll(t, hosts[:3])
			awaitMesh(t, l, nodes)
			victim, rest := nodes[0], nodes[1:]
			switch kind {
			case "offers":
				for _, h := range hosts[3:] {
					squatter := startRole(t, h, "squatter")
					for _, p := range rest {
						squatter.Say(fmt.Sprintf("%s %s", victim.Self().Instance, netip.AddrPortFrom(p.Host.Addr, 7475)))
						squatter.Say(fmt.Sprintf("%s %s", p.Self().Instance, netip.AddrPortFrom(victim.Host.Addr, 7475)))
					}
					l.Await(patience, "offers are answered", func() bool { return len(reports(squatter, "answered")) >= 4 })
				}
			case "answers":
				for _, h := range hosts[3:] {
					double := startRole(t, h, "double", victimVariable+"="+h.Addr.String())
					double.Say(victim.Self().Instance)
					l.Await(patience, "it is announced", func() bool { return len(reports(double, "announced")) > 0 })
				}
			}
			victim.Host.Unplug()
			l.Stays(4*time.Second, "somebody is said to have left", func() bool { return anyLeft(nodes) })
			victim.Host.Plug()
			l.Stays(5*time.Second, "somebody is said to have left later", func() bool { return anyLeft(nodes) })
			talk(t, l, nodes)

			victim.Host.Unplug()
			pause(l, 8*time.Second)
			victim.Host.Plug()
			began := time.Now()
			talkSoon(t, l, nodes)
			t.Logf("%s: back after %v", kind, time.Since(began).Round(time.Millisecond))
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// playSquatter reads an instance and an address, line by line, and from then on
// posts offers in that name there, without a gap, and holds what is answered. It
// reports when it was answered first.
func playSquatter(in *bufio.Scanner, out *json.Encoder) error {
	came := make(chan report)
	go func() {
		for r := range came {
			_ = out.Encode(r)
		}
	}()
	for in.Scan() {
		var name, at string
		if _, err := fmt.Sscan(in.Text(), &name, &at); err != nil {
			return err
		}
		target := netip.MustParseAddrPort(at)
		go func() {
			request, answered := "", false
			for range time.Tick(50 * time.Millisecond) {
				if request == "" {
					if in, err := whoIsAt(target); err == nil {
						request, _ = offerRequest(in)
					}
					continue
				}
				if hold(target, request, name) && !answered {
					answered = true
					came <- report{Type: "answered"}
				}
			}
		}()
	}
	return in.Err()
}

// whoIsAt returns which instance answers at an address.
func whoIsAt(at netip.AddrPort) (string, error) {
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + at.String() + "/v1/offer")
	if err != nil {
		return "", err
	}
	return resp.Header.Get("Lanyap-Instance"), resp.Body.Close()
}

// hold posts an offer, reports whether it is answered with 201, and keeps the
// connection for 10 s in the background.
func hold(at netip.AddrPort, request, name string) bool {
	conn, err := net.DialTimeout("tcp", at.String(), time.Second)
	if err != nil {
		return false
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, request, name); err != nil {
		_ = conn.Close()
		return false
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusCreated {
		_ = conn.Close()
		return false
	}
	time.AfterFunc(10*time.Second, func() { _ = conn.Close() })
	return true
}

// playDouble reads an instance, announces it at an address of its own host ten
// times a second, and answers there as if it were that one: nothing comes of what
// it answers.
func playDouble(in *bufio.Scanner, out *json.Encoder) error {
	in.Scan()
	instance := in.Text()
	own, err := netip.ParseAddr(os.Getenv(victimVariable))
	if err != nil {
		return err
	}
	sdp, err := anySDP()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(own, 7475).String())
	if err != nil {
		return err
	}
	go http.Serve(l, answerAs(instance, strings.Replace(sdp, "a=setup:actpass", "a=setup:active", 1)))
	packet, err := forge(instance, own, 7475)
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
	for range time.Tick(100 * time.Millisecond) {
		if _, err := p.WriteTo(packet, nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}); err != nil {
			return err
		}
		if err := out.Encode(report{Type: "announced"}); err != nil {
			return err
		}
	}
	return nil
}

// answerAs answers questions and offers as an instance does.
func answerAs(instance, sdp string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Lanyap-Version", "1")
		h.Set("Lanyap-Instance", instance)
		h.Set("Lanyap-Room", peer.RoomTag(peer.DefaultRoom))
		h.Set("Lanyap-Port", "7475")
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Content-Type", "application/sdp")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, sdp)
	})
}

// anySDP is an offer that is in order.
func anySDP() (string, error) {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	defer pc.Close()
	if _, err := pc.CreateDataChannel("x", nil); err != nil {
		return "", err
	}
	offer, err := pc.CreateOffer(nil)
	return offer.SDP, err
}
