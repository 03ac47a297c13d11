package main

import (
	"context"
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// leaveLimit is how long a polite goodbye takes at most.
const leaveLimit = time.Second

// session is one time in the room.
type session struct {
	node   *mesh.Node
	speech *speech
	keeper *keeper
	stop   context.CancelFunc
}

func newSession(cfg config) (*session, error) {
	as, err := cfg.mesh()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	node, err := mesh.Join(ctx, as)
	if err != nil {
		stop()
		return nil, err
	}
	s := &session{node: node, speech: newSpeech(node), keeper: newKeeper(node, cfg.keeper), stop: stop}
	show(newEvent("ready").self(node.Self()).text("room", cfg.room).people("addrs", nil))
	go s.follow(ctx)
	go s.speech.run(ctx)
	go s.keeper.run(ctx)
	return s, nil
}

// end leaves, politely if that is quick.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	_ = s.node.Leave(ctx) // who has not heard it sees us gone all the same
	s.stop()
	_ = s.node.Close()
}

// follow shows what happens until the session ends.
func (s *session) follow(ctx context.Context) {
	for ev, err := range s.node.Events(ctx) {
		if err == nil {
			showEvent(ev)
			continue
		}
		if ctx.Err() == nil && !errors.Is(err, mesh.ErrClosed) {
			show(newEvent("ended").text("reason", err.Error()))
		}
		return
	}
}

func showEvent(ev mesh.Event) {
	switch ev := ev.(type) {
	case mesh.Joined:
		show(newEvent("joined").person("peer", &ev.Peer).person("via", ev.Peer.Via))
	case mesh.Rerouted:
		show(newEvent("rerouted").person("peer", &ev.Peer).person("via", ev.Peer.Via))
	case mesh.Left:
		reason := ""
		if ev.Reason != nil {
			reason = ev.Reason.Error()
		}
		show(newEvent("left").person("peer", &ev.Peer).text("reason", reason))
	case mesh.Message:
		show(newEvent("message").person("from", &ev.From).number("seq", int64(ev.Seq)).time("sent", ev.Sent).
			text("text", string(ev.Data)).flag("private", ev.Private).flag("history", ev.History))
	case mesh.Gap:
		show(newEvent("gap").person("from", &ev.From).number("count", int64(ev.Count)))
	case mesh.Refused:
		show(newEvent("refused").text("addr", ev.Addr.String()).number("count", int64(ev.Count)))
	case mesh.Conflict:
		show(newEvent("conflict").person("from", &ev.From).number("seq", int64(ev.Seq)).flag("private", ev.Private))
	}
}
