//go:build linux

package hosts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// roomWithPages starts nodes on hosts of one switch, and a browser with a page on
// each of as many further hosts, all served by the first node.
func roomWithPages(t *testing.T, nodes, pages int) (*lab.Lab, []*lab.Process, []*browser.Browser, []*page) {
	t.Helper()
	return roomOn(t, nodes, pages, lab.HostConfig{})
}

func roomOn(t *testing.T, nodes, pages int, cfg lab.HostConfig) (*lab.Lab, []*lab.Process, []*browser.Browser, []*page) {
	t.Helper()
	l := browse(t)
	hosts := l.Switch().Hosts(nodes+pages, cfg)
	programs := chatAll(t, hosts[:nodes])
	var browsers []*browser.Browser
	for _, h := range hosts[nodes:] {
		browsers = append(browsers, browser.Start(t, browser.Config{On: h}))
	}
	awaitMesh(t, l, programs)
	var visitors []*page
	for i, b := range browsers {
		p := visit(l, b, programs[0], hosts[nodes+i].Name)
		p.host = hosts[nodes+i]
		visitors = append(visitors, p)
	}
	awaitMesh(t, l, members(programs, visitors...))
	return l, programs, browsers, visitors
}

// leftWith waits until p says that other left, and returns the reason.
func leftWith(t *testing.T, l *lab.Lab, p interface {
	member
	Find(func(lab.Event) bool) (lab.Event, bool)
}, other lab.Member) lab.Event {
	t.Helper()
	var left lab.Event
	l.Await(2*patience, p.Log().Name+" sees it leave", func() (found bool) {
		left, found = p.Find(func(ev lab.Event) bool {
			return ev.Type == "left" && ev.Peer.Instance == other.Self().Instance
		})
		return found
	})
	return left
}

// TestPagesAndNodesTalk has two nodes and two pages all hear each other, each
// message once and in order, and the pages show it so.
func TestPagesAndNodesTalk(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 2)
	all := members(nodes, pages...)
	for i := range 10 {
		for _, p := range all {
			p.Say(fmt.Sprintf("%s says %d", p.Log().Name, i))
		}
	}
	for _, p := range all {
		for _, from := range others(all, p) {
			for i := range 10 {
				text := fmt.Sprintf("%s says %d", from.Log().Name, i)
				l.Await(patience, p.Log().Name+" heard "+text, func() bool { return p.Heard(text) })
			}
		}
	}
	for _, p := range pages {
		for _, from := range all {
			var want []string
			for i := range 10 {
				want = append(want, fmt.Sprintf("%s: %s says %d", from.Self().Name, from.Log().Name, i))
			}
			p.shows(from.Self().Name, fmt.Sprintf("%s says 9", from.Log().Name))
			got := slices.DeleteFunc(p.shown(), func(line string) bool { return !strings.HasPrefix(line, from.Self().Name+": ") })
			if !slices.Equal(got, want) {
				t.Errorf("%s shows %q, want %q", p.Log().Name, got, want)
			}
		}
	}
	for _, p := range nodes {
		for _, visitor := range pages {
			joined, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "joined" && ev.Peer.Instance == visitor.Self().Instance })
			if !strings.Contains(joined.Raw, `"web":true`) {
				t.Errorf("%s does not say that %s is in a browser: %s", p.Host.Name, visitor.Name, joined.Raw)
			}
		}
	}
	verify(t, l, all...)
}

// TestPageReloads: it leaves politely, and comes back as the same member, with
// what was said before.
func TestPageReloads(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	before := pages[0]
	talk(t, l, members(nodes, before))
	tell(t, l, nodes[0], []*page{before})
	after := before.reload()
	for _, p := range nodes {
		if left := leftWith(t, l, p, before); left.Reason != "" {
			t.Errorf("%s shows a reload with the reason %q", p.Host.Name, left.Reason)
		}
	}
	awaitMesh(t, l, members(nodes, after))
	talk(t, l, members(nodes, after))
	if before.Self().ID != after.Self().ID || before.Self().Instance == after.Self().Instance || after.Self().Name != before.Self().Name {
		t.Errorf("it was %v and is %v; want the same ID and name, and another instance", before.Self(), after.Self())
	}
	for _, ev := range before.Log().Events {
		if ev.Type == "message" {
			after.shows(ev.From.Name, ev.Text)
		}
	}
	verify(t, l, append(members(nodes, after), before)...)
}

// polite reports whether a page that went said so: in the room, or, where it was
// just writing and may not wait, by closing the link.
func polite(reason string) bool { return reason == "" || reason == new(peer.CloseError).Error() }

