//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Capture is what somebody hears who sits on a switch: all frames that go over it.
type Capture struct {
	lab    *Lab
	socket *os.File
	ended  sync.WaitGroup

	// What was heard, each direction of a connection by itself. It is read when Stop has
	// returned.
	flows map[string]*bytes.Buffer
}

const (
	// captureRoom is how many bytes of frames may wait to be read: none may be missing.
	captureRoom = 256 << 20
	// maxFrame is one of which a network card makes several.
	maxFrame = 256 << 10
)

// Capture begins to listen.
func (s *Switch) Capture() *Capture {
	s.lab.t.Helper()
	c := &Capture{lab: s.lab, flows: make(map[string]*bytes.Buffer)}
	s.lab.must(s.lab.thread.in(s.ns, func() error {
		const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8 // in the network's order
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, all)
		if err != nil {
			return fmt.Errorf("lab: capture: %w", err)
		}
		c.socket = os.NewFile(uintptr(fd), "capture")
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureRoom)
	}))
	c.ended.Go(c.listen)
	s.lab.t.Cleanup(func() { c.stop() })
	return c
}

// Stop ends it, with all that was sent before. It fails the test if something was missed.
func (c *Capture) Stop() {
	c.lab.t.Helper()
	var missed uint32
	raw, err := c.socket.SyscallConn()
	c.lab.must(err)
	c.stop()
	c.lab.must(raw.Control(func(fd uintptr) {
		var stats *unix.TpacketStats
		if stats, err = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			missed = stats.Drops
		}
	}))
	c.lab.must(err)
	for _, flow := range c.flows {
		lower(flow.Bytes())
	}
	if missed > 0 {
		c.lab.t.Errorf("lab: %d frames were not captured", missed)
	}
}

func (c *Capture) stop() {
	_ = c.socket.SetReadDeadline(time.Now()) // it can be set
	c.ended.Wait()
}

// listen hears frames until the socket's deadline, and then what still waits.
func (c *Capture) listen() {
	raw, err := c.socket.SyscallConn()
	if err != nil {
		return
	}
	frame := make([]byte, maxFrame)
	hear := func(fd uintptr) bool {
		for {
			n, from, err := unix.Recvfrom(int(fd), frame, 0)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return !errors.Is(err, unix.EAGAIN)
			}
			// Each is here where it comes in and where it goes out.
			if at, ok := from.(*unix.SockaddrLinklayer); ok && at.Pkttype != unix.PACKET_OUTGOING {
				c.heard(frame[:n])
			}
		}
	}
	if err := raw.Read(hear); errors.Is(err, os.ErrDeadlineExceeded) {
		_ = raw.Control(func(fd uintptr) { hear(fd) })
	}
}

// heard adds what a frame carries to its flow.
func (c *Capture) heard(frame []byte) {
	name, data := flowOf(frame)
	buf := c.flows[name]
	if buf == nil {
		buf = new(bytes.Buffer)
		c.flows[name] = buf
	}
	buf.Write(data)
}

// flowOf names what a frame belongs to, and returns what it carries. What is neither TCP
// nor UDP over IPv4 or IPv6 is one flow of whole frames.
func flowOf(frame []byte) (string, []byte) {
	const ethernet, other = 14, "other"
	if len(frame) < ethernet {
		return other, frame
	}
	var proto byte
	var from, to netip.Addr
	rest := frame[ethernet:]
	switch {
	case binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IP && len(rest) >= 20:
		size := int(rest[0]&15) * 4
		total := int(binary.BigEndian.Uint16(rest[2:]))
		proto = rest[9]
		from, to = netip.AddrFrom4([4]byte(rest[12:])), netip.AddrFrom4([4]byte(rest[16:]))
		if total > size && total < len(rest) {
			rest = rest[:total] // the end of a short frame is nothing
		}
		rest = rest[min(size, len(rest)):]
	case binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IPV6 && len(rest) >= 40:
		proto = rest[6]
		from, to = netip.AddrFrom16([16]byte(rest[8:])), netip.AddrFrom16([16]byte(rest[24:]))
		rest = rest[40:]
	}
	head := 8
	if proto == unix.IPPROTO_TCP && len(rest) >= 20 {
		head = int(rest[12]>>4) * 4
	}
	if proto != unix.IPPROTO_TCP && proto != unix.IPPROTO_UDP || len(rest) < head {
		return other, frame
	}
	kind := map[byte]string{unix.IPPROTO_TCP: "TCP", unix.IPPROTO_UDP: "UDP"}[proto]
	source, port := binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	return fmt.Sprintf("%s %s to %s", kind, netip.AddrPortFrom(from, source), netip.AddrPortFrom(to, port)), rest[head:]
}

// Find returns the flows in which something is, in whatever case of ASCII, after
// [Capture.Stop].
func (c *Capture) Find(what []byte) []string {
	var found []string
	what = lower(bytes.Clone(what))
	for name, flow := range c.flows {
		if bytes.Contains(flow.Bytes(), what) {
			found = append(found, name)
		}
	}
	return found
}

// lower has letters of ASCII be lower case, whatever else there is.
func lower(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// Bytes returns how many bytes were heard, after [Capture.Stop].
func (c *Capture) Bytes() int64 {
	var n int64
	for _, flow := range c.flows {
		n += int64(flow.Len())
	}
	return n
}
