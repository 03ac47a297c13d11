package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

var (
	key    = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	public = key.Public().(ed25519.PublicKey)
	room   = wire.NewRoomKey("lan")
	ana    = wire.Member{ID: [32]byte(public), Instance: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	bo     = wire.Member{ID: [32]byte(bytes.Repeat([]byte{0xb0}, 32)), Instance: [8]byte{8, 7, 6, 5, 4, 3, 2, 1}}
)

func sign(m []byte) []byte         { return ed25519.Sign(key, m) }
func verify(m, signed []byte) bool { return ed25519.Verify(public, m, signed) }

// broadcast and private are one message of each kind as they go on the wire.
func broadcast(body string) []byte {
	return wire.AppendMessage(nil, room, wire.Message{
		Kind: wire.Broadcast, Origin: ana, Seq: 7, Clock: 0x0197_0000_0000_0001, Previous: 0x1112131415161718, Topic: "main", Body: []byte(body),
	}, sign)
}

func private(body string) []byte {
	return wire.AppendMessage(nil, room, wire.Message{
		Kind: wire.Private, Origin: ana, Seq: 1, Clock: 2, Topic: "main", To: bo, Body: []byte(body),
	}, sign)
}

func peersFrame() []byte {
	frame, _ := wire.AppendPeers(nil, []wire.Peer{{
		Instance: ana.Instance,
		Observed: netip.MustParseAddrPort("10.0.0.1:7475"),
		Claimed: []netip.AddrPort{
			netip.MustParseAddrPort("10.0.0.1:7475"),
			netip.MustParseAddrPort("[fe80::1%eth0]:7476"),
		},
	}}, wire.MaxMessage)
	return frame
}

// payload returns the payload of the only frame in p.
func payload(t *testing.T, p []byte, kind byte) []byte {
	t.Helper()
	f, rest, err := wire.Next(p)
	if err != nil || f.Type != kind || len(rest) > 0 {
		t.Fatalf("Next: type %d, %d bytes after it, %v; want one frame of type %d", f.Type, len(rest), err, kind)
	}
	return f.Payload
}

func TestMessageRoundTrip(t *testing.T) {
	for _, p := range [][]byte{broadcast(""), broadcast("hi"), private("hi"), broadcast(strings.Repeat("x", wire.MaxBody))} {
		m, err := wire.ParseMessage(payload(t, p, wire.TypeMessage))
		if err != nil {
			t.Fatal(err)
		}
		if !m.Verify(room, verify) {
			t.Error("the signature of an unchanged message does not verify")
		}
		if n := wire.MessageSize(m); n != len(p) {
			t.Errorf("MessageSize is %d, the frame has %d bytes", n, len(p))
		}
		if again := wire.AppendMessage(nil, room, m, sign); !bytes.Equal(again, p) {
			t.Error("a parsed message does not encode to the same bytes")
		}
		if len(p) > wire.MaxMessage {
			t.Errorf("a message frame of %d bytes does not fit a link message", len(p))
		}
	}
}

// TestMessageSignature changes every byte of a message in turn: whatever is
// altered, the message is refused.
func TestMessageSignature(t *testing.T) {
	for _, p := range [][]byte{broadcast("hi"), private("hi")} {
		original := payload(t, p, wire.TypeMessage)
		for i := range original {
			altered := bytes.Clone(original)
			altered[i] ^= 1
			m, err := wire.ParseMessage(altered)
			if err == nil && m.Verify(room, verify) {
				t.Errorf("byte %d may be altered", i)
			}
		}
		m, err := wire.ParseMessage(original)
		if err != nil {
			t.Fatal(err)
		}
		if m.Verify(wire.NewRoomKey("other"), verify) {
			t.Error("the message verifies in another room")
		}
	}
}

func TestPeersRoundTrip(t *testing.T) {
	got, err := wire.ParsePeers(payload(t, peersFrame(), wire.TypePeers))
	if err != nil {
		t.Fatal(err)
	}
	want := []wire.Peer{{
		Instance: ana.Instance,
		Observed: netip.MustParseAddrPort("10.0.0.1:7475"),
		Claimed: []netip.AddrPort{
			netip.MustParseAddrPort("10.0.0.1:7475"),
			netip.MustParseAddrPort("[fe80::1]:7476"), // without the zone
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestAppendPeersBounds(t *testing.T) {
	many := make([]wire.Peer, 200)
	for i := range many {
		many[i] = wire.Peer{Instance: [8]byte{byte(i)}, Claimed: make([]netip.AddrPort, 40)}
		for j := range many[i].Claimed {
			many[i].Claimed[j] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(j)}), 7475)
		}
	}
	frame, n := wire.AppendPeers(nil, many, 64<<10)
	if n != wire.MaxPeers {
		t.Errorf("%d entries in one frame, want %d", n, wire.MaxPeers)
	}
	list, err := wire.ParsePeers(payload(t, frame, wire.TypePeers))
	if err != nil || len(list) != n || len(list[0].Claimed) != wire.MaxClaimed {
		t.Errorf("got %d entries, %v; want %d with %d addresses each", len(list), err, n, wire.MaxClaimed)
	}
	frame, n = wire.AppendPeers(nil, many, 300)
	if n != 2 || len(frame) > 300 {
		t.Errorf("%d entries in %d bytes, want the 2 that fit 300", n, len(frame))
	}
}

func TestNext(t *testing.T) {
	two := wire.AppendByeAck(wire.AppendBye(nil))
	f, rest, err := wire.Next(two)
	if err != nil || f.Type != wire.TypeBye || len(rest) != 4 {
		t.Fatalf("got type %d, %d bytes after it, %v", f.Type, len(rest), err)
	}
	for _, p := range [][]byte{nil, {1}, {1, 0, 0}, {1, 0, 0, 1}, {1, 255, 255, 255, 0}} {
		if _, _, err := wire.Next(p); err == nil {
			t.Errorf("Next(%x) returned no error", p)
		}
	}
}

// TestUnknownKinds holds that kinds of later versions read as broadcasts, and can
// be passed on.
func TestUnknownKinds(t *testing.T) {
	valid := payload(t, broadcast("hi"), wire.TypeMessage)
	for _, kind := range []byte{3, 9, 255} {
		p := with(valid, 0, kind)
		m, err := wire.ParseMessage(p)
		if err != nil || m.Kind != kind || wire.StreamOf(kind) != wire.Broadcast || string(m.Body) != "hi" {
			t.Errorf("kind %d reads as %v, %v", kind, m, err)
		}
		if _, m, err := wire.ParsePast(append(make([]byte, 8), p...)); err != nil || m.Kind != kind {
			t.Errorf("a past of kind %d reads as %v, %v", kind, m, err)
		}
	}
}

// TestLaterVersions reads frames with fields appended, as the protocol may grow.
func TestLaterVersions(t *testing.T) {
	have := wire.Have{Next: 1, Want: 2, PrivateNext: 3, PrivateWant: 4}
	if got, err := wire.ParseHave(append(payload(t, wire.AppendHave(nil, have), wire.TypeHave), 1, 2, 3)); err != nil || got != have {
		t.Errorf("have: got %v, %v", got, err)
	}
	gap := wire.Gap{Stream: wire.Private, From: 1, To: 1}
	if got, err := wire.ParseGap(append(payload(t, wire.AppendGap(nil, gap), wire.TypeGap), 1)); err != nil || got != gap {
		t.Errorf("gap: got %v, %v", got, err)
	}
}

func TestViolations(t *testing.T) {
	valid := payload(t, broadcast("hi"), wire.TypeMessage)
	checkViolations(t, []violation{
		{"message cut short", func() error { return second(wire.ParseMessage(valid[:100])) }},
		{"message of no kind", func() error { return second(wire.ParseMessage(with(valid, 0, 0))) }},
		{"first message with a previous", func() error { return second(wire.ParseMessage(with(valid, 48, 1))) }},
		{"message without a topic", func() error { return second(wire.ParseMessage(with(valid, 65, 0))) }},
		{"message with a topic of 65 bytes", func() error {
			return second(wire.ParseMessage(with(payload(t, broadcast(strings.Repeat("x", 100)), wire.TypeMessage), 65, 65)))
		}},
		{"message with a topic beyond its end", func() error { return second(wire.ParseMessage(with(valid, 65, 7))) }},
		{"message with a topic of two lines", func() error { return second(wire.ParseMessage(with(valid, 66, '\n'))) }},
		{"message without a sequence", func() error { return second(wire.ParseMessage(with(valid, 41, make([]byte, 8)...))) }},
		{"message with the last sequence", func() error {
			return second(wire.ParseMessage(with(valid, 41, bytes.Repeat([]byte{255}, 8)...)))
		}},
		{"message too long", func() error {
			return second(wire.ParseMessage(append(bytes.Clone(valid), make([]byte, wire.MaxBody)...)))
		}},
		{"private message without a recipient", func() error { return second(wire.ParseMessage(with(valid, 0, wire.Private))) }},
		{"have cut short", func() error { return second(wire.ParseHave(make([]byte, 31))) }},
		{"have without a next", func() error { return second(wire.ParseHave(make([]byte, 32))) }},
		{"have beyond the last sequence", func() error { return second(wire.ParseHave(bytes.Repeat([]byte{255}, 32))) }},
		{"gap cut short", func() error { return second(wire.ParseGap(make([]byte, 16))) }},
		{"gap of an unknown stream", func() error { return gap(wire.Gap{Stream: 3, From: 1, To: 1}) }},
		{"gap from nothing", func() error { return gap(wire.Gap{Stream: 1, From: 0, To: 1}) }},
		{"gap backwards", func() error { return gap(wire.Gap{Stream: 1, From: 2, To: 1}) }},
		{"gap to the last sequence", func() error { return gap(wire.Gap{Stream: 1, From: 2, To: 1<<64 - 1}) }},
		{"peers cut short", func() error { return second(wire.ParsePeers(make([]byte, 8))) }},
		{"peers of an unknown family", func() error { return second(wire.ParsePeers([]byte{1, 2, 3, 4, 5, 6, 7, 8, 0x80, 9, 0, 0})) }},
		{"peers with a short address", func() error { return second(wire.ParsePeers([]byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 4, 0, 0})) }},
		{"peers with 31 addresses", func() error { return second(wire.ParsePeers([]byte{1, 2, 3, 4, 5, 6, 7, 8, 31, 4, 0, 0})) }},
		{"peers without end", func() error { return second(wire.ParsePeers(make([]byte, 9*(wire.MaxPeers+1)))) }},
	})
}

func second[T any](_ T, err error) error { return err }

func gap(g wire.Gap) error { return second(wire.ParseGap(wire.AppendGap(nil, g)[wire.FrameHeader:])) }

// with returns a copy of p with b at an offset.
func with(p []byte, at int, b ...byte) []byte {
	out := bytes.Clone(p)
	copy(out[at:], b)
	return out
}
