package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyap/lanyap/mesh"
)

// utterance is something to say.
type utterance struct{ text, to, ref string }

const (
	// waiting is how much may wait to be said. The mesh takes its time when others
	// are slow.
	waiting = 4096
	// outstanding is how much may wait for confirmation at once.
	outstanding = 4096
)

// speech says one thing after another, and tells what became of it.
type speech struct {
	node  *mesh.Node
	queue chan utterance
	slots chan struct{}
}

func newSpeech(node *mesh.Node) *speech {
	return &speech{node: node, queue: make(chan utterance, waiting), slots: make(chan struct{}, outstanding)}
}

// add reports whether there was room for it.
func (s *speech) add(u utterance) bool {
	select {
	case s.queue <- u:
		return true
	default:
		return false
	}
}

func (s *speech) run(ctx context.Context) {
	for {
		select {
		case u := <-s.queue:
			s.slots <- struct{}{}
			s.say(ctx, u)
		case <-ctx.Done():
			return
		}
	}
}

func (s *speech) say(ctx context.Context, u utterance) {
	receipt, to, err := s.hand(ctx, u)
	if err != nil {
		<-s.slots
		show(newEvent("warning").text("text", because(err)).text("ref", u.ref))
		return
	}
	show(newEvent("sent").number("seq", int64(receipt.Seq())).text("text", u.text).person("to", to).text("ref", u.ref))
	go func() {
		s.confirm(ctx, u, receipt, to)
		<-s.slots
	}()
}

func (s *speech) hand(ctx context.Context, u utterance) (*mesh.Receipt, *mesh.Peer, error) {
	if u.to == "" {
		receipt, err := s.node.Broadcast(ctx, []byte(u.text))
		return receipt, nil, err
	}
	members := s.node.Members()
	i := slices.IndexFunc(members, func(p mesh.Peer) bool { return p.Instance.String() == u.to })
	if i < 0 {
		return nil, nil, mesh.ErrNoMember
	}
	receipt, err := s.node.Send(ctx, members[i].Member, []byte(u.text))
	return receipt, &members[i], err
}

// because says why something was not said.
func because(err error) string {
	switch {
	case errors.Is(err, mesh.ErrNoMember):
		return "no longer here"
	case errors.Is(err, mesh.ErrTooLarge):
		return "it is longer than 64 KiB"
	case errors.Is(err, mesh.ErrClosed), errors.Is(err, context.Canceled):
		return "this tab has left the room"
	}
	return fmt.Sprint(err)
}

// confirm waits until everybody who was present has it or is gone.
func (s *speech) confirm(ctx context.Context, u utterance, receipt *mesh.Receipt, to *mesh.Peer) {
	var undelivered *mesh.UndeliveredError
	err := receipt.Delivered(ctx)
	switch {
	case err == nil:
		show(newEvent("delivered").number("seq", int64(receipt.Seq())).number("count", int64(len(receipt.To()))).person("to", to).text("ref", u.ref))
	case errors.As(err, &undelivered):
		show(newEvent("undelivered").number("seq", int64(receipt.Seq())).people("peers", undelivered.Left).person("to", to).text("ref", u.ref))
	}
}
