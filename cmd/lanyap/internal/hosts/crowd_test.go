//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestCrowd has one host take all the places that the nodes of a room have, with
// members that say nothing or with observers, and take again each that it loses.
// Somebody new gets in all the same, and so does who comes back after an outage.
func TestCrowd(t *testing.T) {
	t.Parallel()
	for kind, places := range map[string]int{"member": 128, "observer": 32} {
		t.Run(kind+"s", func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(4, lab.HostConfig{})
			nodes := chatAll(t, hosts[:2])
			awaitMesh(t, l, nodes)
			crowd := startRole(t, hosts[3], "crowd")
			for _, h := range hosts[:2] {
				crowd.Say(fmt.Sprintf("%s %d %s", kind, places+10, netip.AddrPortFrom(h.Addr, 7475)))
			}
			// One place of each node's is the other's; the crowd has the rest.
			if kind == "member" {
				places--
			}
			full := make(map[string]bool)
			l.Await(2*time.Minute, "the crowd has all the places", func() bool {
				for _, r := range reports(crowd, "crowd") {
					full[r.Text] = full[r.Text] || r.Members >= places
				}
				return full[hosts[0].Addr.String()] && full[hosts[1].Addr.String()]
			})
			look := run(t, hosts[2], "peers", "--json", "--timeout", "3s")
			exits(t, look, patience, 0)
			if seen := strings.Count(strings.Join(look.Stdout(), "\n"), `"type":"peer"`); seen < 2 {
				t.Errorf("who looks sees %d members, want 2", seen)
			}
			nodes = append(nodes, chat(t, hosts[2]))
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)

			away, rest := nodes[0], nodes[1:]
			away.Host.Unplug()
			l.Await(patience, "the others miss it", func() bool { return rest[0].Left(away) && rest[1].Left(away) })
			away.Host.Plug()
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// playCrowd reads lines of kind, number and address, and from then on keeps up
// to that many links to there, each of a node of its own. Whenever there are
// more than ever before it says how many.
func playCrowd(in *bufio.Scanner, out *json.Encoder) error {
	counts := make(chan report)
	go func() {
		for r := range counts {
			_ = out.Encode(r)
		}
	}()
	for in.Scan() {
		var kind, at string
		var number int
		if _, err := fmt.Sscan(in.Text(), &kind, &number, &at); err != nil {
			return err
		}
		idle := make(chan *peer.Transport, number)
		for range number {
			t, err := peer.Listen(peer.Config{Observer: kind == "observer"})
			if err != nil {
				return err
			}
			idle <- t
		}
		go occupy(idle, netip.MustParseAddrPort(at), counts)
	}
	return in.Err()
}

// crowdPace is how often the crowd asks for a place: a bit less often than a
// node answers one address.
const crowdPace = 90 * time.Millisecond

// occupy has each of the idle link to at, and again when its link ends.
func occupy(idle chan *peer.Transport, at netip.AddrPort, counts chan<- report) {
	most := 0
	for range time.Tick(crowdPace) {
		t := <-idle
		conn, err := t.Dial(context.Background(), peer.Target{Addrs: []netip.AddrPort{at}})
		if err != nil {
			idle <- t
			continue
		}
		go func() {
			for err == nil {
				_, err = conn.ReadMessage()
			}
			idle <- t
		}()
		if now := cap(idle) - len(idle); now > most {
			most = now
			counts <- report{Type: "crowd", Members: now, Text: at.Addr().String()}
		}
	}
}
