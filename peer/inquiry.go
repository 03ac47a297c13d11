package peer

import (
	"context"
	"time"
)

// How long to wait before a link that is doubted is given up.
const (
	// quickWait is for a watch that ended as a dying process ends it. The port
	// is asked too, and answers sooner.
	quickWait = 250 * time.Millisecond

	// lastWord is what the link is still given once its port refuses, or somebody
	// else answers there. That is no proof: a firewall that rejects refuses
	// calls to a process that lives. A pong takes a millisecond or two.
	lastWord = 50 * time.Millisecond

	// A watch that ended cleanly was closed, by a process or by the kernel of one
	// that died, and no firewall does that. If the port refuses besides, the last
	// word is given promptShare times as long as that took, but promptWord at
	// least and lastWord at most.
	promptShare = 8
	promptWord  = 10 * time.Millisecond

	// answerWait is for all else: together with the 4 to 5 s it takes to doubt,
	// it bridges a replugged cable.
	answerWait = 2 * time.Second
)

// inquiry is how a link is asked whether it lives.
type inquiry struct {
	port   bool // ask the other side's port, too
	page   bool // a page has let go of its watch: without a pong it is gone
	closed bool // the watch was closed, not reset
	wait   time.Duration
}

// portAnswer is what became of asking a port.
type portAnswer struct {
	right bool          // the right process answers there
	took  time.Duration // since it was last asked
}

// inquire returns nil if the link lives, or what it ended of.
func (l *link) inquire(q inquiry) error {
	ctx, cancel := context.WithCancel(l.t.ctx)
	defer cancel()
	pong := make(chan error, 1)
	go func() {
		_, err := l.conn.Ping(ctx)
		pong <- err
	}()
	var port chan portAnswer
	if q.port {
		port = make(chan portAnswer, 1)
		go l.askPort(ctx, port)
	}
	return judge(pong, port, q)
}

// judge makes a verdict of what a link's ping says, and what its port says
// meanwhile: whether the right process answers there. The ping decides; the port
// says how long it is worth waiting for.
func judge(pong <-chan error, port <-chan portAnswer, q inquiry) error {
	reason := ErrTimeout
	if q.page {
		reason = ErrGone
	}
	limit := time.NewTimer(q.wait)
	defer limit.Stop()
	for {
		select {
		case err := <-pong:
			return err
		case answer := <-port:
			if answer.right {
				limit.Reset(patience)
				continue
			}
			reason = ErrGone
			limit.Reset(q.lastWord(answer.took))
		case <-limit.C:
			select {
			case err := <-pong: // we are late, not the pong
				return err
			default:
				return reason
			}
		}
	}
}

// lastWord is how much longer the ping is given when the port took so long to
// say that the right process is not there.
func (q inquiry) lastWord(took time.Duration) time.Duration {
	if !q.closed {
		return lastWord
	}
	return min(max(promptShare*took, promptWord), lastWord)
}
