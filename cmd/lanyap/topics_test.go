package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// TestOtherProgramsAreNobodyHere has another program in the room, with a topic of
// its own: a chat neither shows it nor what it says, now or from history, nor
// counts it, and it does not get what is said to people.
func TestOtherProgramsAreNobodyHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		clock, err := mesh.Join(t.Context(), mesh.Config{Name: "clock", Topic: "clock", Network: n.lan.Host("clock")})
		if err != nil {
			t.Fatal(err)
		}
		defer clock.Close()
		tick := func(text string) {
			if _, err := clock.Broadcast(t.Context(), []byte(text)); err != nil {
				t.Error(err)
			}
		}
		tick("noon")
		alone := n.reading("bo", "", "say", "--json", "--timeout", "2s", "anybody?")
		alone.wantError(exitNobody)

		bo, cy := n.on("bo", "--json", "--history", "10"), n.on("cy", "--json")
		settle()
		tick("one")
		ana := n.reading("ana", "", "say", "--json", "--wait", "2", "hi")
		ana.wantExit(exitOK)
		if !strings.Contains(ana.out.String(), `"type":"delivered"`) || !strings.Contains(ana.out.String(), `"count":2`) {
			t.Errorf("it was said as\n%s\nwant it delivered to bo and cy", ana.out.String())
		}
		settle()
		for _, p := range []*program{bo, cy, ana} {
			if out := p.out.String(); strings.Contains(out, "clock") || strings.Contains(out, "noon") || strings.Contains(out, `"one"`) {
				t.Errorf("a chat shows\n%s", out)
			}
		}
		if got := bo.texts(); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("bo has read %q", got)
		}
		list := n.on("ana", "peers")
		list.wantExit(exitOK)
		for _, want := range []string{"clock ", "chat\n", "clock\n"} {
			if !strings.Contains(list.out.String(), want) {
				t.Errorf("lanyap peers shows\n%s\nwant %q in it", list.out.String(), want)
			}
		}
		clock.Close()
		settle()
		if strings.Contains(bo.out.String(), "clock") {
			t.Errorf("its end is shown:\n%s", bo.out.String())
		}
		for _, p := range []*program{bo, cy} {
			p.cancel(nil)
			p.exit()
		}
	})
}

// TestOtherPartsOfAProgram has a program that chats and does something else with
// one node: it is somebody, and only what it says in the chat is shown.
func TestOtherPartsOfAProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json")
		node, err := mesh.Join(t.Context(), mesh.Config{Name: "robot", Topic: "chat", Network: n.lan.Host("robot")})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		files, err := node.Topic("files")
		if err != nil {
			t.Fatal(err)
		}
		settle()
		for i, say := range []*mesh.Topic{files, nil, files} {
			text := []byte(fmt.Sprint("said ", i))
			if say == nil {
				_, err = node.Broadcast(t.Context(), text)
			} else {
				_, err = say.Broadcast(t.Context(), text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if got := bo.texts(); !slices.Equal(got, []string{"said 1"}) || len(bo.of("joined")) != 1 {
			t.Errorf("bo has read %q:\n%s", got, bo.out.String())
		}
		bo.cancel(nil)
		bo.exit()
	})
}
