package mesh

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// tardyStream takes a second to set a deadline that is not over.
type tardyStream struct{ net.Conn }

func (tardyStream) CloseWrite() error { return nil }

func (s tardyStream) SetDeadline(at time.Time) error {
	if time.Until(at) > 0 {
		time.Sleep(time.Second)
	}
	return s.Conn.SetDeadline(at)
}

// TestSilentStreamEndsWithTheNode has a node end while it sets how long it waits for
// what a stream is for: it does not wait for that.
func TestSilentStreamEndsWithTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		n := &Node{}
		n.ctx, n.cancel = context.WithTimeout(t.Context(), time.Second/2)
		defer n.cancel()
		began := time.Now()
		n.serveStream(tardyStream{near}, Member{}, carrierTCP)
		if took := time.Since(began); took >= serviceTimeout {
			t.Errorf("it took %v", took)
		}
	})
}
