//go:build linux

package hosts

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestPageLink has a page link to the node that serves it.
func TestPageLink(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := startLinker(t, l, hosts[0])
	tab := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)

	if got := tab.ask("dial", node.addr().String()); got != node.instance() {
		t.Errorf("linked to %s, want %s", got, node.instance())
	}
	linked := node.await("linked", 0)
	if linked.Instance != tab.self() || !linked.Web {
		t.Errorf("the node is linked to %+v, want %s in a browser", linked, tab.self())
	}
	tab.ask("say", node.instance(), "from-the-page")
	if got := node.await("heard", 0).Text; got != "from-the-page" {
		t.Errorf("the node heard %q", got)
	}
	node.Say("say " + tab.self() + " from-the-node")
	tab.hears(node.instance(), "from-the-node")
	t.Log(tab.ask("ping", node.instance()), linked.Addr)
	t.Log("echo by the page:", tab.ask("echo", node.instance(), "1000000"))
	t.Log("echo by the node:", node.command("echoed", "echo %s 1000000", tab.self()).Seconds)
}

// TestCarriedLinks has a page link to another page, on another host, and to a node
// that does not serve it. Offers and answers are brought by the test.
func TestCarriedLinks(t *testing.T) {
	browser.Need(t, "chromium")
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	node, other := startLinker(t, l, hosts[0]), startLinker(t, l, hosts[3])
	first := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[1]}), node)
	second := openLinkTab(t, browser.Start(t, browser.Config{On: hosts[2]}), node)
	first.ask("dial", node.addr().String())
	second.ask("dial", node.addr().String())

	t.Run("to a page", func(t *testing.T) {
		first.carry(second.self(), func(offer string) (string, string) {
			return second.ask("answer", first.self(), offer, hosts[1].Addr.String()), hosts[2].Addr.String()
		})
		second.Wait("link.linked.length === 2")
		first.ask("say", second.self(), "one")
		second.hears(first.self(), "one")
		second.ask("say", first.self(), "two")
		first.hears(second.self(), "two")
		first.ask("echo", second.self(), "100000")
		second.ask("echo", first.self(), "100000")
		if got, want := first.addrOf(second.self()), netip.AddrPortFrom(hosts[2].Addr, 0); got != want {
			t.Errorf("a page is at %v, want %v", got, want)
		}
	})
	t.Run("to a node", func(t *testing.T) {
		first.carry(other.instance(), func(offer string) (string, string) {
			return other.answer(first, offer, hosts[1]), other.Host.Addr.String()
		})
		if got := other.await("linked", 0).Instance; got != first.self() {
			t.Errorf("the node is linked to %s, want %s", got, first.self())
		}
		first.ask("say", other.instance(), "three")
		if got := other.await("heard", 0).Text; got != "three" {
			t.Errorf("the node heard %q", got)
		}
		other.command("echoed", "echo %s 100000", first.self())
		if got := first.addrOf(other.instance()); got != other.addr() {
			t.Errorf("a node is at %v, want %v", got, other.addr())
		}
	})
	t.Run("twice", func(t *testing.T) {
		if _, err := first.tryAsk("offer", second.self()); err == nil || !strings.Contains(err.Error(), peer.ErrLinked.Error()) {
			t.Errorf("another offer: %v, want %v", err, peer.ErrLinked)
		}
	})
}
