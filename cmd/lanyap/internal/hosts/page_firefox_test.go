//go:build linux

package hosts

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestFirefoxLinks has a page in Firefox link to the node that serves it and, by an
// offer that is carried, to another. Both see at once when the browser is killed.
func TestFirefoxLinks(t *testing.T) {
	browser.Need(t, "firefox-esr")
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	node, other := startLinker(t, l, hosts[0]), startLinker(t, l, hosts[2])
	f := browser.StartFirefox(t, browser.Config{On: hosts[1]})
	f.Go(node.url())
	f.Wait("globalThis.link")
	f.Eval(fmt.Sprintf("void link.dial(%q)", node.addr()), nil)
	node.await("linked", 0)

	f.Eval(fmt.Sprintf("void link.offer(%q)", other.instance()), nil)
	f.Wait("link.offers.length")
	var self, offer string
	f.Eval("link.self", &self)
	f.Eval("link.offers[0].sdp", &offer)
	sdp, _ := json.Marshal(other.answerTo(self, offer, hosts[1]))
	f.Eval(fmt.Sprintf("void link.answered(%q, %s, %q)", other.instance(), sdp, other.Host.Addr), nil)
	other.await("linked", 0)
	f.Wait("link.linked.length === 2")
	var at string
	f.Eval("link.linked[1].addr", &at)
	if at != other.addr().String() {
		t.Errorf("the page finds the node at %s, want %s", at, other.addr())
	}
	f.Eval(fmt.Sprintf("void link.echo(%q, '100000').then(said => link.echoed = said)", other.instance()), nil)
	f.Wait("link.echoed")
	f.Wait("link.logged.filter(l => l.includes('msg=watched')).length === 2")

	began := time.Now()
	f.Kill()
	for _, p := range []*linker{node, other} {
		if got := p.await("ended", 0).Text; got != peer.ErrGone.Error() {
			t.Errorf("a node's link ended with %q, want %q", got, peer.ErrGone)
		}
	}
	t.Logf("both nodes saw it after %v", time.Since(began))
}
