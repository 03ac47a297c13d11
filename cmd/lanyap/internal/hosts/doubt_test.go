//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestRejectingFirewall has a host that refuses all calls, and another program on
// it that offers links in its node's name, from its node's port: the others ask whether it lives, and its port says
// no. Its links live all the same, also while it is stopped for 4 s. When it
// dies in earnest it is missed.
func TestRejectingFirewall(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	walled, rest := hosts[0], hosts[1:3]
	walled.Reject()
	nodes := append(chatAll(t, rest), chat(t, walled))
	victim := nodes[2]
	awaitMesh(t, l, nodes)
	thief := startRole(t, walled, "thief")
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
// posts offers in that name there, twice a second, without the proof that it
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
		go steal(name, netip.MustParseAddrPort(at), came)
	}
	return in.Err()
}

func steal(name string, at netip.AddrPort, came chan<- report) {
	for range time.Tick(500 * time.Millisecond) {
		status, err := offerAs(name, at)
		kind := "failed" // a busy machine may be too late to answer
		switch status {
		case http.StatusCreated:
			kind = "taken"
		case http.StatusConflict:
			kind = "refused"
		}
		came <- report{Type: kind, Text: fmt.Sprint(status, err)}
	}
}

// offerAs posts one offer in a name and returns the status it is answered with.
func offerAs(name string, at netip.AddrPort) (int, error) {
	in, err := whoIsAt(at)
	if err != nil {
		return 0, err
	}
	request, err := offerRequest(in)
	if err != nil {
		return 0, err
	}
	conn, err := net.DialTimeout("tcp", at.String(), 2*time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := fmt.Fprintf(conn, request, name); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
