package share_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// Who goes on after a bye, and then does not hang up, holds up nobody: neither a
// transfer that is canceled nor a Sharer that closes.
func TestWhoDoesNotHangUp(t *testing.T) {
	goOn := func(l *line, say []byte) {
		l.hear(proto.Bye)
		time.Sleep(time.Second) // nothing else is written by then
		l.say(say)
	}
	t.Run("receiver", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			bo, c := withCrook(t, share.Config{})
			listener, err := c.node.Listen(proto.Service)
			if err != nil {
				t.Fatal(err)
			}
			film := collect(t, file(t, filepath.Join(t.TempDir(), "film"), 1000))
			sent, err := bo.sharer.Send(context.Background(), film, c.node.Self().ID)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			l := &line{t, conn, proto.NewReader(conn)}
			l.say(proto.AppendHello(nil))
			l.hear(proto.Offer)
			sent.Cancel()
			goOn(l, proto.AppendCode(nil, proto.Answer, proto.Asking))
			wantErr(t, sent, share.ErrCanceled)
		})
	})
	t.Run("who looks at a shelf", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			bo, c := withCrook(t, share.Config{})
			shelf := t.TempDir()
			file(t, filepath.Join(shelf, "film"), 1000)
			if _, err := bo.sharer.Share(shelf); err != nil {
				t.Fatal(err)
			}
			l := c.dial(bo)
			l.say(proto.AppendPath(nil, proto.Open, filepath.Base(shelf)))
			l.hear(proto.Offer)
			go goOn(l, proto.Empty(nil, proto.Describe))
			begun := time.Now()
			bo.sharer.Close()
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("closed after %v", took)
			}
		})
	})
}
