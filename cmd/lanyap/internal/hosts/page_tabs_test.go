//go:build linux

package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestManyTabsOfOneHost has a browser open more tabs at once, as when it is started
// again, than a node has half-made links with one address: all of them get in, and
// find each other.
func TestManyTabsOfOneHost(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	nodes := []*lab.Process{chat(t, hosts[0]), chat(t, hosts[1])}
	awaitMesh(t, l, nodes)
	b := browser.Start(t, browser.Config{On: hosts[2]})
	const count = 6
	var tabs []*tab
	for i := range count {
		tabs = append(tabs, newTab(l, b.Window(), fmt.Sprint("tab", i)))
	}
	began := time.Now()
	for i, tab := range tabs {
		tab.Go(named(address(nodes[0]), fmt.Sprint("tab", i)))
	}
	var pages []*page
	for _, tab := range tabs {
		pages = append(pages, tab.document(0))
	}
	all := members(nodes, pages...)
	awaitMesh(t, l, all)
	t.Logf("%d tabs are in after %v", count, time.Since(began).Round(time.Millisecond))
	talk(t, l, all)
	verify(t, l, all...)
}
