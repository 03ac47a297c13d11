package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

func anaRecord() wire.Record {
	return wire.Record{
		Member: wire.Member{ID: ana.ID, Instance: wire.InstanceOf(ana.ID, anaSalt)}, Salt: anaSalt, Revision: 3,
		Key: [32]byte(bytes.Repeat([]byte{0xcc}, 32)), Name: "ana", Topics: []string{"chat", "files"},
	}
}

var anaSalt = [wire.SaltSize]byte(bytes.Repeat([]byte{0x5a}, wire.SaltSize))

// biggestRecord is a record in which nothing could be longer.
func biggestRecord() wire.Record {
	r := anaRecord()
	r.Name, r.Topics = strings.Repeat("n", wire.MaxName), nil
	for range wire.MaxTopics {
		r.Topics = append(r.Topics, strings.Repeat("t", wire.MaxName))
	}
	return r
}

func record(r wire.Record) []byte { return wire.AppendRecord(nil, room, r, sign) }

func ask() wire.Ask {
	return wire.Ask{Limit: 1000, Only: true, Holdings: []wire.Holding{
		{Member: ana, From: 1, To: 2, Last: 3, Digest: 4},
		{Member: bo, From: 5},
	}}
}

// past is a past frame with ana's broadcast in it.
func past(age time.Duration, body string) []byte {
	return wire.AppendPast(nil, age, broadcast(body)[wire.FrameHeader:])
}

func TestRecordRoundTrip(t *testing.T) {
	for _, r := range []wire.Record{anaRecord(), biggestRecord(), {Member: wire.Member{ID: bo.ID, Instance: wire.InstanceOf(bo.ID, [16]byte{})}}} {
		p := append(record(r), "what follows"...)
		got, own, rest, err := wire.ParseRecord(p)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %v, %v, want %v", got, err, r)
		}
		if !bytes.Equal(own, record(r)) || string(rest) != "what follows" {
			t.Errorf("the record is %x, and %q follows", own, rest)
		}
		if !wire.VerifyRecord(own, room, verify) {
			t.Error("the signature of an unchanged record does not verify")
		}
	}
}

func TestRecordSignature(t *testing.T) {
	original := record(anaRecord())
	for i := range original {
		altered := bytes.Clone(original)
		altered[i] ^= 1
		_, own, _, err := wire.ParseRecord(altered)
		if err == nil && wire.VerifyRecord(own, room, verify) {
			t.Errorf("byte %d may be altered", i)
		}
	}
	if wire.VerifyRecord(original, wire.NewRoomKey("other"), verify) {
		t.Error("the record verifies in another room")
	}
}

func TestAskRoundTrip(t *testing.T) {
	for _, a := range []wire.Ask{ask(), {}, {Limit: 65535}} {
		got, err := wire.ParseAsk(payload(t, wire.AppendAsk(nil, a), wire.TypeAsk))
		if err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("got %v, %v, want %v", got, err, a)
		}
	}
	many := wire.Ask{Holdings: make([]wire.Holding, wire.MaxHoldings+100)}
	frame := wire.AppendAsk(nil, many)
	got, err := wire.ParseAsk(payload(t, frame, wire.TypeAsk))
	if err != nil || len(got.Holdings) != wire.MaxHoldings || len(frame) > wire.MaxRelayed-wire.RelayOverhead {
		t.Errorf("%d entries in %d bytes, %v", len(got.Holdings), len(frame), err)
	}
}

func TestPastRoundTrip(t *testing.T) {
	tests := []struct{ age, want time.Duration }{
		{0, 0}, {-time.Second, 0}, {1500 * time.Millisecond, 1500 * time.Millisecond}, {time.Microsecond, 0},
	}
	for _, tt := range tests {
		age, m, err := wire.ParsePast(payload(t, past(tt.age, "hi"), wire.TypePast))
		if err != nil || age != tt.want || string(m.Body) != "hi" || !m.Verify(room, verify) {
			t.Errorf("age %v: got %v, %q, %v", tt.age, age, m.Body, err)
		}
	}
	forever := with(payload(t, past(0, "hi"), wire.TypePast), 0, bytes.Repeat([]byte{255}, 8)...)
	age, _, err := wire.ParsePast(forever)
	if err != nil || age <= 0 || age > 101*365*24*time.Hour {
		t.Errorf("the longest age reads as %v, %v", age, err)
	}
}

func TestHistoryLaterVersions(t *testing.T) {
	want := wire.Have{Next: 1, Want: 2, PrivateNext: 3, PrivateWant: 4, Held: 5, Here: 6}
	if got, err := wire.ParseHave(append(payload(t, wire.AppendHave(nil, want), wire.TypeHave), 1)); err != nil || got != want {
		t.Errorf("have: got %v, %v", got, err)
	}
	flags := payload(t, wire.AppendAsk(nil, ask()), wire.TypeAsk)
	if got, err := wire.ParseAsk(with(flags, 0, 0xff)); err != nil || !reflect.DeepEqual(got, ask()) {
		t.Errorf("ask with all flags: got %v, %v", got, err)
	}
}

func TestHistoryViolations(t *testing.T) {
	rec := record(anaRecord())
	name := 32 + 16 + 8 + 32 // where the length of the name is
	topics := name + 1 + len("ana")
	badRecord := func(p []byte) func() error {
		return func() error {
			_, _, _, err := wire.ParseRecord(p)
			return err
		}
	}
	badAsk := func(p []byte) func() error { return func() error { return second(wire.ParseAsk(p)) } }
	badPast := func(p []byte) func() error {
		return func() error {
			_, _, err := wire.ParsePast(p)
			return err
		}
	}
	withAge := func(message []byte) []byte { return append(make([]byte, 8), message[wire.FrameHeader:]...) }
	checkViolations(t, []violation{
		{"empty record", badRecord(nil)},
		{"record without a name", badRecord(rec[:name])},
		{"record with half a name", badRecord(rec[:name+2])},
		{"record with a long name", badRecord(with(append(bytes.Clone(rec), make([]byte, 100)...), name, 65))},
		{"record with a name that is no text", badRecord(with(rec, name+1, 0xff))},
		{"record with a name of two lines", badRecord(with(rec, name+1, '\n'))},
		{"record with a name that turns", badRecord(record(wire.Record{Name: "\u202eana"}))},
		{"record with a topic of two lines", badRecord(record(wire.Record{Topics: []string{"a\r\n"}}))},
		{"record with an empty topic", badRecord(record(wire.Record{Topics: []string{""}}))},
		{"record without topics", badRecord(rec[:topics])},
		{"record with 17 topics", badRecord(with(append(bytes.Clone(rec), make([]byte, 100)...), topics, 17))},
		{"record with half a topic", badRecord(rec[:topics+3])},
		{"record without a signature", badRecord(rec[:len(rec)-1])},
		{"empty ask", badAsk(nil)},
		{"ask with half an entry", badAsk(make([]byte, 3+71))},
		{"ask with too many entries", badAsk(make([]byte, 3+72*(wire.MaxHoldings+1)))},
		{"past without a message", badPast(make([]byte, 8))},
		{"past cut short", badPast(make([]byte, 7))},
		{"private past", badPast(withAge(private("hi")))},
		{"past with the last sequence", badPast(with(withAge(broadcast("hi")), 8+41, bytes.Repeat([]byte{255}, 8)...))},
		{"past too long", badPast(append(withAge(broadcast("hi")), make([]byte, wire.MaxBody)...))},
	})
}

type violation struct {
	name  string
	parse func() error
}

func checkViolations(t *testing.T, tests []violation) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.parse() == nil {
				t.Error("no error")
			}
		})
	}
}
