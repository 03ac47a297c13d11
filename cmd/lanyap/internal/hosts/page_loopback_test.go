//go:build linux

package hosts

import (
	"fmt"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestPageOfTheLoopback has the page be opened on the node's own host, by what
// a person there would type: it is a member like others, for a node elsewhere as
// well.
func TestPageOfTheLoopback(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
		t.Run(name, func(t *testing.T) {
			l := browse(t)
			hosts := l.Switch().Hosts(2, lab.HostConfig{})
			nodes := []*lab.Process{chat(t, hosts[0]), chat(t, hosts[1])}
			awaitMesh(t, l, nodes)
			b := browser.Start(t, browser.Config{On: hosts[0]})
			tab := newTab(l, b.Window(), "here")
			tab.Go(fmt.Sprintf("http://%s:7475/?name=here", name))
			all := members(nodes, tab.document(0))
			awaitMesh(t, l, all)
			talk(t, l, all)
			verify(t, l, all...)
		})
	}
}
