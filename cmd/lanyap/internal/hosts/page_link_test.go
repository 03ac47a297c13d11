//go:build linux

package hosts

import (
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
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
