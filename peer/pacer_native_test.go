//go:build !js

package peer

import (
	"testing"
	"time"
)

// pacing drives a pacer through a time of its own.
type pacing struct {
	pacer
	now time.Time
}

// tick lets SCTP's timer run out n times, each time with this many datagrams,
// and returns how many left.
func (p *pacing) tick(n, datagrams int) (left int) {
	for range n {
		p.now = p.now.Add(rtoMax)
		left += p.send(datagrams)
	}
	return left
}

func (p *pacing) send(datagrams int) (left int) {
	for range datagrams {
		if p.passes(1200, p.now) {
			left++
		}
	}
	return left
}

func newPacing() *pacing { return &pacing{now: time.Unix(1_000_000, 0)} }

// TestUnansweredLinkRepeatsLittle holds that of what is unconfirmed no more
// leaves again than two datagrams at a time, and at least so often that an outage
// is over soon after it is.
func TestUnansweredLinkRepeatsLittle(t *testing.T) {
	p := newPacing()
	p.grant(64 << 10)
	if left := p.send(57); left != 57 {
		t.Fatalf("%d datagrams of 57 leave for the first time", left)
	}
	for range 6 {
		if left := p.tick(10, 57); left < 10 || left > 20 {
			t.Errorf("%d datagrams are repeated in a second, want 10 to 20", left)
		}
	}
	p.heard()
	if left := p.tick(1, 57); left != 57 {
		t.Errorf("%d datagrams of 57 are repeated when the answer has come", left)
	}
}

// TestPacerNeverHoldsBackWhatIsNew holds that each message leaves at once, even
// while the other side owes an answer.
func TestPacerNeverHoldsBackWhatIsNew(t *testing.T) {
	for _, size := range []int{0, 1, 100, 1160, 1161, 5000, 64 << 10, MaxMessage} {
		p := newPacing()
		for i := range 100 {
			p.now = p.now.Add(150 * time.Millisecond)
			p.grant(size)
			for _, n := range datagrams(size) {
				if !p.passes(n, p.now) {
					t.Fatalf("message %d of %d bytes does not leave whole", i, size)
				}
			}
		}
	}
}

// datagrams are the sizes in which SCTP sends a message: chunks that fill its
// MTU of 1,191 bytes, padded to 4 bytes, in a DTLS record.
func datagrams(size int) (all []int) {
	const header, chunk, record = 12, 16, 37
	for rest := size; ; rest -= 1191 - header - chunk {
		n := min(rest, 1191-header-chunk)
		all = append(all, record+header+chunk+(n+3)/4*4)
		if n == rest {
			return all
		}
	}
}

// TestLoneMessageLeavesOnce holds that what is confirmed late, as the last of
// what was sent is, is not repeated before.
func TestLoneMessageLeavesOnce(t *testing.T) {
	p := newPacing()
	for range 20 {
		p.grant(100)
		sent := p.now
		if p.send(1) != 1 {
			t.Fatal("a message does not leave")
		}
		if p.tick(2, 1) != 0 {
			t.Errorf("it leaves again %v later", p.now.Sub(sent))
		}
		p.heard() // the delayed acknowledgement
		p.now = p.now.Add(time.Second)
	}
}

// TestWhatIsHeardIsAnswered holds that a datagram that came draws one, whatever
// the other side owes.
func TestWhatIsHeardIsAnswered(t *testing.T) {
	p := newPacing()
	p.grant(100)
	p.send(1)
	p.heard()
	p.now = p.now.Add(50 * time.Millisecond)
	p.grant(100)
	if p.send(1) != 1 {
		t.Error("a message does not leave")
	}
	p.now = p.now.Add(150 * time.Millisecond)
	p.heard()
	if !p.passes(confirmBytes, p.now) {
		t.Error("an acknowledgement does not leave")
	}
}
