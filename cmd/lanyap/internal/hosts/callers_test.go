//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// Two networks of the internet, that is, for documentation (RFC 5737, RFC 3849).
var (
	here, there   = netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.0/24")
	here6, there6 = netip.MustParsePrefix("2001:db8:1::/64"), netip.MustParsePrefix("2001:db8:2::/64")
)

// strangers returns two hosts that reach each other as over the internet: each
// has an address of its own public network, and hears no multicast.
func strangers(l *lab.Lab, near, far netip.Prefix) (server, stranger *lab.Host, at, from netip.Addr) {
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	at, from = near.Addr().Next(), far.Addr().Next()
	hosts[0].Address(netip.PrefixFrom(at, near.Bits()), far)
	hosts[1].Address(netip.PrefixFrom(from, far.Bits()), near)
	for _, h := range hosts {
		h.NoMulticast()
	}
	return hosts[0], hosts[1], at, from
}

// TestInternetIsNotAnswered has somebody call from the internet: it learns
// nothing, over TCP or UDP, unless the node was told to answer or to join it.
func TestInternetIsNotAnswered(t *testing.T) {
	t.Parallel()
	for _, family := range []struct {
		name      string
		near, far netip.Prefix
	}{{"IPv4", here, there}, {"IPv6", here6, there6}} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			server, stranger, at, from := strangers(l, family.near, family.far)
			first := chat(t, server)
			l.Await(patience, "the node is ready", first.Ready)
			probe := startRole(t, stranger, "probe")
			ask := func() string {
				probe.Say(netip.AddrPortFrom(at, 7475).String())
				before := len(reports(probe, "answer"))
				l.Await(patience, "the stranger knows", func() bool { return len(reports(probe, "answer")) > before })
				return reports(probe, "answer")[before].Text
			}
			if got := ask(); got != "" {
				t.Errorf("a stranger got %q", got)
			}
			second := chat(t, stranger, "--join", at.String())
			l.Await(patience, "the second is ready", second.Ready)
			l.Stays(3*time.Second, "they are linked", func() bool { return first.Present() > 0 || second.Present() > 0 })
			quit(t, first)

			// It goes on trying; now it is let in.
			open := chat(t, server, "--allow-remote")
			both := []*lab.Process{open, second}
			awaitMesh(t, l, both)
			talk(t, l, both)
			if got := ask(); got == "" {
				t.Error("everybody is to be answered, and the stranger was not")
			}
			quit(t, open, second)

			// Whom we were told to join may call, though we do not get through to it.
			stranger.Firewall()
			joining := chat(t, server, "--join", from.String())
			l.Await(patience, "the node is ready", joining.Ready)
			both = []*lab.Process{joining, chat(t, stranger, "--join", at.String())}
			awaitMesh(t, l, both)
			talk(t, l, both)
			verify(t, l, first, second, open, both[0], both[1])
			quit(t, both...)
		})
	}
}

// TestNeighboursWithPublicAddresses are answered: they are on our network.
func TestNeighboursWithPublicAddresses(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{NoIPv4: true})
	at := here.Addr()
	for _, h := range hosts {
		at = at.Next()
		h.Address(netip.PrefixFrom(at, here.Bits()))
		h.NoMulticast()
	}
	nodes := []*lab.Process{chat(t, hosts[0]), chat(t, hosts[1], "--join", here.Addr().Next().String())}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// playProbe asks, at each address that it reads, over TCP who is there and over
// UDP for a connectivity check, and says what it got.
func playProbe(in *bufio.Scanner, out *json.Encoder) error {
	for in.Scan() {
		var text string
		for _, network := range []string{"tcp", "udp"} {
			got, err := probe(network, in.Text())
			if err != nil {
				return err
			}
			text += got
		}
		if err := out.Encode(report{Type: "answer", Text: text}); err != nil {
			return err
		}
	}
	return in.Err()
}

// probeFor is how long an answer over UDP is waited for.
const probeFor = 500 * time.Millisecond

func probe(network, addr string) (string, error) {
	conn, err := net.DialTimeout(network, addr, patience)
	if errors.Is(err, syscall.ECONNRESET) {
		return "", nil // hung up already
	}
	if err != nil {
		return "", err
	}
	defer conn.Close()
	question, wait := []byte("GET /v1/offer HTTP/1.1\r\nHost: 203.0.113.1\r\nConnection: close\r\n\r\n"), patience
	if network == "udp" {
		check, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcdefgh:ijklmnop"), stun.Fingerprint)
		if err != nil {
			return "", err
		}
		question, wait = check.Raw, probeFor
	}
	_ = conn.SetDeadline(time.Now().Add(wait))
	if _, err := conn.Write(question); err != nil {
		return "", nil
	}
	answer, _ := io.ReadAll(io.LimitReader(conn, 1))
	return string(answer), nil
}
