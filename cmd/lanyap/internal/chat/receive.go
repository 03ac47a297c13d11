package chat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// follow shows the events of the node until there are no more.
func (s *session) follow(ctx context.Context) {
	defer close(s.ended)
	for ev, err := range s.Node.Events(ctx) {
		if err != nil {
			s.fail(err)
			return
		}
		s.take(ev)
	}
}

// take keeps the room up to date and shows what people should see of ev.
func (s *session) take(ev mesh.Event) {
	switch ev := ev.(type) {
	case mesh.Joined:
		if s.isBlocked(ev.Peer) {
			s.Members.hide(ev.Peer)
			return
		}
		met := s.Members.book.Meet(ev.Peer)
		s.Members.Join(ev.Peer)
		if !s.noteHeard() {
			return
		}
		s.show(Joined{Peer: ev.Peer, Met: met})
		if met.Twice != nil {
			s.show(Twice{Peer: ev.Peer, At: [2]string{met.Twice[0].Addr().String(), met.Twice[1].Addr().String()}})
		}
		signal(s.came)
		if s.Members.Len() >= s.need {
			s.open.Do(func() { close(s.gate) })
		}
	case mesh.Left:
		defer s.Members.book.Part(ev.Peer.Member)
		// When we leave, everybody is gone for us; that is no news.
		if !s.Members.Leave(ev.Peer.Member) || s.isLeaving() {
			return
		}
		s.show(Left{Peer: ev.Peer, Reason: ev.Reason})
		signal(s.came)
	case mesh.Rerouted:
		if s.Members.Here(ev.Peer.Member) {
			s.show(Rerouted{Peer: ev.Peer})
		}
	case mesh.Message:
		if !s.isBlocked(ev.From) {
			s.receive(ev)
		}
	case mesh.Gap:
		if s.isBlocked(ev.From) {
			return
		}
		s.show(Gap{From: ev.From, Count: ev.Count})
	case mesh.Conflict:
		if !slices.Contains(ev.From.Topics, Topic) || s.isBlocked(ev.From) {
			return
		}
		s.show(Warning{Text: fmt.Sprintf("%s signed two different messages as number %d", s.Members.Label(ev.From), ev.Seq)})
	case mesh.Refused:
		s.foreign.Do(func() { s.show(OtherSecret{ev.Addr.Addr(), s.Private}) })
	case mesh.HistoryFailed:
		s.warned.Do(func() { s.show(Warning{Text: "what is said is not kept for now: " + ev.Err.Error()}) })
	}
}

// isBlocked reports whether nothing of p is shown. Another process may have been told
// so a moment ago.
func (s *session) isBlocked(p mesh.Peer) bool {
	if !s.Members.book.Blocked(p.ID) {
		return false
	}
	if s.Members.Here(p.Member) {
		s.Members.block(p.ID)
	}
	return true
}

// receive shows a message. One of the history is nobody speaking now.
func (s *session) receive(m mesh.Message) {
	if m.History {
		s.Members.Recall(m.From)
	} else {
		s.noteHeard()
		s.Members.Speak(m.From.Member)
	}
	s.show(Message{From: m.From, Seq: m.Seq, Sent: m.Sent, Text: string(m.Data), Private: m.Private, History: m.History})
}

// noteHeard restarts the quiet that linger waits for, and reports whether we
// are still here.
func (s *session) noteHeard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
	return !s.leaving
}

func (s *session) isLeaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}
