package wire_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// vector is one frame or tunnel record as version 1 has it on the wire.
type vector struct {
	name   string
	fields []field
}

type field struct {
	name    string
	bytes   []byte
	verdict string // what becomes of the whole when this is one more, as a number
}

func (v vector) bytes() []byte {
	var all []byte
	for _, f := range v.fields {
		all = append(all, f.bytes...)
	}
	return all
}

// readVectors reads testdata/v1.txt, whose head says how it is written.
func readVectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/v1.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "#")
		parts := strings.Fields(line)
		switch {
		case len(parts) == 0:
		case line[0] != '\t':
			all = append(all, vector{name: strings.TrimSpace(line)})
		default:
			raw, err := hex.DecodeString(parts[0])
			if err != nil || len(parts) < 3 {
				t.Fatalf("%q: %v", line, err)
			}
			v := &all[len(all)-1]
			v.fields = append(v.fields, field{strings.Join(parts[2:], " "), raw, parts[1]})
		}
	}
	return all
}

// written is what this version writes for each vector.
func written() map[string][]byte {
	later := wire.Message{Kind: 9, Origin: ana, Seq: 1, Clock: 2, Topic: "later", Body: []byte("hi")}
	record := record(anaRecord())
	return map[string][]byte{
		"broadcast":             broadcast("hi"),
		"private":               private("hi"),
		"message of kind 9":     wire.AppendMessage(nil, room, later, sign),
		"have":                  wire.AppendHave(nil, wire.Have{Next: 1, Want: 2, PrivateNext: 3, PrivateWant: 4}),
		"first have":            wire.AppendHave(nil, wire.Have{Next: 1, PrivateNext: 3, Held: 5, Here: 6}),
		"gap":                   wire.AppendGap(nil, wire.Gap{Stream: wire.Broadcast, From: 5, To: 9}),
		"peers":                 peersFrame(),
		"bye":                   wire.AppendBye(nil),
		"bye-ack":               wire.AppendByeAck(nil),
		"reach":                 reachFrame(),
		"reach of all":          wire.AppendReach(nil, wire.Reach{All: true, Sum: [8]byte{1}}),
		"relay":                 relayed([]byte("?")),
		"record":                wire.AppendRecordFrame(nil, record),
		"ask":                   wire.AppendAsk(nil, ask()),
		"past":                  past(1500*time.Millisecond, "hi"),
		"asked":                 wire.AppendAsked(nil),
		"stream":                wire.AppendStream(nil, []byte("\x02\x00\x00\x00\x01hi")),
		"record of a page":      wire.AppendOwnRecord(nil, record, true),
		"pages":                 wire.AppendPages(nil, pages()),
		"open, a tunnel record": open(anaRecord()),
		"keys, a tunnel record": wire.AppendKeys(nil, room, keys(), sign),

		"offer, a carried record":  offer(),
		"answer, a carried record": wire.AppendCarried(nil, wire.CarriedAnswer, wire.Carried{ID: carriedID}),
	}
}

// TestVersion1 pins the bytes, both ways: nodes of different builds have to
// understand each other.
func TestVersion1(t *testing.T) {
	want := written()
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			p := v.bytes()
			if got := want[v.name]; !bytes.Equal(got, p) {
				t.Errorf("writes\n%x\nwant\n%x", got, p)
			}
			delete(want, v.name)
			if got := outcome(v.name, p, p); got != "same" {
				t.Errorf("is %s", got)
			}
		})
	}
	for name := range want {
		t.Errorf("%s is not in testdata", name)
	}
}

// TestVersion1WrongByOne adds one to each field of each vector.
func TestVersion1WrongByOne(t *testing.T) {
	for _, v := range readVectors(t) {
		at := 0
		for _, f := range v.fields {
			altered := v.bytes()
			for i := at + len(f.bytes) - 1; i >= at; i-- {
				if altered[i]++; altered[i] != 0 {
					break
				}
			}
			at += len(f.bytes)
			if got := outcome(v.name, v.bytes(), altered); got != f.verdict {
				t.Errorf("%s with another %s is %s, want %s", v.name, f.name, got, f.verdict)
			}
		}
	}
}

// outcome reads altered, which comes of original, and returns what it is:
// refused (a violation), forged, skipped, the same, or another value. Whatever
// reads has to be written again as it was.
func outcome(name string, original, altered []byte) string {
	var again []byte
	var verdict string
	switch {
	case strings.HasSuffix(name, "tunnel record"):
		again, verdict = rewriteTunnel(altered)
	case strings.HasSuffix(name, "carried record"):
		again, verdict = rewriteCarried(altered)
	default:
		again, verdict = rewrite(altered)
	}
	switch {
	case verdict != "":
		return verdict
	case bytes.Equal(again, original):
		return "same"
	case again[0] == altered[0] && bytes.HasPrefix(altered[wire.FrameHeader:], again[wire.FrameHeader:]):
		return "another" // what follows its fields is ignored
	}
	if twice, verdict := rewrite(again); verdict == "" && bytes.Equal(twice, again) && len(again) == len(altered) {
		return "cleaned"
	}
	return fmt.Sprintf("written again as %x", again)
}

