//go:build linux

package hosts

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestChurn has ten thousand connections come to a node and go, from many addresses,
// and a hundred links: it has as many goroutines and open files afterwards as before.
func TestChurn(t *testing.T) {
	t.Parallel()
	const calls, made = 10_000, 100
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	node := startRole(t, hosts[0], "link")
	other := chat(t, hosts[1])
	l.Await(patience, "they see each other", func() bool { return node.Ready() && other.Present() == 1 })
	pause(l, 5*time.Second) // what a start needs has ended
	before := holdings(t, l, node)

	caller := startFoe(t, hosts[2], at(node, hostile.Order{Do: "connects", Sources: 64}))
	// From its own host, where no rate is in the way.
	linker := startFoe(t, hosts[0], at(node, hostile.Order{Do: "links"}))
	caller.awaits(l, "connects", calls)
	linker.awaits(l, "links", made)
	t.Log(caller.counts(), linker.counts())
	caller.Kill()
	linker.Kill()

	var after holding
	if !l.Until(3*patience, func() bool {
		pause(l, 200*time.Millisecond)
		after = holdings(t, l, node)
		return after.goroutines <= before.goroutines && after.files <= before.files && after.members == 1
	}) {
		t.Errorf("it has %+v, and had %+v", after, before)
	}
	if grown := after.heap - before.heap; grown > 8<<20 {
		t.Errorf("its heap has grown by %d KiB", grown>>10)
	}
	t.Logf("before %+v, after %+v", before, after)
	verify(t, l, other)
}

// holding is what a node holds.
type holding struct{ goroutines, files, heap, members int }

// holdings asks a node that plays the role link.
func holdings(t *testing.T, l *lab.Lab, node *lab.Process) holding {
	t.Helper()
	n := len(reports(node, "usage"))
	node.Say("how much?")
	l.Await(patience, "it says what it holds", func() bool { return len(reports(node, "usage")) > n })
	r := reports(node, "usage")[n]
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", node.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return holding{r.Goroutines, len(files), r.Heap, r.Members}
}
