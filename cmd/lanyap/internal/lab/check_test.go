package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	ana = Ident{ID: strings.Repeat("a", 52), Instance: strings.Repeat("a", 16), Name: "ana"}
	bo  = Ident{ID: strings.Repeat("b", 52), Instance: strings.Repeat("b", 16), Name: "bo"}
	cy  = Ident{ID: strings.Repeat("c", 52), Instance: strings.Repeat("c", 16), Name: "cy"}
)

// said makes a log out of events given as "type fields…".
func said(who Ident, events ...Event) Log {
	ready := Event{Type: "ready", ID: who.ID, Instance: who.Instance, Name: who.Name}
	log := Log{Name: who.Name}
	for _, ev := range append([]Event{ready}, events...) {
		if ev.V == 0 {
			ev.V = 1
		}
		ev.Time = time.Unix(1, 0)
		ev.Raw = fmt.Sprintf("%s %d %q", ev.Type, ev.Seq, ev.Text)
		log.Events = append(log.Events, ev)
	}
	return log
}

func joined(who Ident) Event  { return Event{Type: "joined", Peer: who} }
func leftBy(who Ident) Event  { return Event{Type: "left", Peer: who} }
func sent(seq uint64) Event   { return Event{Type: "sent", Seq: seq, Text: fmt.Sprint("text ", seq)} }
func failed(seq uint64) Event { return Event{Type: "undelivered", Seq: seq} }

func delivered(seq uint64, count int) Event {
	return Event{Type: "delivered", Seq: seq, Count: count}
}

func heard(from Ident, seq uint64) Event {
	return Event{Type: "message", From: from, Seq: seq, Text: fmt.Sprint("text ", seq)}
}

func private(ev Event, to *Ident) Event {
	ev.To, ev.Private = to, to == nil
	return ev
}

func TestCheck(t *testing.T) {
	other := heard(ana, 1)
	other.Text = "something else"
	killed := said(bo, joined(ana))
	killed.Killed = true
	anaSaidOne := said(ana, joined(bo), sent(1), delivered(1, 1))
	for name, c := range map[string]struct {
		logs []Log
		want string // part of the only problem; empty: none
	}{
		"a talk": {[]Log{
			said(ana, joined(bo), sent(1), delivered(1, 1), heard(bo, 1)),
			said(bo, joined(ana), sent(1), heard(ana, 1), delivered(1, 1)),
		}, ""},
		"left and came back": {[]Log{
			said(ana, joined(bo), sent(1), failed(1), leftBy(bo), joined(bo), sent(2), delivered(2, 1)),
			said(bo, joined(ana), leftBy(ana), joined(ana), heard(ana, 2)),
		}, ""},
		"a newcomer starts in the middle": {[]Log{
			said(ana, sent(1), delivered(1, 0), joined(bo), sent(2), delivered(2, 1)),
			said(bo, joined(ana), heard(ana, 2)),
		}, ""},
		"private beside public": {[]Log{
			said(ana, joined(bo), joined(cy), sent(1), private(sent(1), &bo), delivered(1, 2), private(delivered(1, 1), &bo)),
			said(bo, joined(ana), joined(cy), heard(ana, 1), private(heard(ana, 1), nil)),
			said(cy, joined(ana), joined(bo), heard(ana, 1)),
		}, ""},
		"killed before it could say":     {[]Log{anaSaidOne, killed}, ""},
		"lost":                           {[]Log{anaSaidOne, said(bo, joined(ana))}, "only 0 of 1"},
		"lost in the middle":             {[]Log{said(bo, joined(ana), heard(ana, 1), heard(ana, 3))}, "sequence 2 to 2 are missing"},
		"twice":                          {[]Log{said(bo, joined(ana), heard(ana, 1), heard(ana, 1))}, "shown twice"},
		"twice with a leave between":     {[]Log{said(bo, joined(ana), heard(ana, 1), leftBy(ana), joined(ana), heard(ana, 1))}, "shown twice"},
		"out of order":                   {[]Log{said(bo, joined(ana), heard(ana, 2), heard(ana, 1))}, "comes after sequence 2"},
		"out of order over a leave":      {[]Log{said(bo, joined(ana), heard(ana, 2), leftBy(ana), joined(ana), heard(ana, 1))}, "comes after sequence 2"},
		"another body":                   {[]Log{anaSaidOne, said(bo, joined(ana), other)}, "differs from what bo has"},
		"another body at another reader": {[]Log{said(cy, joined(ana), heard(ana, 1)), said(bo, joined(ana), other)}, "differs from what cy has"},
		"before joined":                  {[]Log{said(bo, heard(ana, 1))}, "not here"},
		"after left":                     {[]Log{said(bo, joined(ana), leftBy(ana), heard(ana, 1))}, "not here"},
		"joined twice":                   {[]Log{said(bo, joined(ana), joined(ana))}, "joined twice"},
		"left without joined":            {[]Log{said(bo, leftBy(ana))}, "before joined"},
		"itself":                         {[]Log{said(bo, joined(bo))}, "joined itself"},
		"ready twice":                    {[]Log{said(bo, Event{Type: "ready", ID: bo.ID, Instance: bo.Instance, Name: "bo"})}, "ready comes first"},
		"no answer":                      {[]Log{said(ana, sent(1))}, "neither delivered"},
		"an answer too many":             {[]Log{said(ana, delivered(1, 0))}, "without sent"},
		"a bad ID":                       {[]Log{said(bo, joined(Ident{ID: "short", Instance: ana.Instance, Name: "ana"}))}, "has an ID"},
		"another version":                {[]Log{said(bo, Event{V: 2, Type: "warning"})}, "version 2"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Check(c.logs...)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("reported %q, want nothing", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
				t.Errorf("reported %q, want one with %q", got, c.want)
			}
		})
	}
}

func TestParseEvent(t *testing.T) {
	at := time.Unix(7, 0)
	line := `{"v":1,"type":"message","time":"2026-11-24T04:00:00.000000001Z","from":{"id":"i","instance":"n","name":"bo"},"seq":12,"sent":"2026-11-24T04:00:00Z","text":"hi","private":true}`
	ev, ok := parseEvent([]byte(line), at)
	if !ok || ev.From != (Ident{"i", "n", "bo"}) || ev.Seq != 12 || ev.Text != "hi" || !ev.Private || ev.Time.Nanosecond() != 1 || ev.At != at || ev.Raw != line {
		t.Errorf("got %+v, %v", ev, ok)
	}
	for _, line := range []string{"", "ana: hi", "{}", `{"type":7}`, "null", "7"} {
		if ev, ok := parseEvent([]byte(line), at); ok {
			t.Errorf("%q is an event: %+v", line, ev)
		}
	}
	// A private message's confirmation names whom it was for.
	to, _ := json.Marshal(map[string]any{"v": 1, "type": "delivered", "to": bo})
	if ev, ok := parseEvent(to, at); !ok || ev.To == nil || *ev.To != bo {
		t.Errorf("got %+v, %v", ev, ok)
	}
}
