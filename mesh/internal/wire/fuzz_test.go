package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// FuzzLinkMessage reads a whole link message as a node does, and holds that
// what was read encodes to something that reads the same.
func FuzzLinkMessage(f *testing.F) {
	f.Add(broadcast("hi"))
	f.Add(append(broadcast(""), private("hi")...))
	f.Add(wire.AppendHave(nil, wire.Have{Next: 1, Want: 2, PrivateNext: 3, PrivateWant: 4}))
	f.Add(wire.AppendGap(wire.AppendBye(nil), wire.Gap{Stream: wire.Broadcast, From: 5, To: 9}))
	f.Add(append(peersFrame(), 99, 0, 0, 1, 0))
	f.Fuzz(func(t *testing.T, p []byte) {
		for len(p) > 0 {
			frame, rest, err := wire.Next(p)
			if err != nil {
				return
			}
			if len(rest) >= len(p) {
				t.Fatal("Next does not move on")
			}
			checkFrame(t, frame)
			p = rest
		}
	})
}

func checkFrame(t *testing.T, f wire.Frame) {
	switch f.Type {
	case wire.TypeMessage:
		if m, err := wire.ParseMessage(f.Payload); err == nil {
			checkMessage(t, f.Payload, m)
		}
	case wire.TypeHave:
		if h, err := wire.ParseHave(f.Payload); err == nil {
			again, err := wire.ParseHave(wire.AppendHave(nil, h)[wire.FrameHeader:])
			if err != nil || again != h {
				t.Fatalf("have %v became %v, %v", h, again, err)
			}
		}
	case wire.TypeGap:
		if g, err := wire.ParseGap(f.Payload); err == nil {
			again, err := wire.ParseGap(wire.AppendGap(nil, g)[wire.FrameHeader:])
			if err != nil || again != g || g.To-g.From+1 == 0 {
				t.Fatalf("gap %v became %v, %v", g, again, err)
			}
		}
	case wire.TypePeers:
		if list, err := wire.ParsePeers(f.Payload); err == nil {
			checkPeers(t, list)
		}
	}
}

func checkMessage(t *testing.T, payload []byte, m wire.Message) {
	if len(m.Body) > wire.MaxBody || m.Seq == 0 {
		t.Fatalf("read a message of %d bytes with sequence %d", len(m.Body), m.Seq)
	}
	signature := payload[len(payload)-64:]
	again := wire.AppendMessage(nil, room, m, func([]byte) []byte { return signature })
	if !bytes.Equal(again[wire.FrameHeader:], payload) {
		t.Fatalf("message %x became %x", payload, again[wire.FrameHeader:])
	}
}

func checkPeers(t *testing.T, list []wire.Peer) {
	frame, n := wire.AppendPeers(nil, list, 1<<20)
	if n != len(list) {
		t.Fatalf("%d of %d entries encode", n, len(list))
	}
	again, err := wire.ParsePeers(frame[wire.FrameHeader:])
	if err != nil || !reflect.DeepEqual(again, list) {
		t.Fatalf("peers %v became %v, %v", list, again, err)
	}
}

// FuzzParseMessage holds that a message which reads is written again as it was,
// and is within its bounds, whatever its kind.
func FuzzParseMessage(f *testing.F) {
	for _, p := range [][]byte{broadcast("hi"), private("hi"), broadcast("")} {
		f.Add(p[wire.FrameHeader:])
	}
	later := bytes.Clone(broadcast("hi")[wire.FrameHeader:])
	later[0] = 3
	f.Add(later)
	f.Fuzz(func(t *testing.T, p []byte) {
		m, err := wire.ParseMessage(p)
		if err != nil {
			return
		}
		checkMessage(t, p, m)
		if err := wire.CheckTopic(m.Topic); err != nil {
			t.Fatalf("topic %q: %v", m.Topic, err)
		}
		if m.Kind == 0 || m.Seq == 1 && m.Previous != 0 || wire.MessageSize(m) != wire.FrameHeader+len(p) {
			t.Fatalf("read %+v", m)
		}
		m.Verify(room, verify)
	})
}
