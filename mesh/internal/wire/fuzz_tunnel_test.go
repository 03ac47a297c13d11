package wire_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer/name"
)

// known is a signature that was read, to be written again.
func known(p []byte) func([]byte) []byte {
	return func([]byte) []byte { return p[len(p)-64:] }
}

func FuzzParseReach(f *testing.F) {
	f.Add(reachFrame()[wire.FrameHeader:])
	f.Add(make([]byte, 9*3))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := wire.ParseReach(p)
		if err != nil {
			return
		}
		frame := wire.AppendReach(nil, r)
		p = bytes.Clone(p)
		p[0] &= 3 // other flags are ignored
		if !bytes.Equal(frame[wire.FrameHeader:], p) {
			t.Fatalf("reach %x became %x", p, frame)
		}
	})
}

func FuzzParseRelay(f *testing.F) {
	f.Add(relayed([]byte("?"))[wire.FrameHeader:])
	f.Add(relayed(open(anaRecord()))[wire.FrameHeader:])
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := wire.ParseRelay(p)
		if err != nil {
			return
		}
		if frame := wire.AppendRelay(nil, r); !bytes.Equal(frame[wire.FrameHeader:], p) || len(frame) > wire.MaxMessage {
			t.Fatalf("relay %x became %x", p, frame)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	f.Add(record(anaRecord()))
	f.Add(append(record(wire.Record{}), 1, 2, 3))
	f.Add(record(wire.Record{Name: "a\nb", Topics: []string{"\u202e"}}))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, own, rest, err := wire.ParseRecord(p)
		if err != nil {
			return
		}
		if !bytes.Equal(append(bytes.Clone(own), rest...), p) {
			t.Fatalf("record %x was cut into %x and %x", p, own, rest)
		}
		if again := wire.AppendRecord(nil, room, r, known(own)); !bytes.Equal(again, own) {
			t.Fatalf("record %x became %x", own, again)
		}
		for _, s := range append(r.Topics, r.Name) {
			if err := name.Check(s); err != nil {
				t.Fatalf("%q was taken: %v", s, err)
			}
		}
		wire.VerifyRecord(own, room, verify)
	})
}

func FuzzParseAsk(f *testing.F) {
	f.Add(wire.AppendAsk(nil, ask())[wire.FrameHeader:])
	f.Add([]byte{0xff, 0, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		a, err := wire.ParseAsk(p)
		if err != nil {
			return
		}
		again, err := wire.ParseAsk(wire.AppendAsk(nil, a)[wire.FrameHeader:])
		if err != nil || !reflect.DeepEqual(again, a) {
			t.Fatalf("ask %v became %v, %v", a, again, err)
		}
	})
}

func FuzzParsePast(f *testing.F) {
	f.Add(past(time.Second, "hi")[wire.FrameHeader:])
	f.Add(append(make([]byte, 8), private("hi")[wire.FrameHeader:]...))
	f.Fuzz(func(t *testing.T, p []byte) {
		age, m, err := wire.ParsePast(p)
		if err != nil {
			return
		}
		if age < 0 || m.Kind == wire.Private || !bytes.Equal(m.Whole(), p[8:]) {
			t.Fatalf("read age %v and a message of kind %d", age, m.Kind)
		}
		checkMessage(t, p[8:], m)
		again, _, err := wire.ParsePast(wire.AppendPast(nil, age, m.Whole())[wire.FrameHeader:])
		if err != nil || again != age {
			t.Fatalf("age %v became %v, %v", age, again, err)
		}
	})
}

func FuzzParseOpen(f *testing.F) {
	f.Add(open(anaRecord())[1:])
	f.Add(open(wire.Record{})[1:])
	f.Fuzz(func(t *testing.T, p []byte) {
		o, err := wire.ParseOpen(p)
		if err != nil {
			return
		}
		_, own, _, err := wire.ParseRecord(p[wire.NonceSize:])
		if err != nil {
			t.Fatal(err)
		}
		if again := wire.AppendOpen(nil, room, bo.Instance, o.Nonce, own, known(p)); !bytes.Equal(again[1:], p) {
			t.Fatalf("open %x became %x", p, again)
		}
		o.Verify(room, bo.Instance, verify)
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add(wire.AppendKeys(nil, room, keys(), sign)[1:])
	f.Fuzz(func(t *testing.T, p []byte) {
		k, err := wire.ParseKeys(p)
		if err != nil {
			return
		}
		if again := wire.AppendKeys(nil, room, k, known(p)); !bytes.Equal(again[1:], p) {
			t.Fatalf("keys %x became %x", p, again)
		}
		k.Verify(room, verify)
	})
}
