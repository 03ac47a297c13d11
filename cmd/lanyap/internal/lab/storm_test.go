package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// spaced makes a trace of events that are far enough apart for presence to be
// certain.
func spaced(who Ident, events ...Event) *Trace {
	log := said(who, events...)
	for i := range log.Events {
		log.Events[i].Time = time.Unix(10*int64(i), 0)
	}
	return TraceOf(log)
}

func killed(t *Trace) *Trace { t.Kill(); return t }

func past(ev Event) Event { ev.History = true; return ev }

func missed(from Ident, count int) Event { return Event{Type: "gap", From: from, Count: count} }

// speech is what ana says to n present members: three messages, all delivered.
func speech(n int, present ...Event) *Trace {
	return spaced(ana, append(present,
		sent(1), delivered(1, n), sent(2), delivered(2, n), sent(3), delivered(3, n))...)
}

func TestCheckStorm(t *testing.T) {
	altered := heard(ana, 2)
	altered.Text = "something else"
	cyToo := spaced(cy, joined(ana), joined(bo), heard(ana, 1), heard(ana, 2), heard(ana, 3))
	for name, c := range map[string]struct {
		traces []*Trace
		want   Verdict // counts only; what is checked is everything that is wrong
		told   string  // part of the first problem
	}{
		"a talk": {traces: []*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 2), heard(ana, 3)),
		}},
		"cut off and back": {traces: []*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), delivered(1, 1), leftBy(bo), failed(2), sent(3), delivered(3, 0), joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), leftBy(ana), joined(ana), heard(ana, 2), heard(ana, 3)),
		}},
		"said before anybody was there": {traces: []*Trace{
			spaced(ana, sent(1), delivered(1, 0), joined(bo), sent(2), delivered(2, 1)),
			spaced(bo, joined(ana), heard(ana, 2)),
		}},
		"history for a newcomer": {traces: []*Trace{
			spaced(ana, sent(1), sent(2), delivered(1, 0), delivered(2, 0), joined(bo), sent(3), delivered(3, 1)),
			spaced(bo, joined(ana), past(heard(ana, 1)), past(heard(ana, 2)), heard(ana, 3)),
		}},
		"history of one that is gone": {traces: []*Trace{
			killed(spaced(ana, sent(1), sent(3))),
			spaced(bo, past(heard(ana, 1)), past(heard(ana, 3))),
		}},
		"accepted just before joined was printed": {traces: []*Trace{
			spaced(ana, joined(bo), sent(1), delivered(1, 0), sent(2), delivered(2, 1)),
			spaced(bo, joined(ana), heard(ana, 2)),
		}},
		"killed before it showed": {traces: []*Trace{
			spaced(ana, joined(bo), sent(1), delivered(1, 1), sent(2), delivered(2, 1), leftBy(bo)),
			killed(spaced(bo, joined(ana), heard(ana, 1))),
		}},
		"killed before it was ready": {traces: []*Trace{
			killed(&Trace{Name: "bo"}), spaced(ana),
		}},

		"lost at the end": {[]*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), sent(3), delivered(1, 1), delivered(2, 1), failed(3)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 2)),
		}, Verdict{Lost: 1}, "lacks 1 messages of ana"},
		"lost in the middle": {[]*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), sent(3), delivered(1, 1), failed(2), delivered(3, 1)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 3)),
		}, Verdict{Lost: 1}, "from 2 to 2"},
		"lost altogether": {[]*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), sent(3), failed(1), failed(2), failed(3)),
			spaced(bo, joined(ana)),
		}, Verdict{Lost: 2}, "from 2 to 3"},
		"lost in the middle of what a killed one said": {[]*Trace{
			killed(spaced(ana, joined(bo))),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 4), leftBy(ana)),
		}, Verdict{Lost: 2}, "lacks 2 messages"},
		"lost, and a gap says so": {[]*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), sent(3), delivered(1, 1), failed(2), delivered(3, 1)),
			spaced(bo, joined(ana), heard(ana, 1), missed(ana, 1), heard(ana, 3)),
		}, Verdict{Missed: 1}, "gap of 1"},
		"twice": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 2), heard(ana, 2), heard(ana, 3)),
		}, Verdict{Duplicated: 1}, "message 2 of"},
		"in history and live": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), past(heard(ana, 1)), heard(ana, 1), heard(ana, 2), heard(ana, 3)),
		}, Verdict{Duplicated: 1}, "twice"},
		"out of order": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 3), heard(ana, 2)),
		}, Verdict{Reordered: 1}, "2 of aaaaaaaaaaaaaaaa after 3"},
		"history after live": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), past(heard(ana, 2)), heard(ana, 3)),
		}, Verdict{Reordered: 1}, "after live ones"},
		"altered on the way": {[]*Trace{
			speech(2, joined(bo), joined(cy)),
			spaced(bo, joined(ana), joined(cy), heard(ana, 1), altered, heard(ana, 3)),
			cyToo,
		}, Verdict{Altered: 1}, "message 2 of"},
		"altered for all": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), altered, heard(ana, 3)),
		}, Verdict{Altered: 1}, "is not what was said"},
		"altered, of a killed one": {[]*Trace{
			killed(spaced(ana, joined(bo), joined(cy))),
			spaced(bo, joined(ana), joined(cy), heard(ana, 1), altered, heard(ana, 3), leftBy(ana)),
			spaced(cy, joined(ana), joined(bo), heard(ana, 1), heard(ana, 2), heard(ana, 3), leftBy(ana)),
		}, Verdict{Altered: 1}, "not what another shows"},
		"never said": {[]*Trace{
			speech(1, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 2), heard(ana, 3), heard(ana, 4)),
		}, Verdict{Altered: 1}, "who said 3"},
		"a false receipt": {[]*Trace{
			spaced(ana, joined(bo), sent(1), sent(2), delivered(1, 1), delivered(2, 1)),
			spaced(bo, joined(ana), heard(ana, 1)),
		}, Verdict{Lost: 1, FalseReceipts: 1}, "lacks"},
		"a receipt that counts too many": {[]*Trace{
			speech(2, joined(bo)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 2), heard(ana, 3)),
		}, Verdict{FalseReceipts: 3}, "no more than 1 hold it"},
		"a receipt twice": {[]*Trace{
			spaced(ana, sent(1), delivered(1, 0), delivered(1, 0)),
		}, Verdict{FalseReceipts: 1}, "or twice"},
		"no receipt": {[]*Trace{
			spaced(ana, sent(1)),
		}, Verdict{Other: 1}, "neither"},
		"views differ": {[]*Trace{
			spaced(ana, joined(bo), leftBy(bo)),
			spaced(bo, joined(ana)),
		}, Verdict{Other: 1}, "sees bo"},
		"sees the dead": {[]*Trace{
			spaced(ana, joined(bo)), killed(spaced(bo, joined(ana))),
		}, Verdict{Other: 1}, "killed: true"},
		"absurd sequence": {[]*Trace{
			killed(spaced(ana)),
			spaced(bo, joined(ana), heard(ana, 1), heard(ana, 1<<63), leftBy(ana)),
		}, Verdict{Altered: 1}, "messages 1 to"},
		"live of one that left": {[]*Trace{
			killed(spaced(ana)),
			spaced(bo, heard(ana, 1)),
		}, Verdict{Other: 1}, "not here"},
		"a warning": {[]*Trace{
			spaced(ana, Event{Type: "warning", Text: "7 messages of bo are lost to us"}),
		}, Verdict{Other: 1}, "7 messages"},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckStorm(time.Unix(1000, 0), c.traces...)
			problems := strings.Join(got.Problems, "\n")
			if !strings.Contains(problems, c.told) || (c.told == "") != got.Clean() {
				t.Errorf("told %q, want it with %q", problems, c.told)
			}
			if got, want := faults(got), faults(c.want); got != want {
				t.Errorf("found %s, want %s: %s", got, want, problems)
			}
		})
	}
}

