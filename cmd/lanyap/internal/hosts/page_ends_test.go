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

// endOf waits until a node's link has ended and returns how long that took, and why.
func endOf(p *linker, begin func()) (time.Duration, string) {
	p.t.Helper()
	before := len(p.reports("ended"))
	began := time.Now()
	begin()
	why := p.await("ended", before).Text
	for _, ev := range p.Log().Events {
		if ev.Type == "ended" {
			before--
			if before < 0 {
				return ev.At.Sub(began), why
			}
		}
	}
	return 0, why
}

// endsOnPage waits until a page's link has ended and returns how long that took, and
// why.
func (tab *linkTab) endsOnPage(begin func()) (time.Duration, string) {
	tab.t.Helper()
	before := len(tab.ended())
	var began float64
	tab.Eval("Date.now()", &began)
	begin()
	tab.Wait("link.ended.length > " + strings.Repeat("1+", before) + "0")
	end := tab.ended()[before]
	return time.Duration(end.At-began) * time.Millisecond, end.Why
}

// watches waits until a page's watch of a node is open.
func (tab *linkTab) watches(p *linker) {
	tab.t.Helper()
	tab.Wait(fmt.Sprintf("link.logged.some(l => l.includes('msg=watched') && l.includes(%q))", p.instance()))
}

// TestPageEnds has links of a page end in all ways that either side may end.
func TestPageEnds(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := startLinker(t, l, hosts[0])
	b := browser.Start(t, browser.Config{On: hosts[1]})
	linked := func() *linkTab {
		t.Helper()
		tab := openLinkTab(t, b, node)
		before := len(node.reports("linked"))
		tab.ask("dial", node.addr().String())
		node.await("linked", before)
		return tab
	}
	closed := (&peer.CloseError{}).Error()
	// How it ended tells who has noticed; without, a link lasts for more than 6 s.
	const atOnce = 5 * time.Second
	check := func(what string, took, within time.Duration, why string, want ...string) {
		t.Helper()
		t.Logf("%s: after %v: %s", what, took, why)
		if took > within {
			t.Errorf("%s: took %v, more than %v", what, took, within)
		}
		for _, w := range want {
			if why == w {
				return
			}
		}
		t.Errorf("%s: ended with %q, want %q", what, why, want)
	}

	tab := linked()
	took, why := endOf(node, func() { tab.ask("hangUp", node.instance()) })
	check("closed by the page", took, patience, why, closed)
	tab.ask("dial", node.addr().String())
	took, why = tab.endsOnPage(func() { node.Say("close " + tab.self()) })
	check("closed by the node", took, patience, why, closed)
	tab.Close()

	tab = linked()
	took, why = endOf(node, func() { tab.Close() })
	check("tab closed", took, atOnce, why, closed)

	tab = linked()
	took, why = endOf(node, func() { tab.Reload() })
	check("reloaded", took, atOnce, why, closed)
	tab.Close()

	tab = linked()
	took, why = endOf(node, func() { tab.Go("about:blank") })
	check("left", took, atOnce, why, closed)
	tab.Close()

	tab = linked()
	tab.watches(node)
	took, why = endOf(node, func() { tab.Crash() })
	check("crashed", took, atOnce, why, peer.ErrGone.Error())
	tab.Close()

	tab = linked()
	tab.watches(node)
	took, why = endOf(node, func() { b.Kill() })
	check("browser killed", took, atOnce, why, peer.ErrGone.Error())

	// Before any watch stands, as when a browser dies at once.
	b = browser.Start(t, browser.Config{On: hosts[1]})
	tab = openLinkTab(t, b, node)
	tab.Eval(`globalThis.WebSocket = function() { throw new Error("none") }`, nil)
	before := len(node.reports("linked"))
	tab.ask("dial", node.addr().String())
	node.await("linked", before)
	took, why = endOf(node, func() { b.Kill() })
	check("browser killed at once", took, atOnce, why, peer.ErrTimeout.Error())

	b = browser.Start(t, browser.Config{On: hosts[1]})
	tab = linked()
	tab.watches(node)
	took, why = tab.endsOnPage(func() { node.Kill() })
	check("node killed", took, atOnce, why, peer.ErrGone.Error())
}
