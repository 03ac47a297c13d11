package stream

import "encoding/binary"

// takeDataLocked takes in what the other side wrote.
func (c *Conn) takeDataLocked(p []byte) error {
	c.got += int64(len(p))
	if c.inEnded || c.got > c.limit {
		return ErrProtocol
	}
	if !c.closed && len(p) > 0 {
		c.in.put(p)
		c.readable.Signal()
	}
	return nil
}

// endedLocked takes in that the other side writes nothing more.
func (c *Conn) endedLocked() {
	c.inEnded = true
	c.readable.Broadcast()
	c.completeLocked()
}

// overLocked ends the stream from outside: by the other side, or with the carrier.
// What came before can still be read.
func (c *Conn) overLocked(cause error) {
	if c.over {
		return
	}
	c.over, c.err = true, cause
	c.out.clear()
	c.m.removeLocked(c)
	c.readable.Broadcast()
	c.writable.Broadcast()
}

// completeLocked forgets the stream when both sides have said all.
func (c *Conn) completeLocked() {
	if c.inEnded && c.outEnded {
		c.over = true
		c.m.removeLocked(c)
	}
}

// windowLocked is how much may be unread: little before the program has begun to
// read what another opened, so that those that wait for it cost little.
func (c *Conn) windowLocked() int64 {
	if side(c.number) == 0 && c.read < initial/2 {
		return initial
	}
	return c.m.windowLocked()
}

// creditDueLocked reports whether the other side is to be told that it may send
// more: not for every byte, and only if there is more to come.
func (c *Conn) creditDueLocked() bool {
	w := c.windowLocked()
	return !c.closed && !c.inEnded && c.read+w-c.limit >= w/2
}

func (c *Conn) dataDueLocked() bool { return c.out.size > 0 && c.sent < c.credit }

// urgentLocked reports whether something is due that is no data.
func (c *Conn) urgentLocked() bool {
	return c.openDue || c.giveUp || c.creditDueLocked() || c.ending && c.out.size == 0 && !c.outEnded ||
		c.closed && c.outEnded
}

// dueLocked gives the stream its turns.
func (c *Conn) dueLocked() {
	if c.over {
		return
	}
	m := c.m
	if !c.inUrgent && c.urgentLocked() {
		c.inUrgent = true
		m.urgent = append(m.urgent, c)
		m.wakeLocked()
	}
	if !c.inBulk && c.dataDueLocked() {
		c.inBulk = true
		m.bulk = append(m.bulk, c)
		m.wakeLocked()
	}
}

// appendUrgentLocked appends one frame, if one is due.
func (c *Conn) appendUrgentLocked(buf []byte) []byte {
	switch {
	case c.over:
		return buf
	case c.openDue:
		c.openDue = false
		return appendHeader(buf, kindOpen, c.number)
	case c.giveUp, c.closed && c.outEnded:
		c.over = true
		c.m.removeLocked(c)
		return append(appendHeader(buf, kindReset, c.number), c.reason...)
	case c.creditDueLocked():
		c.limit = c.read + c.windowLocked()
		return binary.BigEndian.AppendUint64(appendHeader(buf, kindCredit, c.number), uint64(c.limit))
	case c.ending && c.out.size == 0 && !c.outEnded:
		c.outEnded = true
		buf = appendHeader(buf, kindEnd, c.number)
		c.completeLocked()
	}
	return buf
}

// appendDataLocked appends a frame of data, if there is some that may go.
func (c *Conn) appendDataLocked(buf []byte, most int) []byte {
	if c.over || !c.dataDueLocked() {
		return buf
	}
	n := int(min(int64(c.out.size), int64(most-header), c.credit-c.sent))
	buf = appendHeader(buf, kindData, c.number)
	start := len(buf)
	for n > 0 {
		piece := c.out.pieces[0][:min(n, len(c.out.pieces[0]))]
		buf = append(buf, piece...)
		n -= len(piece)
		c.out.drop(len(piece))
	}
	c.sent += int64(len(buf) - start)
	c.writable.Broadcast()
	return buf
}
