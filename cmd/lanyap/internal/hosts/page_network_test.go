//go:build linux

package hosts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// youngPage is for how long a page may be taken for dead that is silent for a moment: its
// watch may not stand yet, see package peer.
const youngPage = 2500 * time.Millisecond

// TestPageCableOutShortly pulls the cable of a page's host for 5 s while everyone
// talks. Nobody is said to have left and nothing is lost.
func TestPageCableOutShortly(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	nodes := chatAll(t, hosts[:2])
	b := browser.Start(t, browser.Config{On: hosts[2]})
	awaitMesh(t, l, nodes)
	visitor := visit(l, b, nodes[0], "visitor")
	all := members(nodes, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	text := func(p member) string { return p.Log().Name + " speaks while the cable is out" }
	left := func() bool {
		return anyLeft(nodes) || visitor.Has(func(ev lab.Event) bool { return ev.Type == "left" })
	}
	l.Stays(youngPage, "somebody is said to have left", left)
	hosts[2].Unplug()
	for _, p := range all {
		p.Say(text(p))
	}
	l.Stays(4*time.Second, "somebody is said to have left", left)
	hosts[2].Plug()
	for _, p := range all {
		for _, from := range others(all, p) {
			l.Await(2*patience, p.Log().Name+" hears what was said meanwhile", func() bool { return p.Heard(text(from)) })
		}
	}
	talk(t, l, all)
	verify(t, l, all...)
}

// TestPageCableOutLong pulls it for 60 s: the page has left, sees everybody leave,
// and is back when the cable is, without anybody reloading it, with what was said
// meanwhile.
func TestPageCableOutLong(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	visitor, host := pages[0], pages[0].host
	const meanwhile = "said while the page was away"
	start := time.Now()
	host.Unplug()
	for _, p := range nodes {
		if left := leftWith(t, l, p, visitor); left.Reason == "" {
			t.Error("a pulled cable is shown as a goodbye")
		}
		leftWith(t, l, visitor, p)
	}
	nodes[0].Say(meanwhile)
	asleep(func() { pause(l, time.Until(start.Add(60*time.Second))) })
	host.Plug()
	awaitMesh(t, l, members(nodes, visitor))
	talk(t, l, members(nodes, visitor))
	visitor.shows(nodes[0].Self().Name, meanwhile)
	verify(t, l, members(nodes, visitor)...)
}

// TestPageWithoutRoute: without a default route a browser tells of no address of
// its own. Nodes find it all the same, and two such pages hear each other through
// somebody.
func TestPageWithoutRoute(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomOn(t, 2, 2, lab.HostConfig{NoRoute: true})
	all := members(nodes, pages...)
	talk(t, l, all)
	verify(t, l, all...)
}

// TestPageOverIPv6Alone opens a page by an address that is local to a site, since
// a browser takes no link-local one, and has IPv6 alone be between all. Chromium
// hides its addresses behind mDNS names, and gathers none at all where it cannot
// answer for them over IPv4; so its host has an address of that kind which leads
// nowhere. Firefox has none.
func TestPageOverIPv6Alone(t *testing.T) {
	t.Parallel()
	browser.Need(t, "firefox-esr")
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{NoIPv4: true})
	for i, h := range hosts {
		h.Address(netip.MustParsePrefix(fmt.Sprintf("fd77::%d/64", i+1)))
	}
	hosts[2].Address(netip.MustParsePrefix("169.254.77.3/16"))
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	if url := address(nodes[0]); !strings.HasPrefix(url, "http://[fd77::1]:") {
		t.Errorf("the page is at %s", url)
	}
	visitor := visit(l, browser.Start(t, browser.Config{On: hosts[2]}), nodes[0], "visitor")
	all := members(nodes, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	f := browser.StartFirefox(t, browser.Config{On: hosts[3]})
	f.Go(named(address(nodes[0]), "fox"))
	foxTalks(t, l, f, all)
	verify(t, l, append(all, unheard(l, "fox"))...)
}

// TestPageBlockedFromANode lets a page and a node not hear each other: they are in
// the room together all the same, through the node that serves the page.
func TestPageBlockedFromANode(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	lab.BlockPair(hosts[1], hosts[2])
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	visitor := visit(l, browser.Start(t, browser.Config{On: hosts[2]}), nodes[0], "visitor")
	all := members(nodes, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	joined, _ := nodes[1].Find(func(ev lab.Event) bool { return ev.Type == "joined" && ev.Peer.Name == "visitor" })
	if joined.Via == nil || joined.Via.Instance != nodes[0].Self().Instance {
		t.Errorf("it is reached by %s, want through %s", joined.Raw, nodes[0].Host.Name)
	}
	verify(t, l, all...)
}

// TestPagesBehindIsolation has an access point that keeps its clients apart: a
// page of each of two phones reaches the host at the cable, which serves it, and
// everybody else through that.
func TestPagesBehindIsolation(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	clients := hosts[1:]
	for _, h := range clients {
		h.Block(rest(clients, h)...)
	}
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	var pages []*page
	for _, h := range hosts[2:] {
		pages = append(pages, visit(l, browser.Start(t, browser.Config{On: h}), nodes[0], h.Name))
	}
	all := members(nodes, pages...)
	awaitMesh(t, l, all)
	talk(t, l, all)
	verify(t, l, all...)
}

// rest are the hosts of a set but one.
func rest(hosts []*lab.Host, me *lab.Host) []*lab.Host {
	return slices.DeleteFunc(slices.Clone(hosts), func(h *lab.Host) bool { return h == me })
}

// TestTwoTabsOnOneHost has them and a node of that host in a room, with somebody
// else.
func TestTwoTabsOnOneHost(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	nodes := []*lab.Process{chat(t, hosts[0]), chat(t, hosts[1])}
	awaitMesh(t, l, nodes)
	b := browser.Start(t, browser.Config{On: hosts[1]})
	// One is served by a node of another host, one by that of its own.
	pages := []*page{visit(l, b, nodes[0], "one"), visit(l, b, nodes[1], "two")}
	all := members(nodes, pages...)
	awaitMesh(t, l, all)
	talk(t, l, all)
	if pages[0].Self().ID == pages[1].Self().ID {
		t.Error("two tabs are one member")
	}
	pages[0].leave()
	rest := members(nodes, pages[1])
	awaitMesh(t, l, rest)
	talk(t, l, rest)
	verify(t, l, all...)
}

// TestHiddenPage stays in the room while its tab is behind another, where its
// timers run seldom, and says and hears things at once.
func TestHiddenPage(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0])
	l.Await(patience, "the node is ready", node.Ready)
	// What a browser does after five minutes it does here after ten seconds.
	b := browser.Start(t, browser.Config{On: hosts[1], Args: []string{"--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10"}})
	blank := b.Tab()
	visitor := enter(l, blank, node, "visitor")
	all := members([]*lab.Process{node}, visitor)
	awaitMesh(t, l, all)
	b.Tab()
	visitor.Wait("document.hidden")
	hidden := 75 * time.Second
	if testing.Short() {
		hidden = 20 * time.Second
	}
	gone := false
	asleep(func() { gone = l.Until(hidden, func() bool { return node.Left(visitor) || visitor.Left(node) }) })
	if gone {
		t.Error("somebody left")
	}
	tell(t, l, node, []*page{visitor})
	visitor.Eval(`lanyap.say("said by a hidden page", "")`, nil)
	l.Await(patience, "the node heard it", func() bool { return node.Heard("said by a hidden page") })
	visitor.Front()
	talk(t, l, all)
	verify(t, l, all...)
}

// TestFrozenPage stands still for longer than anybody waits for it: the others see
// it leave. When it wakes up it comes back, and gets what was said.
func TestFrozenPage(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	visitor := pages[0]
	talk(t, l, members(nodes, visitor))
	visitor.Freeze(true)
	asleep(func() {
		for _, p := range nodes {
			l.Until(2*patience, func() bool { return p.Left(visitor) })
		}
	})
	for _, p := range nodes {
		leftWith(t, l, p, visitor)
	}
	nodes[0].Say("said to a page that slept")
	visitor.Freeze(false)
	awaitMesh(t, l, members(nodes, visitor))
	visitor.shows(nodes[0].Self().Name, "said to a page that slept")
	talk(t, l, members(nodes, visitor))
	verify(t, l, members(nodes, visitor)...)
}