// faults is the part of a verdict that should be zero.
func faults(v Verdict) string {
	return fmt.Sprintf("%d lost, %d missed, %d duplicated, %d reordered, %d altered, %d false receipts, %d others",
		v.Lost, v.Missed, v.Duplicated, v.Reordered, v.Altered, v.FalseReceipts, v.Other)
}

func TestCheckStormCounts(t *testing.T) {
	got := CheckStorm(time.Unix(1000, 0),
		speech(1, joined(bo)),
		spaced(bo, joined(ana), past(heard(ana, 1)), heard(ana, 2), heard(ana, 3), private(heard(ana, 1), nil)))
	if got.Messages != 3 || got.Deliveries != 3 || got.History != 1 || got.Receipts != 3 || !got.Clean() {
		t.Errorf("got %+v", got)
	}
}

func TestReadTrace(t *testing.T) {
	log := `{"at":"2026-11-24T04:00:00Z","v":1,"type":"ready","time":"1970-01-01T00:00:00.000000000Z","id":"i","instance":"n","name":"bo"}
{"v":1,"type":"joined","time":"2026-11-24T04:00:01.000000000Z","peer":{"id":"a","instance":"m","name":"ana"},"via":{"id":"c","instance":"o","name":"cy"}}
{"v":1,"type":"message","time":"2026-11-24T04:00:02.000000000Z","from":{"id":"a","instance":"m","name":"ana"},"seq":4,"text":"hi","history":true}
{"v":1,"type":"gap","time":"2026-11-24T04:00:03.000000000Z","from":{"id":"a","instance":"m","name":"ana"},"count":3}
{"v":1,"type":"message","time":"2026-11-24T04:00:04.000000000Z","from":{"id":"a","instance":"m","name":"ana"},"seq":8,"text":"ho"}
{"v":1,"type":"sent","time":"2026-11-24T04:00:05.000000000Z","seq":1,"text":"he"}
{"v":1,"type":"delivered","time":"2026-11-24T04:0`
	trace, err := ReadTrace("bo", strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range trace.records {
		if want := time.Date(2026, 11, 24, 4, 0, i, 0, time.UTC); !rec.at.Equal(want) {
			t.Errorf("event %d was at %v, want %v", i, rec.at, want)
		}
	}
	trace.Kill()
	origin := &Trace{self: Ident{Instance: "m"}, killed: true}
	if got := trace.Newest(origin); got != 8 {
		t.Errorf("the newest is %d, want 8", got)
	}
	got := CheckStorm(time.Time{}, trace, origin)
	ev, ok := parseEvent([]byte(`{"type":"ready","time":"1970-01-01T00:00:00Z"}`), time.Date(2026, 11, 24, 4, 0, 0, 5, time.FixedZone("", 3600)))
	if again, _ := parseEvent([]byte(ev.Logged()), time.Time{}); !ok || !again.At.Equal(ev.At) || again.Type != "ready" {
		t.Errorf("an event in a log is %+v, was %+v", again, ev)
	}
	if got.Deliveries != 2 || got.History != 1 || got.Missed != 3 || got.Messages != 1 || got.Lost+got.Other > 0 {
		t.Errorf("got %+v", got)
	}
}
