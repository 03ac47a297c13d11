//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/mesh"
)

// playClock is a program that tells each line of input in the topic "clock", and
// those that begin with "chat " in a second one that it opens then, the chat.
func playClock(in *bufio.Scanner, out *json.Encoder) error {
	ctx := context.Background()
	node, err := mesh.Join(ctx, mesh.Config{Name: "clock", Topic: "clock"})
	if err != nil {
		return err
	}
	defer node.Close()
	if err := out.Encode(report{Type: "ready", ID: node.Self().ID.String()}); err != nil {
		return err
	}
	broadcast := node.Broadcast
	for in.Scan() {
		text, inChat := strings.CutPrefix(in.Text(), "chat ")
		if inChat {
			topic, err := node.Topic("chat")
			if err != nil {
				return err
			}
			broadcast = topic.Broadcast
		}
		if _, err := broadcast(ctx, []byte(text)); err != nil {
			return err
		}
		if err := out.Encode(report{Type: "said", Text: text}); err != nil {
			return err
		}
	}
	return in.Err()
}

// TestTopics has another program in the room, on another host: a chat does not
// show it, nor what it says, until it takes part in the chat too.
func TestTopics(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	clock := startRole(t, hosts[2], "clock")
	l.Await(patience, "the clock is ready", clock.Ready)
	clock.Say("noon") // history, for who takes part
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	clock.Say("one")
	l.Await(patience, "the clock has struck", func() bool { return len(reports(clock, "said")) == 2 })
	talk(t, l, nodes)
	for _, p := range nodes {
		if text := output(p); strings.Contains(text, "clock") || strings.Contains(text, "noon") || p.Present() != 1 {
			t.Errorf("%s shows another program:\n%s", p.Host.Name, text)
		}
	}
	look := run(t, hosts[1], "peers", "--json", "--timeout", "3s")
	exits(t, look, patience, 0)
	if got := output(look); !strings.Contains(got, `"topics":["clock"]`) || strings.Count(got, `"topics":["chat"]`) != 2 {
		t.Errorf("lanyap peers shows\n%s", got)
	}
	clock.Say("chat two")
	for _, p := range nodes {
		l.Await(patience, p.Host.Name+" sees it come and speak", func() bool {
			return p.Present() == 2 && strings.Contains(output(p), `"two"`)
		})
		if text := output(p); strings.Contains(text, "noon") || strings.Contains(text, `"one"`) {
			t.Errorf("%s shows another topic:\n%s", p.Host.Name, text)
		}
	}
}
