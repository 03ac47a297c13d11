package wire_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

var (
	nonce = [wire.NonceSize]byte(bytes.Repeat([]byte{0xa1}, wire.NonceSize))
	other = [wire.NonceSize]byte(bytes.Repeat([]byte{0xb2}, wire.NonceSize))
)

func open(r wire.Record) []byte {
	return wire.AppendOpen(nil, room, bo.Instance, nonce, record(r), sign)
}

func keys() wire.Keys {
	return wire.Keys{From: ana, To: bo, Nonce: nonce, Other: other, Enc: bytes.Repeat([]byte{0xec}, 32)}
}

func relayed(p []byte) []byte {
	return wire.AppendRelay(nil, wire.Relay{To: bo.Instance, From: ana.Instance, Hops: wire.MaxHops, Payload: p})
}

func reach() wire.Reach {
	return wire.Reach{Ask: true, Sum: [8]byte{9, 8, 7}, Routes: []wire.Route{
		{To: ana.Instance},
		{To: bo.Instance, Lost: true},
		{To: [8]byte{3}, Via: [][8]byte{{4}, {5}, {6}}},
	}}
}

func reachFrame() []byte { return wire.AppendReach(nil, reach()) }

func TestReachRoundTrip(t *testing.T) {
	got, err := wire.ParseReach(payload(t, reachFrame(), wire.TypeReach))
	if err != nil || !reflect.DeepEqual(got, reach()) {
		t.Errorf("got  %v, %v\nwant %v", got, err, reach())
	}
}

// TestAppendReachBounds holds that what is told at once fits a link message
// beside a full batch, and that no route is written that others refuse.
func TestAppendReachBounds(t *testing.T) {
	many := make([]wire.Route, wire.MaxRoutes)
	for i := range many {
		binary.BigEndian.PutUint64(many[i].To[:], uint64(i))
		many[i].Via = make([][8]byte, wire.MaxHops-1)
	}
	frame := wire.AppendReach(nil, wire.Reach{Routes: many})
	got, err := wire.ParseReach(payload(t, frame, wire.TypeReach))
	if err != nil || len(got.Routes) != len(many) || len(frame) > 10<<10 {
		t.Errorf("%d entries in %d bytes, %v", len(got.Routes), len(frame), err)
	}
	frame = wire.AppendReach(nil, wire.Reach{Routes: []wire.Route{{Via: make([][8]byte, wire.MaxHops)}, {To: [8]byte{1}}}})
	got, err = wire.ParseReach(payload(t, frame, wire.TypeReach))
	if err != nil || len(got.Routes) != 1 || got.Routes[0].To != [8]byte{1} {
		t.Errorf("read %v, %v; want the second entry", got, err)
	}
}

// TestReachGrows holds that flags of later versions are ignored.
func TestReachGrows(t *testing.T) {
	p := payload(t, reachFrame(), wire.TypeReach)
	if got, err := wire.ParseReach(with(p, 0, p[0]|0xfc)); err != nil || !reflect.DeepEqual(got, reach()) {
		t.Errorf("got  %v, %v\nwant %v", got, err, reach())
	}
}

func TestRelayRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, wire.MaxRelayed} {
		p := relayed(make([]byte, size))
		r, err := wire.ParseRelay(payload(t, p, wire.TypeRelay))
		if err != nil || r.To != bo.Instance || r.From != ana.Instance || r.Hops != wire.MaxHops || len(r.Payload) != size {
			t.Errorf("%d bytes: got %v, %v", size, r, err)
		}
		if len(p)+256 > wire.MaxMessage {
			t.Errorf("beside a payload of %d bytes there is no room in a link message", size)
		}
	}
}

// TestRelayedMessageFits holds that the longest message of a member fits a
// relay frame, with what its link and each relay's may add to it.
func TestRelayedMessageFits(t *testing.T) {
	m := wire.Message{Kind: wire.Private, Origin: ana, Seq: 1, To: bo, Body: make([]byte, wire.MaxBody)}
	link := wire.AppendMessage(nil, room, m, sign)
	for _, kind := range []byte{wire.Broadcast, wire.Private} {
		link = wire.AppendGap(link, wire.Gap{Stream: kind, From: 1, To: 2})
	}
	link = wire.AppendByeAck(wire.AppendBye(wire.AppendAsked(wire.AppendHave(link, wire.Have{Next: 1, PrivateNext: 1, Held: 1}))))
	sealed := len(link) + wire.RelayOverhead - len(relayed(nil))
	if sealed > wire.MaxRelayed {
		t.Errorf("sealed, a link message of %d bytes is %d, and a relay takes %d", len(link), sealed, wire.MaxRelayed)
	}
	if n := len(open(biggestRecord())); n > wire.MaxRelayed {
		t.Errorf("an open of %d bytes does not fit", n)
	}
	if n := len(past(0, strings.Repeat("x", wire.MaxBody))); n > wire.MaxRelayed-wire.RelayOverhead {
		t.Errorf("a past frame of %d bytes does not fit", n)
	}
}

