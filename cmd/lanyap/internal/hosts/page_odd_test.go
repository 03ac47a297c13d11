//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestPageDialsItsHostOnly has a page dial a node that did not serve it: no request
// leaves the browser.
func TestPageDialsItsHostOnly(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	node, other := startLinker(t, l, hosts[0]), startLinker(t, l, hosts[2])
	tab := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)
	requests := func() (n int) {
		tab.Eval("performance.getEntriesByType('resource').length", &n)
		return n
	}
	before := requests()
	if _, err := tab.tryAsk("dial", other.addr().String()); err == nil || !strings.Contains(err.Error(), "served") {
		t.Errorf("dial of another node: %v", err)
	}
	if after := requests(); after != before {
		t.Errorf("%d requests were made for it", after-before)
	}
}

// TestPageDialsAnew has a page dial its host while both believe in an earlier link:
// the proof that this carried makes the new one take its place.
func TestPageDialsAnew(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := startLinker(t, l, hosts[0])
	tab := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)
	tab.ask("dial", node.addr().String())
	for i := range 3 {
		tab.ask("dial", node.addr().String())
		if got := node.await("ended", i).Text; got != peer.ErrReplaced.Error() {
			t.Errorf("the node's earlier link ended with %q", got)
		}
		tab.Wait(fmt.Sprintf("link.ended.length > %d", i))
		if got := tab.ended()[i].Why; got != peer.ErrReplaced.Error() {
			t.Errorf("the page's earlier link ended with %q", got)
		}
	}
	tab.ask("say", node.instance(), "over-the-last")
	if got := node.await("heard", 0).Text; got != "over-the-last" {
		t.Errorf("the node heard %q", got)
	}
}

// TestPagesWithoutRoute has pages on hosts without a default route, whose browser
// tells no candidate: they link to nodes, but not to each other, and say so at once.
func TestPagesWithoutRoute(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	s := l.Switch()
	hosts := s.Hosts(2, lab.HostConfig{})
	lost := s.Hosts(2, lab.HostConfig{NoRoute: true})
	node, other := startLinker(t, l, hosts[0]), startLinker(t, l, hosts[1])
	first := openLinkTab(t, browser.Start(t, browser.Config{On: lost[0]}), node)
	second := openLinkTab(t, browser.Start(t, browser.Config{On: lost[1]}), node)
	first.ask("dial", node.addr().String())
	first.carry(other.instance(), func(offer string) (string, string) {
		return other.answer(first, offer, lost[0]), other.Host.Addr.String()
	})
	other.await("linked", 0)

	began := time.Now()
	err := first.tryCarry(second.self(), func(offer string) (string, string) {
		if strings.Contains(offer, "a=candidate") {
			t.Skip("this browser tells a candidate without a default route")
		}
		if _, err := second.tryAsk("answer", first.self(), offer, lost[0].Addr.String()); err == nil || !strings.Contains(err.Error(), peer.ErrNoWay.Error()) {
			t.Errorf("the answering page says %v, want %v", err, peer.ErrNoWay)
		}
		// A description without a candidate, as a page would send it that cannot
		// know whether the other has one.
		return strings.ReplaceAll(offer, "a=setup:actpass", "a=setup:active"), lost[1].Addr.String()
	})
	if err == nil || !strings.Contains(err.Error(), peer.ErrNoWay.Error()) {
		t.Errorf("the offering page says %v, want %v", err, peer.ErrNoWay)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("that took %v", took)
	}
}

// TestLinksOfAnUnpluggedPage pulls the cable of a page's host: for 4 s, which loses nobody, and
// for good.
func TestLinksOfAnUnpluggedPage(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	node := startLinker(t, l, hosts[0])
	first := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)
	second := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[2]}), node)
	first.ask("dial", node.addr().String())
	first.carry(second.self(), func(offer string) (string, string) {
		return second.ask("answer", first.self(), offer, hosts[1].Addr.String()), hosts[2].Addr.String()
	})
	first.watches(node)

	hosts[1].Unplug()
	l.Stays(4*time.Second, "a link has ended", func() bool { return len(node.reports("ended")) > 0 })
	first.start("say", node.instance(), "during")
	hosts[1].Plug()
	node.await("heard", 0)
	if _, err := first.result(); err != nil {
		t.Error(err)
	}
	l.Stays(3*time.Second, "a link has ended afterwards", func() bool { return len(node.reports("ended")) > 0 })
	if ends := append(first.ended(), second.ended()...); len(ends) > 0 {
		t.Errorf("links of pages have ended: %v", ends)
	}

	began := time.Now()
	hosts[1].Unplug()
	node.await("ended", 0)
	t.Logf("the node saw it after %v: %s", time.Since(began), node.reports("ended")[0].Text)
	second.Wait("link.ended.length")
	t.Logf("the other page after %v: %v", time.Since(began), second.ended())
	first.Wait("link.ended.length === 2")
	t.Logf("the page itself after %v: %v", time.Since(began), first.ended())
	for _, end := range append(first.ended(), second.ended()...) {
		if end.Why != peer.ErrTimeout.Error() {
			t.Errorf("a link ended with %q, want %q", end.Why, peer.ErrTimeout)
		}
	}
}

// TestLinkOfAFrozenPage has a browser freeze a tab for so long that others give it up.
// When it wakes it knows at once.
func TestLinkOfAFrozenPage(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := startLinker(t, l, hosts[0])
	tab := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)
	tab.ask("dial", node.addr().String())
	tab.watches(node)
	tab.Freeze(true)
	began := time.Now()
	l.Await(time.Minute, "the node gives it up", func() bool { return len(node.reports("ended")) > 0 })
	t.Logf("given up after %v: %s", time.Since(began), node.reports("ended")[0].Text)
	tab.Freeze(false)
	began = time.Now()
	tab.Wait("link.ended.length")
	t.Logf("known %v after it woke: %v", time.Since(began), tab.ended())
	tab.ask("dial", node.addr().String())
	tab.ask("ping", node.instance())
}
