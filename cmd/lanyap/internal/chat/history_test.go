package chat

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

// shows returns what faces of both kinds make of ev, each as one text.
func shows(t *testing.T, room *Room, ev Event) (plainOut, plainErr, jsonOut string) {
	t.Helper()
	var out, notices, objects, mistakes strings.Builder
	for _, face := range []Face{NewPlain(&out, &notices, room), NewJSON(&objects, &mistakes, nil)} {
		if err := face.Show(ev); err != nil {
			t.Fatal(err)
		}
	}
	if mistakes.Len() > 0 {
		t.Errorf("%T counts as a mistake: %s", ev, &mistakes)
	}
	object := regexp.MustCompile(`^({"v":1,"type":"\w+"),"time":"[^"]*"`).ReplaceAllString(objects.String(), "$1")
	return out.String(), notices.String(), object
}

func TestEarlier(t *testing.T) {
	zone := time.FixedZone("UTC+2", 2*60*60)
	now := time.Date(2026, 3, 1, 0, 30, 0, 0, zone)
	tests := []struct {
		name string
		t    time.Time
		want string
	}{
		{"now", now, "00:30"},
		{"minutes ago, and a day", now.Add(-31 * time.Minute), "yesterday 23:59"},
		{"yesterday, by the reader's zone", time.Date(2026, 2, 27, 22, 1, 0, 0, time.UTC), "yesterday 00:01"},
		{"before that", time.Date(2026, 2, 27, 23, 59, 0, 0, zone), "2026-02-27 23:59"},
		{"a year ago today", now.AddDate(-1, 0, 0), "2025-03-01 00:30"},
		{"by a clock that is ahead", now.AddDate(0, 0, 1), "2026-03-02 00:30"},
		{"by no clock", time.UnixMilli(0), "1970-01-01 02:00"},
	}
	for _, tt := range tests {
		if got := earlier(tt.t.In(zone), now); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHistoryIsShownAsEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is midnight of one day for ever
		sent := time.Now()
		clock := sent.Local().Format("15:04")
		ev := Message{From: bo, Seq: 7, Sent: sent, Text: "one\ntwo", History: true}
		out, notices, object := shows(t, NewRoom(member("ana")), ev)
		if want := "[" + clock + "] bo: one\n    two\n"; out != want || notices != "" {
			t.Errorf("plain: %q and %q, want %q", out, notices, want)
		}
		if !strings.HasSuffix(object, `"seq":7,"sent":"`+output.Time(sent)+`","text":"one\ntwo","history":true}`+"\n") {
			t.Errorf("JSON: %s", object)
		}
		ev.History = false
		if out, _, object = shows(t, NewRoom(member("ana")), ev); out != "bo: one\n    two\n" || strings.Contains(object, "history") {
			t.Errorf("live: %q, %s", out, object)
		}
	})
}

func TestHistoryOfStrangers(t *testing.T) {
	liar := member("liar")
	liar.Name = "[12:00] ana\x1b[2J\n* bo left"
	ev := Message{From: liar, Sent: time.UnixMilli(1 << 47), Text: "x\x1b]0;title\a\r[12:00] ana: \u202egnp\nana: y", History: true}
	room := NewRoom(member("ana"))
	out, _, object := shows(t, room, ev)
	term := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self, NoColor: true}}
	for face, text := range map[string]string{"plain": out, "JSON": object, "terminal": term.render(ev)} {
		if strings.ContainsAny(text, "\x1b\a\r\u202e") {
			t.Errorf("%s passes on control characters: %q", face, text)
		}
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], screen.Indent) {
		t.Errorf("plain: lines %q", lines)
	}
	if want := `] "[12:00] ana␛[2J␊* bo left": x`; !strings.Contains(lines[0], want) {
		t.Errorf("plain: %q lacks %q: the name passes for a time", lines[0], want)
	}
	for name, want := range map[string]string{"[17:02] bo": `"[17:02] bo"`, "* bo": `"* bo"`, "error": `"error"`, "bo: yes": `"bo: yes"`, "bo": "bo", "b[o": "b[o"} {
		p := bo
		p.Name = name
		if got := people.Name(p); got != want {
			t.Errorf("name %q is shown as %s, want %s", name, got, want)
		}
	}
}

func TestHistoryOnATerminal(t *testing.T) {
	room := NewRoom(member("ana"))
	without := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self, NoColor: true}}
	colored := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self}}
	ev := Message{From: bo, Sent: time.Date(2020, 1, 2, 3, 4, 0, 0, time.Local), Text: "one\ntwo", History: true}
	if got, want := without.render(ev), "[2020-01-02 03:04] bo: one\ntwo"; got != want {
		t.Errorf("without colours: %q, want %q", got, want)
	}
	if got, want := colored.render(ev), faint+"[2020-01-02 03:04] bo:"+reset+" one\ntwo"; got != want {
		t.Errorf("with colours: %q, want %q", got, want)
	}
}

func TestHistoryOfWhoIsNotHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromPipe, 0, "")
		c.write("hi\n")
		for i, from := range []mesh.Peer{bo, cy, c.node.self} { // the last: before we were restarted
			c.node.emit(mesh.Message{From: from, Seq: uint64(i + 1), Data: []byte("earlier"), History: true})
		}
		c.running()
		c.wantTexts() // nobody is here yet
		c.node.join(cy)
		c.node.emit(mesh.Message{From: cy, Seq: 3, Data: []byte("now")})
		c.wantTexts("hi")
		var names []string
		for _, m := range shown[Message](c.face) {
			if m.History != (m.Text == "earlier") {
				t.Errorf("shown %+v", m)
			}
			names = append(names, m.From.Name)
		}
		if want := []string{"bo", "cy", "ana", "cy"}; !slices.Equal(names, want) {
			t.Errorf("shown messages of %q, want %q", names, want)
		}
		if got := shown[Joined](c.face); len(got) != 1 {
			t.Errorf("joined %+v, want cy alone", got)
		}
		c.stdin.Close()
		if err, _ := c.result(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestHistoryIsNobodySpeaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.join(bo)
		time.Sleep(lull / 2)
		c.node.emit(mesh.Message{From: bo, Seq: 1, Data: []byte("earlier"), History: true})
		if err, after := c.result(); err != nil || after != lull {
			t.Errorf("ended with %v after %v, want %v", err, after, lull)
		}
		if got := shown[Message](c.face); len(got) != 1 {
			t.Errorf("shown %+v", got)
		}
	})
}

func TestNamesKnownFromHistory(t *testing.T) {
	room := NewRoom(member("ana"))
	other := member("x")
	other.Name = "bo"
	room.Recall(bo)
	if got := room.Label(bo); got != "bo" {
		t.Errorf("the only bo there was is shown as %q", got)
	}
	room.Join(other)
	for _, p := range []mesh.Peer{bo, other} {
		if got, want := room.Label(p), "bo ("+p.ID.Short()+")"; got != want {
			t.Errorf("one of two is shown as %q, want %q", got, want)
		}
	}
	if room.Len() != 1 || room.Here(bo.Member) {
		t.Error("who is known from history counts as here")
	}
	if p, err := room.Find("bo"); err != nil || p.Member != other.Member {
		t.Errorf("Find = %v, %v, want the one who is here", p, err)
	}
	for i := range 2 * maxPast {
		p := bo
		p.ID[30], p.ID[31] = byte(i>>8), byte(i)
		room.Recall(p)
	}
	if len(room.past) > maxPast {
		t.Errorf("%d people are remembered", len(room.past))
	}
}

func TestGapsAndConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromNothing, 0, "")
		c.node.emit(mesh.Gap{From: bo, Count: 12})
		c.node.emit(mesh.Conflict{From: bo, Seq: 7})
		elsewhere := member("dd")
		elsewhere.Topics = []string{"files"} // a Conflict comes to every topic
		c.node.emit(mesh.Conflict{From: elsewhere, Seq: 8})
		c.running()
		if got := shown[Gap](c.face); len(got) != 1 || got[0].Count != 12 || got[0].From.Name != "bo" {
			t.Errorf("shown %+v", got)
		}
		want := "bo signed two different messages as number 7"
		if got := shown[Warning](c.face); len(got) != 1 || got[0].Text != want || got[0].Hint != "" {
			t.Errorf("shown %+v, want %q", got, want)
		}
		over := errors.New("over")
		c.end(over)
		if err, _ := c.result(); !errors.Is(err, over) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestNotices(t *testing.T) {
	room := NewRoom(member("ana"))
	relay := member("cy")
	relay.Name = "cy\x1b"
	through := bo
	through.Via = &relay
	person := func(p mesh.Peer) string {
		name := strings.ReplaceAll(p.Name, "\x1b", `\u001b`)
		return `{"id":"` + p.ID.String() + `","instance":"` + p.Instance.String() + `","name":"` + name + `"}`
	}
	tests := []struct {
		ev           Event
		plain, json_ string
	}{
		{Joined{Peer: bo}, "* bo joined\n", `{"v":1,"type":"joined","peer":` + person(bo) + "}\n"},
		{Joined{Peer: through}, "* bo joined (through cy␛)\n", `{"v":1,"type":"joined","peer":` + person(bo) + `,"via":` + person(relay) + "}\n"},
		{Rerouted{Peer: bo}, "", `{"v":1,"type":"rerouted","peer":` + person(bo) + "}\n"},
		{Rerouted{Peer: through}, "", `{"v":1,"type":"rerouted","peer":` + person(bo) + `,"via":` + person(relay) + "}\n"},
		{Gap{From: bo, Count: 12}, "* 12 messages of bo are missing\n", `{"v":1,"type":"gap","from":` + person(bo) + `,"count":12}` + "\n"},
		{Gap{From: bo, Count: 1}, "* 1 message of bo is missing\n", `{"v":1,"type":"gap","from":` + person(bo) + `,"count":1}` + "\n"},
		{Warning{Text: "going on"}, "* going on\n", `{"v":1,"type":"warning","text":"going on"}` + "\n"},
	}
	for _, tt := range tests {
		out, notices, object := shows(t, room, tt.ev)
		if out != "" || notices != tt.plain {
			t.Errorf("%+v: plain %q and %q, want %q on standard error", tt.ev, out, notices, tt.plain)
		}
		if object != tt.json_ {
			t.Errorf("%+v: JSON\n%swant\n%s", tt.ev, object, tt.json_)
		}
	}
}