// rewrite reads one frame and writes it again.
func rewrite(p []byte) (again []byte, verdict string) {
	f, rest, err := wire.Next(p)
	if err != nil {
		return nil, "refused"
	}
	signed := func([]byte) []byte { return f.Payload[max(0, len(f.Payload)-64):] }
	good := true
	switch f.Type {
	case wire.TypeMessage:
		var m wire.Message
		m, err = wire.ParseMessage(f.Payload)
		again, good = wire.AppendMessage(nil, room, m, signed), err != nil || m.Verify(room, verify)
	case wire.TypeHave:
		var h wire.Have
		h, err = wire.ParseHave(f.Payload)
		again = wire.AppendHave(nil, h)
	case wire.TypeGap:
		var g wire.Gap
		g, err = wire.ParseGap(f.Payload)
		again = wire.AppendGap(nil, g)
	case wire.TypePeers:
		var list []wire.Peer
		list, err = wire.ParsePeers(f.Payload)
		again, _ = wire.AppendPeers(nil, list, wire.MaxMessage)
	case wire.TypeBye:
		again = wire.AppendBye(nil)
	case wire.TypeByeAck:
		again = wire.AppendByeAck(nil)
	case wire.TypeReach:
		var r wire.Reach
		r, err = wire.ParseReach(f.Payload)
		again = wire.AppendReach(nil, r)
	case wire.TypeRelay:
		var r wire.Relay
		r, err = wire.ParseRelay(f.Payload)
		again = wire.AppendRelay(nil, r)
	case wire.TypeRecord:
		var r wire.Record
		var own, flags []byte
		r, own, flags, err = wire.ParseRecord(f.Payload)
		if err == nil {
			good = wire.VerifyRecord(own, room, verify)
			again = wire.AppendOwnRecord(nil, wire.AppendRecord(nil, room, r, known(own)), wire.IsWeb(flags))
		}
	case wire.TypeAsk:
		var a wire.Ask
		a, err = wire.ParseAsk(f.Payload)
		again = wire.AppendAsk(nil, a)
	case wire.TypePast:
		var age time.Duration
		var m wire.Message
		age, m, err = wire.ParsePast(f.Payload)
		good = err != nil || m.Verify(room, verify)
		again = wire.AppendPast(nil, age, m.Whole())
	case wire.TypeAsked:
		again = wire.AppendAsked(nil)
	case wire.TypePages:
		var list [][8]byte
		list, err = wire.ParsePages(f.Payload)
		again = wire.AppendPages(nil, list)
	case wire.TypeStream:
		again = wire.AppendStream(nil, f.Payload)
	default:
		return nil, "skipped"
	}
	switch {
	case err != nil || len(rest) > 0:
		return nil, "refused"
	case !good:
		return nil, "forged"
	}
	return again, ""
}

// rewriteTunnel is rewrite for an open and for keys.
func rewriteTunnel(p []byte) (again []byte, verdict string) {
	signed := func([]byte) []byte { return p[len(p)-64:] }
	switch p[0] {
	case wire.TunnelOpen:
		o, err := wire.ParseOpen(p[1:])
		if err != nil {
			return nil, "refused"
		}
		if !o.Verify(room, bo.Instance, verify) {
			return nil, "forged"
		}
		return wire.AppendOpen(nil, room, bo.Instance, o.Nonce, record(o.Record), signed), ""
	case wire.TunnelKeys:
		k, err := wire.ParseKeys(p[1:])
		if err != nil {
			return nil, "refused"
		}
		k.From, k.To = ana, bo
		if !k.Verify(room, verify) {
			return nil, "forged"
		}
		return wire.AppendKeys(nil, room, k, signed), ""
	}
	return nil, "skipped"
}

// rewriteCarried is rewrite for an offer and an answer that members carry.
func rewriteCarried(p []byte) (again []byte, verdict string) {
	if p[0] != wire.CarriedOffer && p[0] != wire.CarriedAnswer {
		return nil, "skipped"
	}
	c, err := wire.ParseCarried(p[0], p[1:])
	if err != nil {
		return nil, "refused"
	}
	return wire.AppendCarried(nil, p[0], c), ""
}
