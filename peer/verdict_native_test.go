//go:build !js

package peer

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"
)

// curt is somebody who says why there is no link, and hangs up: both are here by the
// time that it is read.
type curt struct {
	rawChannel
	says        string
	hangUp      func()
	interrupted chan struct{} // one token for each
}

func (c curt) ReadDataChannel(p []byte) (int, bool, error) {
	c.hangUp()
	<-c.interrupted
	return copy(p, c.says), true, nil
}

func (c curt) WriteDataChannel(p []byte, _ bool) (int, error) { return len(p), nil }

func (c curt) SetReadDeadline(time.Time) error {
	c.interrupted <- struct{}{}
	return nil
}

func (c curt) SetWriteDeadline(time.Time) error { return nil }

// TestVerdictBeforeHangingUp has the other side say why it makes no link, and end the
// connection of the offer, or that of the link, at once: what it said counts.
func TestVerdictBeforeHangingUp(t *testing.T) {
	for says, want := range map[string]error{closingSecret: ErrSecret, closingBusy: ErrGuesses} {
		for what, hangUp := range map[string]func(*attempt){
			"the connection of the offer": func(a *attempt) { a.cancel(ErrGone) },
			"that of the link":            func(a *attempt) { a.session.end(io.EOF) },
		} {
			t.Run(says+", "+what, func(t *testing.T) {
				node := listening(t, Config{Secret: kitchen()})
				ss, err := node.newSession(loopback, netip.AddrPortFrom(loopback, 9), false)
				if err != nil {
					t.Fatal(err)
				}
				defer ss.release()
				ss.expect()
				a := &attempt{t: node, instance: anyInstance(), session: ss, from: source(1)}
				a.ctx, a.cancel = context.WithCancelCause(t.Context())
				defer a.cancel(nil)
				raw := curt{says: says, hangUp: func() { hangUp(a) }, interrupted: make(chan struct{}, 2)}
				if _, err := a.greet(&rtcChannel{raw: raw, session: ss}, description{}); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
	}
}
