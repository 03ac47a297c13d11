//go:build linux

package hosts

import (
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// TestCapture: who hears every packet of a private room, with members that come, a page
// by an invite, words to all and to one, history, and files between all of them, finds
// no name, no ID, no word, no file and neither the room's name nor its secret in them.
func TestCapture(t *testing.T) {
	t.Parallel()
	l := browse(t)
	sw := l.Switch()
	heard := sw.Capture()
	hosts := sw.Hosts(4, lab.HostConfig{})
	c := gather(t, l, hosts[:3])

	// One that comes late, and hears what was said.
	late := run(t, hosts[3], append([]string{"chat", "--json", "--history", "1000", "--name", "clementine"}, inCabinet(t, hosts[3])...)...)
	c.nodes = append(c.nodes, late)
	c.words = append(c.words, "clementine")
	awaitMesh(t, l, c.all())
	l.Await(patience, "it has the history", func() bool { return late.Heard("call me ishmael 0") })
	talk(t, l, c.all())
	c.page.Say("/msg annabelle nobody else shall know")
	l.Await(patience, "it is heard", func() bool { return c.nodes[0].Heard("nobody else shall know") })
	c.words = append(c.words, "nobody else shall know")

	// Files: of a node to a node, of the page to a node, of a node to the page.
	to := receive(t, l, hosts[1], inCabinet(t, hosts[1])...)
	from := send(t, hosts[3], append(inCabinet(t, hosts[3]), c.story(t, hosts[3], "manuscript.txt", 3<<20), "--to", hosts[1].Name)...)
	exits(t, from, 2*patience, 0)
	exits(t, to, patience, 0)
	c.page.awaitKeeper()
	to = receive(t, l, hosts[1], inCabinet(t, hosts[1])...)
	c.page.Choose("#files", c.story(t, hosts[2], "holiday-pictures.txt", 3<<20))
	exits(t, to, 2*patience, 0)
	send(t, hosts[3], append(inCabinet(t, hosts[3]), c.story(t, hosts[3], "screenplay.txt", 3<<20), "--to", "penelope")...)
	c.page.awaitOffer("screenplay.txt", hosts[3].Name)
	got := c.page.accept(c.b, 2*patience)
	sameRoot(t, got.Path, c.story(t, hosts[3], "screenplay.txt", 3<<20))
	verify(t, l, c.all()...)
	id, err := peer.ParseID(late.Self().ID)
	if err != nil {
		t.Fatal(err)
	}
	c.ids = append(c.ids, id)

	heard.Stop()
	for what, secret := range c.secrets() {
		if flows := heard.Find(secret); len(flows) > 0 {
			t.Errorf("%s is in %q", what, flows)
		}
	}
	// What is there for everybody to hear, as the documentation says, was heard.
	for _, open := range []string{peer.RoomTag(cabinet), c.nodes[0].Self().Instance, "GET /page.json", "_lanyap"} {
		if len(heard.Find([]byte(open))) == 0 {
			t.Errorf("%q is in nothing that was captured", open)
		}
	}
	t.Logf("%d bytes were heard", heard.Bytes())
	if heard.Bytes() < 9<<20 {
		t.Errorf("only %d bytes were heard, and 9 MiB were sent", heard.Bytes())
	}
}
