//go:build !js

package peer

import (
	"errors"
	"io"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/stream"
)

// beside is a data channel that carries streams.
type beside struct {
	raw     rawChannel
	dc      *webrtc.DataChannel
	session *session
	low     chan struct{} // holds a token when there may be room to write
	buf     []byte
}

func (ss *session) newBeside(dc *webrtc.DataChannel, raw rawChannel) *beside {
	b := &beside{raw: raw, dc: dc, session: ss, low: make(chan struct{}, 1), buf: make([]byte, stream.MaxFrame)}
	dc.SetBufferedAmountLowThreshold(besideInFlight - stream.MaxFrame)
	dc.OnBufferedAmountLow(func() {
		select {
		case b.low <- struct{}{}:
		default:
		}
	})
	return b
}

// openBeside opens ours. The numbers are those of RFC 8832 §6: who answers is the
// DTLS client, and has the even ones.
func (ss *session) openBeside() (stream.Carrier, error) {
	id := uint16(2)
	if ss.offerer {
		id = 1
	}
	opened := make(chan rawChannel, 1)
	ss.account.grant(len(besideLabel))
	dc, err := ss.pc.CreateDataChannel(besideLabel, &webrtc.DataChannelInit{ID: &id})
	if err != nil {
		return nil, err
	}
	dc.OnOpen(func() {
		if raw, err := dc.DetachWithDeadline(); err == nil {
			opened <- raw
		}
	})
	select {
	case raw := <-opened:
		return ss.newBeside(dc, raw), nil
	case <-ss.ended.Done():
		return nil, ErrClosed
	}
}

// besideOpened takes in a data channel that the other side has opened: one for
// its streams. Each costs us 67 KiB, so a second ends the link, and so does one
// that is not what streams need.
func (ss *session) besideOpened(dc *webrtc.DataChannel) {
	reliable := dc.Ordered() && dc.MaxRetransmits() == nil && dc.MaxPacketLifeTime() == nil
	if dc.Label() != besideLabel || !reliable || ss.besideMet.Swap(true) {
		ss.end(errProtocol)
		return
	}
	dc.OnOpen(func() {
		if raw, err := dc.DetachWithDeadline(); err == nil {
			ss.besides.give(ss.newBeside(dc, raw))
		}
	})
}

// ReadMessage returns what is good until the next.
func (b *beside) ReadMessage() ([]byte, error) {
	for {
		n, text, err := b.raw.ReadDataChannel(b.buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer):
			return nil, stream.ErrProtocol
		case hasEnded(err):
			return nil, io.EOF
		case err != nil:
			return nil, err
		}
		b.session.account.read(n)
		if !text {
			return b.buf[:n], nil
		}
	}
}

// WriteMessage waits until little enough is on its way.
func (b *beside) WriteMessage(p []byte) error {
	for b.dc.BufferedAmount()+uint64(len(p)) > besideInFlight {
		select {
		case <-b.low:
		case <-b.session.ended.Done():
			return ErrClosed
		}
	}
	b.session.account.grant(len(p))
	_, err := b.raw.WriteDataChannel(p, false)
	if err == nil {
		b.session.account.wrote(len(p))
	}
	return err
}

// Close ends a read or write that waits. The data channel ends with the session:
// pion would never give its number out again.
func (b *beside) Close() error {
	now := time.Now()
	return errors.Join(b.raw.SetReadDeadline(now), b.raw.SetWriteDeadline(now))
}
