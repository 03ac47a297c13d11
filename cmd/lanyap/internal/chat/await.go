package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
)

// errLeave ends a chat before its beginning without fault.
var errLeave = errors.New("left at once")

// await returns nil when those have come for whom something is to be said.
func (s *session) await(ctx context.Context) error {
	var clock <-chan time.Time
	var due time.Time
	start := func() {
		if clock == nil {
			clock, due = time.After(s.Timeout), time.Now().Add(s.Timeout)
		}
	}
	var ended <-chan struct{}
	if s.Input != nil {
		ended = s.Input.Ended()
	}
	if s.Wait > 0 || s.Source == FromFile {
		start()
	}
	if s.Source == FromNothing && clock == nil {
		return nil
	}
	for {
		select {
		case <-s.gate:
			start()
			return s.meet(ctx, due)
		case <-ended:
			if s.Source == FromTerminal {
				return s.abandon(ctx)
			}
			start()
			ended = nil
		case <-clock:
			here := s.Members.Len()
			if here == 0 {
				return ErrNobody
			}
			return &TooFewError{Here: here, Wanted: s.need}
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// abandon names what a person has entered who left before anybody came.
func (s *session) abandon(ctx context.Context) error {
	left := errLeave
	for {
		u, err := s.Input.Next(ctx)
		var mistake *MistakeError
		switch {
		case err == nil:
			left = ErrNobody
			s.show(Warning{Text: fmt.Sprintf("nobody is here; not sent: %q", excerpt(u.Text))})
		case errors.As(err, &mistake):
			s.refuse(mistake)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			return left
		}
	}
}

// meet has those met, within settleLimit and until due at most, who are said to
// be here: the first to be linked is only the nearest. What is for all is said
// meanwhile, for it is live for them too; what is for one alone waits until the
// name is known to be of one. Somebody who asked to wait for N others gets these
// N, and a person need not wait: who is typing sees who is here.
func (s *session) meet(ctx context.Context, due time.Time) error {
	if s.Input == nil || s.Wait > 0 || s.Source == FromTerminal {
		close(s.settled)
		return nil
	}
	go func() {
		defer close(s.settled)
		ctx, cancel := context.WithTimeout(ctx, min(settleLimit, time.Until(due)))
		defer cancel()
		s.missing, _ = s.Node.Settle(ctx)
	}()
	if s.For == "" {
		return nil
	}
	select {
	case <-s.settled:
	case err := <-s.broken:
		return err
	}
	s.missing = nil // they are not the one it is for
	return s.find(ctx, due)
}

// find waits until the one is here for whom something is to be said.
func (s *session) find(ctx context.Context, due time.Time) error {
	clock := time.After(time.Until(due))
	for {
		if _, err := s.Members.Find(s.For); s.upToDate() && !errors.Is(err, people.ErrUnknown) {
			return nil // if two have the name, saying it will tell
		}
		select {
		case <-s.came:
		case <-clock:
			return &AbsentError{Name: s.For}
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// upToDate reports whether we have read of everybody whom the node has met: of
// two with one name, one could be the only one that we know of.
func (s *session) upToDate() bool {
	return !slices.ContainsFunc(s.Node.Members(), func(p mesh.Peer) bool { return !s.Members.met(p.Member) })
}

// unmet names those who were missing when they should have been met, and have
// not gone since. Some may have come later, and may have read what was said as
// history; who takes none has not.
func (s *session) unmet() *PendingError {
	pending := &PendingError{}
	select {
	case <-s.settled:
	default:
		return pending
	}
	if len(s.missing) == 0 {
		return pending
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	now, _ := s.Node.Settle(ctx)
	for _, m := range s.missing {
		if p, err := s.Members.Find(m.Instance); err == nil {
			pending.Peers = append(pending.Peers, p)
		} else if slices.ContainsFunc(now, func(n mesh.Sighting) bool { return n.Instance == m.Instance }) {
			pending.Missing = append(pending.Missing, m)
		}
	}
	return pending
}
