//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestRejectingFirewall has a host that refuses all calls, and somebody who
// offers links in its name: the others ask whether it lives, and its port says
// no. Its links live all the same, also while it is stopped for 4 s. When it
// dies in earnest it is missed.
func TestRejectingFirewall(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	walled, rest := hosts[0], hosts[1:3]
	walled.Reject()
	nodes := append(chatAll(t, rest), chat(t, walled))
	victim := nodes[2]
	awaitMesh(t, l, nodes)
	thief := startRole(t, hosts[3], "thief")
	for _, h := range rest {
		thief.Say(fmt.Sprintf("%s %s", victim.Self().Instance, netip.AddrPortFrom(h.Addr, 7475)))
	}
	l.Await(patience, "links were offered in its name", func() bool { return len(reports(thief, "refused")) >= 2*4 })
	victim.Signal(syscall.SIGSTOP)
	l.Stays(4*time.Second, "it is said to have left", func() bool { return anyLeft(nodes) })
	victim.Signal(syscall.SIGCONT)
	l.Stays(7*time.Second, "it is said to have left later", func() bool { return anyLeft(nodes) })
	if n := len(reports(thief, "taken")); n > 0 {
		t.Errorf("%d of the links were taken", n)
	}
	talk(t, l, nodes)
	victim.Kill()
	l.Await(patience, "it is missed", func() bool { return nodes[0].Left(victim) && nodes[1].Left(victim) })
	verify(t, l, nodes...)
	quit(t, nodes[:2]...)
}

// playThief reads an instance and an address, line by line, and from then on
// offers links in that name there, twice a second, without the proof that it
// would need.
func playThief(in *bufio.Scanner, out *json.Encoder) error {
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
		instance, err := peer.ParseInstance(name)
		if err != nil {
			return err
		}
		// No address is advertised; the one to dial from is found.
		t, err := peer.Listen(peer.Config{Instance: instance})
		if err != nil {
			return err
		}
		go steal(t, netip.MustParseAddrPort(at), came)
	}
	return in.Err()
}

func steal(t *peer.Transport, at netip.AddrPort, came chan<- report) {
	for range time.Tick(500 * time.Millisecond) {
		_, err := t.Dial(context.Background(), peer.Target{Addrs: []netip.AddrPort{at}})
		kind := "failed" // a busy machine may be too late to answer
		switch {
		case err == nil:
			kind = "taken"
		case errors.Is(err, peer.ErrLinked):
			kind = "refused"
		}
		came <- report{Type: kind, Text: fmt.Sprint(err)}
	}
}