func TestOpenRoundTrip(t *testing.T) {
	for _, r := range []wire.Record{anaRecord(), biggestRecord()} {
		p := open(r)
		o, err := wire.ParseOpen(p[1:])
		if p[0] != wire.TunnelOpen || err != nil || o.Nonce != nonce || !reflect.DeepEqual(o.Record, r) {
			t.Fatalf("got %v, %v", o, err)
		}
		if !o.Verify(room, bo.Instance, verify) {
			t.Error("the signature of an unchanged open does not verify")
		}
		if o.Verify(room, ana.Instance, verify) || o.Verify(wire.NewRoomKey("other"), bo.Instance, verify) {
			t.Error("the open verifies for another member or in another room")
		}
	}
}

func TestOpenSignature(t *testing.T) {
	original := open(anaRecord())[1:]
	for i := range original {
		altered := bytes.Clone(original)
		altered[i] ^= 1
		o, err := wire.ParseOpen(altered)
		if err == nil && o.Verify(room, bo.Instance, verify) {
			t.Errorf("byte %d may be altered", i)
		}
	}
	// Both signatures count: the record of another does not make its open.
	stranger := func([]byte) []byte { return make([]byte, 64) }
	borrowed := wire.AppendOpen(nil, room, bo.Instance, nonce, wire.AppendRecord(nil, room, anaRecord(), stranger), sign)
	o, err := wire.ParseOpen(borrowed[1:])
	if err != nil || o.Verify(room, bo.Instance, verify) {
		t.Errorf("an open with an unsigned record verifies, %v", err)
	}
}

func TestKeysRoundTrip(t *testing.T) {
	p := wire.AppendKeys(nil, room, keys(), sign)
	k, err := wire.ParseKeys(p[1:])
	if p[0] != wire.TunnelKeys || err != nil || k.Nonce != nonce || k.Other != other || !bytes.Equal(k.Enc, keys().Enc) {
		t.Fatalf("got %v, %v", k, err)
	}
	for name, edit := range map[string]func(*wire.Keys){
		"from":        func(k *wire.Keys) { k.From = bo },
		"to":          func(k *wire.Keys) { k.To = ana },
		"to instance": func(k *wire.Keys) { k.To.Instance = ana.Instance },
		"nonce":       func(k *wire.Keys) { k.Nonce = other },
		"other nonce": func(k *wire.Keys) { k.Other = nonce },
		"enc":         func(k *wire.Keys) { k.Enc = make([]byte, 32) },
		"nothing":     nil,
	} {
		k, _ := wire.ParseKeys(p[1:])
		k.From, k.To = ana, bo
		if edit != nil {
			edit(&k)
		}
		if got := k.Verify(room, verify); got != (edit == nil) {
			t.Errorf("with another %s it verifies: %v", name, got)
		}
		if k.Verify(wire.NewRoomKey("other"), verify) {
			t.Error("the key verifies in another room")
		}
	}
}

func TestTunnelViolations(t *testing.T) {
	badReach := func(p []byte) func() error {
		return func() error { return second(wire.ParseReach(append(make([]byte, 9), p...))) }
	}
	badRelay := func(p []byte) func() error { return func() error { return second(wire.ParseRelay(p)) } }
	badOpen := func(p []byte) func() error { return func() error { return second(wire.ParseOpen(p)) } }
	badKeys := func(p []byte) func() error { return func() error { return second(wire.ParseKeys(p)) } }
	o, k := open(anaRecord())[1:], wire.AppendKeys(nil, room, keys(), sign)[1:]
	checkViolations(t, []violation{
		{"reach without a digest", func() error { return second(wire.ParseReach(make([]byte, 8))) }},
		{"reach cut short", badReach(make([]byte, 8))},
		{"reach without its way", badReach([]byte{1, 2, 3, 4, 5, 6, 7, 8, 2, 9})},
		{"reach over five links", badReach(append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 5}, make([]byte, 32)...))},
		{"reach without end", badReach(make([]byte, 9*(wire.MaxRoutes+1)))},
		{"relay cut short", badRelay(make([]byte, 16))},
		{"relay over five links", badRelay(with(make([]byte, 17), 16, 5))},
		{"relay too long", badRelay(make([]byte, 17+wire.MaxRelayed+1))},
		{"empty open", badOpen(nil)},
		{"open without a record", badOpen(o[:wire.NonceSize])},
		{"open without a signature", badOpen(o[:len(o)-64])},
		{"open cut short", badOpen(o[:len(o)-1])},
		{"open too long", badOpen(append(bytes.Clone(o), 0))},
		{"empty keys", badKeys(nil)},
		{"keys cut short", badKeys(k[:len(k)-1])},
		{"keys too long", badKeys(append(bytes.Clone(k), 0))},
	})
}
