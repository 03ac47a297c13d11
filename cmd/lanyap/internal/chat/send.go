package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
)

// outstanding is how many messages may wait for confirmation at once. Each
// costs a goroutine. Past it nothing more is said until somebody confirms or
// is counted as left.
const outstanding = 4096

// send says what the input yields in a goroutine of its own. spoken is closed
// when everything was said, and said when also everybody has it or has left.
func (s *session) send(ctx context.Context) (spoken, said chan struct{}) {
	spoken, said = make(chan struct{}), make(chan struct{})
	go func() {
		var waiting sync.WaitGroup
		slots := make(chan struct{}, outstanding)
		for s.sendNext(ctx, &waiting, slots) {
		}
		close(spoken)
		waiting.Wait()
		if ctx.Err() == nil {
			close(said)
		}
	}()
	return spoken, said
}

// sendNext says one utterance and reports whether there may be more.
func (s *session) sendNext(ctx context.Context, waiting *sync.WaitGroup, slots chan struct{}) bool {
	u, err := s.Input.Next(ctx)
	var mistake *MistakeError
	switch {
	case err == nil:
	case errors.As(err, &mistake):
		s.refuse(mistake)
		return true
	case errors.Is(err, io.EOF):
		return false
	default:
		s.fail(fmt.Errorf("input: %w", err))
		return false
	}

	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	sent, receipt, err := s.say(ctx, u)
	if err != nil {
		<-slots
		return s.unsaid(ctx, u, err)
	}
	s.receipts.add(receipt, sent.To == nil)
	s.show(sent)
	waiting.Go(func() {
		s.confirm(ctx, sent, receipt)
		<-slots
	})
	return true
}

// say hands u to the node.
func (s *session) say(ctx context.Context, u Utterance) (Sent, Receipt, error) {
	if u.To == nil {
		receipt, err := s.Node.Broadcast(ctx, []byte(u.Text))
		if err != nil {
			return Sent{}, nil, err
		}
		return Sent{Seq: receipt.Seq(), Text: u.Text, Ref: u.Ref}, receipt, nil
	}
	to, err := s.Members.Find(*u.To)
	if err != nil {
		return Sent{}, nil, err
	}
	receipt, err := s.Node.Send(ctx, to.Member, []byte(u.Text))
	if err != nil {
		return Sent{}, nil, err
	}
	return Sent{Seq: receipt.Seq(), Text: u.Text, To: &to, Ref: u.Ref}, receipt, nil
}

// unsaid tells why u was not said and reports whether to go on.
func (s *session) unsaid(ctx context.Context, u Utterance, err error) bool {
	var hint string
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, people.ErrAmbiguous):
		hint = "name the ID, or the instance where one ID is here twice; both are in the joined events and in lanyap peers --json"
	case errors.Is(err, people.ErrUnknown), errors.Is(err, mesh.ErrNoMember):
		hint = "name somebody who is here, as lanyap peers lists them"
	case errors.Is(err, mesh.ErrTooLarge):
		hint = "split it into several messages"
	default:
		s.fail(err)
		return false
	}
	text := fmt.Sprintf("%v; not sent: %q", err, excerpt(u.Text))
	if u.To != nil && (errors.Is(err, mesh.ErrNoMember) || u.Whom != "" && errors.Is(err, people.ErrUnknown)) {
		text = fmt.Sprintf("%q is no longer here; not sent: %q", cmp.Or(u.Whom, *u.To), excerpt(u.Text))
	}
	s.refuse(&MistakeError{Text: text, Hint: hint, Ref: u.Ref})
	return true
}

// refuse tells of an utterance that was not said.
func (s *session) refuse(m *MistakeError) {
	s.receipts.addUnsaid()
	s.show(Warning{Text: m.Text, Hint: m.Hint, Ref: m.Ref})
}

// confirm waits until everybody who was present has the message or is gone.
func (s *session) confirm(ctx context.Context, sent Sent, receipt Receipt) {
	err := receipt.Delivered(ctx)
	to := receipt.To()
	var left []mesh.Peer
	var undelivered *mesh.UndeliveredError
	switch {
	case err == nil:
	case errors.As(err, &undelivered):
		left = undelivered.Left
	default:
		return // still pending, or the node is closed
	}
	s.receipts.settle(receipt, len(to)-len(left))
	if len(left) > 0 {
		s.show(Undelivered{Seq: sent.Seq, Text: sent.Text, Peers: left, To: sent.To, Ref: sent.Ref})
		return
	}
	s.show(Delivered{Seq: sent.Seq, Count: len(to), To: sent.To, Ref: sent.Ref})
}
