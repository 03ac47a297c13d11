package peer

import (
	"strconv"
	"sync"
)

// A browser takes in whatever is sent to a page, as SCTP's window would not, and
// keeps it until the page gets to it. So a page says how much it has read, and whoever
// writes to it waits when that is too little.
const (
	creditWindow  = 1 << 20   // what may be under way to a page
	creditStep    = 128 << 10 // after as much more a page says what it has read
	creditMessage = 128       // what a message counts besides its bytes
)

// credit is what may be written to a page. Both sides count the messages of the
// user, each with its bytes and creditMessage.
type credit struct {
	mu    sync.Mutex // guards what follows
	freed *sync.Cond
	sent  uint64
	taken uint64 // as the page says
	over  bool
}

func newCredit() *credit {
	c := &credit{}
	c.freed = sync.NewCond(&c.mu)
	return c
}

// wait returns when a message of n bytes may be written, or the link has ended.
func (c *credit) wait(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.over && c.sent-c.taken >= creditWindow {
		c.freed.Wait()
	}
	c.sent += uint64(n) + creditMessage
}

// take takes in what a page says it has read.
func (c *credit) take(taken uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if taken > c.sent {
		return errProtocol
	}
	c.taken = max(c.taken, taken)
	c.freed.Broadcast()
	return nil
}

func (c *credit) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.freed.Broadcast()
}

// tookIn counts a message that was read in a page, and says so now and then.
func (c *Conn) tookIn(n int) {
	c.taken += uint64(n) + creditMessage
	if c.taken-c.saidTaken < creditStep {
		return
	}
	c.saidTaken = c.taken
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owedTaken = c.taken
	c.payLocked()
}

// sendOwed sends in the background what the other side is to be told. It ends when
// nothing is due, or with the link.
func (c *Conn) sendOwed() {
	for {
		c.mu.Lock()
		pong, taken := c.owed, c.owedTaken
		c.owed, c.owedTaken = 0, 0
		c.paying = pong != 0 || taken != 0
		c.mu.Unlock()
		switch {
		case pong == 0 && taken == 0:
			return
		case pong != 0 && c.say("pong ", pong) != nil:
			return
		case taken != 0 && c.say("taken ", taken) != nil:
			return
		}
	}
}

func (c *Conn) say(what string, n uint64) error {
	return c.writeFrame(strconv.AppendUint([]byte(what), n, 10), true)
}

// payLocked has somebody send what is owed.
func (c *Conn) payLocked() {
	if !c.paying && c.err == nil {
		c.paying = true
		go c.sendOwed()
	}
}
