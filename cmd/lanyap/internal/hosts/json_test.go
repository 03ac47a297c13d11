//go:build linux

package hosts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// shapes are the keys of each event, besides v, type and time. Who is reached through
// somebody, as anybody is whose own link takes a second, has a via as well.
var shapes = map[string]string{
	"ready":               "addrs id instance name page room",
	"joined":              "peer",
	"rerouted":            "peer",
	"left":                "peer reason",
	"message":             "from sent seq text",
	"message private":     "from private sent seq text",
	"sent":                "seq text",
	"sent private":        "seq text to",
	"delivered":           "count seq",
	"delivered private":   "count seq to",
	"undelivered":         "peers seq",
	"undelivered private": "peers seq to",
	"warning":             "text",
}

// TestJSON holds every event to what scripts rely on.
func TestJSON(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	ana := chat(t, hosts[0], "--input", "json", "--name", "ana")
	bo := chat(t, hosts[1], "--input", "json", "--name", "bo")
	cy := chat(t, hosts[2], "--input", "json", "--name", "cy")
	nodes := []*lab.Process{ana, bo, cy}
	awaitMesh(t, l, nodes)
	ana.Say(`{"text":"to all"}`, `{"text":"by name","to":"bo"}`)
	ana.Say(fmt.Sprintf(`{"text":"by ID","to":%q}`, bo.Self().ID))
	ana.Say(`{"text":"to all again\nin two lines"}`)
	heardEach(t, l, bo, "to all", "by name", "by ID", "to all again\nin two lines")
	heardAll(t, l, cy, "to all", "to all again\nin two lines")
	ana.Say(`{"text":"to nobody","to":"dora"}`)
	l.Await(patience, "a warning", func() bool { return ana.Has(func(ev lab.Event) bool { return ev.Type == "warning" }) })
	verify(t, l, nodes...)

	cy.Kill()
	l.Await(patience, "cy has left", func() bool { return ana.Left(cy) && bo.Left(cy) })
	ana.EndInput()
	exits(t, ana, patience, 1) // for the one who does not exist
	l.Await(patience, "ana has left", func() bool { return bo.Left(ana) })
	seen := make(map[string]bool)
	for _, p := range nodes {
		for _, ev := range p.Log().Events {
			seen[checkShape(t, ev)] = true
		}
	}
	for _, kind := range []string{"ready", "joined", "left", "message", "message private", "sent", "sent private", "delivered", "delivered private", "warning"} {
		if !seen[kind] {
			t.Errorf("no %s event in this run", kind)
		}
	}
	checkSequences(t, bo)
}

// checkShape checks the keys of an event and returns its kind.
func checkShape(t *testing.T, ev lab.Event) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(ev.Raw), &fields); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"v", "type", "time"} {
		if _, ok := fields[key]; !ok {
			t.Errorf("no %s in %s", key, ev.Raw)
		}
		delete(fields, key)
	}
	kind := ev.Type
	if ev.Private || ev.To != nil {
		kind += " private"
	}
	want := shapes[kind]
	if ev.Via != nil {
		want += " via"
	}
	if got := strings.Join(slices.Sorted(maps.Keys(fields)), " "); got != want {
		t.Errorf("%s has %q, want %q: %s", kind, got, want, ev.Raw)
	}
	if age := ev.At.Sub(ev.Time); age < -time.Second || age > time.Minute {
		t.Errorf("time is %v off: %s", age, ev.Raw)
	}
	for _, who := range []string{"peer", "via", "from", "to"} {
		raw, ok := fields[who]
		if !ok {
			continue
		}
		var ident map[string]string
		if err := json.Unmarshal(raw, &ident); err != nil {
			t.Errorf("%s: %v", ev.Raw, err)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(ident)), " "); got != "id instance known name" || ident["known"] != "new" && ident["known"] != "seen" {
			t.Errorf("%s has %q, want id, instance, known and name: %s", who, got, ev.Raw)
		}
	}
	return kind
}

// checkSequences checks that messages to one count apart from those to all.
func checkSequences(t *testing.T, p *lab.Process) {
	t.Helper()
	next := map[bool]uint64{false: 1, true: 1}
	for _, ev := range p.Log().Events {
		if ev.Type != "message" {
			continue
		}
		if ev.Seq != next[ev.Private] {
			t.Errorf("sequence %d, want %d: %s", ev.Seq, next[ev.Private], ev.Raw)
		}
		next[ev.Private] = ev.Seq + 1
	}
}

// TestPrivateToAmbiguousName sends nothing when two have the name.
func TestPrivateToAmbiguousName(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	ana := chat(t, hosts[0], "--input", "json", "--name", "ana")
	twins := []*lab.Process{chat(t, hosts[1], "--name", "bo"), chat(t, hosts[2], "--name", "bo")}
	awaitMesh(t, l, append([]*lab.Process{ana}, twins...))
	ana.Say(`{"text":"which one?","to":"bo"}`, fmt.Sprintf(`{"text":"you","to":%q}`, twins[1].Self().ID))
	heardAll(t, l, twins[1], "you")
	ana.EndInput()
	exits(t, ana, patience, 1)
	if twins[0].Heard("which one?") || twins[1].Heard("which one?") {
		t.Error("a message to an ambiguous name was sent")
	}
	verify(t, l, ana, twins[0], twins[1])
}

// TestBadJSONInput warns and goes on; the exit code tells.
func TestBadJSONInput(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	hears := listener(t, l, b)
	says := chat(t, a, "--input", "json")
	says.Say(`{"text":"before"}`, `no JSON at all`, `{"text":"after"}`)
	says.EndInput()
	exits(t, says, patience, 1)
	heardAll(t, l, hears, "before", "after")
}

// TestLongLines says the longest message there is, and one that is longer.
func TestLongLines(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	hears := listener(t, l, b)
	longest := strings.Repeat("x", 64<<10)
	says := chat(t, a)
	says.Say(longest, "short")
	heardAll(t, l, hears, longest, "short")
	says.Say(longest+"x", "after")
	heardAll(t, l, hears, longest, "short", "after")
	says.EndInput()
	exits(t, says, patience, 1)
	verify(t, l, says, hears)
}

// TestFlood says much at once; nothing is lost, for the writer waits.
func TestFlood(t *testing.T) {
	t.Parallel()
	const total = 5000
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	for i := range total {
		nodes[0].Say(fmt.Sprintf("flood %d %s", i, strings.Repeat("y", i%1000)))
	}
	nodes[0].EndInput()
	exits(t, nodes[0], 2*patience, 0)
	for _, p := range nodes[1:] {
		l.Await(patience, p.Host.Name+" heard it all", func() bool { return messages(p) == total })
	}
	verify(t, l, nodes...)
}

func messages(p *lab.Process) int {
	n := 0
	for _, ev := range p.Log().Events {
		if ev.Type == "message" {
			n++
		}
	}
	return n
}