// TestPageCloses: everybody sees it leave at once, as who says so.
func TestPageCloses(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 3, 2)
	closed := time.Now()
	pages[0].leave()
	for _, p := range nodes {
		left := leftWith(t, l, p, pages[0])
		if left.Reason != "" {
			t.Errorf("%s shows a goodbye with the reason %q", p.Host.Name, left.Reason)
		}
		took := left.At.Sub(closed)
		t.Logf("%s saw it leave after %v", p.Host.Name, took)
		if took > 2*time.Second {
			t.Errorf("%s saw it leave after %v", p.Host.Name, took)
		}
	}
	if left := leftWith(t, l, pages[1], pages[0]); !polite(left.Reason) {
		t.Errorf("the other page shows a goodbye with the reason %q", left.Reason)
	}
	rest := members(nodes, pages[1])
	awaitMesh(t, l, rest)
	talk(t, l, rest)
	verify(t, l, append(rest, pages[0])...)
}

// TestBrowserIsKilled ends a browser as a crash does. Every node sees that by the
// end of a connection, long before a link would be missed.
func TestBrowserIsKilled(t *testing.T) {
	t.Parallel()
	l, nodes, browsers, pages := roomWithPages(t, 3, 2)
	talk(t, l, members(nodes, pages...))
	for _, p := range nodes {
		pages[0].host.Connected(patience, p.Host.Addr) // the watch stands
	}
	killed := time.Now()
	pages[0].Record.Kill()
	browsers[0].Kill()
	for _, p := range nodes {
		left := leftWith(t, l, p, pages[0])
		if left.Reason == "" {
			t.Errorf("%s shows a crash as a goodbye", p.Host.Name)
		}
		took := left.At.Sub(killed)
		t.Logf("%s saw it leave after %v", p.Host.Name, took)
		if took > 4*time.Second { // a link that nobody watches ends after 5
			t.Errorf("%s saw it leave after %v", p.Host.Name, took)
		}
	}
	leftWith(t, l, pages[1], pages[0])
	rest := members(nodes, pages[1])
	awaitMesh(t, l, rest)
	talk(t, l, rest)
	verify(t, l, append(rest, pages[0])...)
}

// TestTabCrashes ends one tab of a browser, and not the other.
func TestTabCrashes(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0])
	b := browser.Start(t, browser.Config{On: hosts[1]})
	l.Await(patience, "the node is ready", node.Ready)
	one, two := visit(l, b, node, "one"), visit(l, b, node, "two")
	all := members([]*lab.Process{node}, one, two)
	awaitMesh(t, l, all)
	if one.Self().ID == two.Self().ID {
		t.Error("two tabs are the same member")
	}
	talk(t, l, all)
	one.Record.Kill()
	one.Crash()
	leftWith(t, l, node, one)
	leftWith(t, l, two, one)
	rest := members([]*lab.Process{node}, two)
	awaitMesh(t, l, rest)
	talk(t, l, rest)
	verify(t, l, all...)
}

// TestServingNodeIsKilled: pages go on with each other and with everybody else.
func TestServingNodeIsKilled(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 2)
	talk(t, l, members(nodes, pages...))
	nodes[0].Kill()
	for _, p := range pages {
		leftWith(t, l, p, nodes[0])
	}
	rest := members(nodes[1:], pages...)
	awaitMesh(t, l, rest)
	talk(t, l, rest)
	for _, p := range pages {
		if p.Left(nodes[1]) {
			t.Errorf("%s lost somebody else", p.Name)
		}
	}
	verify(t, l, members(nodes, pages...)...)
}

// TestFirefox joins and chats in another browser, beside a page in a Chromium.
func TestFirefox(t *testing.T) {
	t.Parallel()
	browser.Need(t, "firefox-esr")
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	b := browser.Start(t, browser.Config{On: hosts[2]})
	pages := []*page{visit(l, b, nodes[0], "chrome")}
	f := browser.StartFirefox(t, browser.Config{On: hosts[3]})
	f.Go(named(address(nodes[0]), "fox"))
	all := members(nodes, pages...)
	foxTalks(t, l, f, all)
	f.Close()
	for _, p := range nodes {
		l.Await(patience, "it left", func() bool {
			return p.Has(func(ev lab.Event) bool { return ev.Type == "left" && ev.Peer.Name == "fox" })
		})
	}
	verify(t, l, append(all, unheard(l, "fox"))...)
}

// foxTalks has a page in a Firefox see all these, be heard by them and hear them.
func foxTalks(t *testing.T, l *lab.Lab, f *browser.Firefox, all []member) {
	t.Helper()
	for _, p := range all {
		f.Wait(fmt.Sprintf(`document.querySelector('#people [data-name="%s"]')`, p.Self().Name))
	}
	f.Type("#say", "typed in Firefox\n")
	for _, p := range all {
		l.Await(patience, p.Log().Name+" heard Firefox", func() bool { return p.Heard("typed in Firefox") })
	}
	for _, p := range all {
		text := p.Log().Name + " to Firefox"
		p.Say(text)
		f.Wait(fmt.Sprintf(`[...document.querySelectorAll("#messages [data-from]")].some(m => m.dataset.from === %q && m.textContent.includes(%q))`, p.Self().Name, text))
	}
}
