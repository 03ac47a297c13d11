package chat

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// crowd returns a room with two named bo, one whose name needs quotes and cy.
func crowd() *Room {
	room := NewRoom(member("ana"))
	second, spaces := member("second"), member("spaces")
	second.Name, spaces.Name = "bo", `Ana "B"`
	room.Join(bo)
	room.Join(second)
	room.Join(spaces)
	room.Join(cy)
	return room
}

func TestCommands(t *testing.T) {
	instance := func(name string) string { return member(name).Instance.String() }
	tests := []struct {
		name, line string
		text, to   string // what is said, and to which instance
		mistake    string // part of it
	}{
		{"text", "hello", "hello", "", ""},
		{"slash within", "and/or", "and/or", "", ""},
		{"escaped", "//etc is full", "/etc is full", "", ""},
		{"unknown", "/etc is full", "", "", "no command /etc; not sent"},
		{"misspelt", "/mgs bo my password", "", "", "no command /mgs; not sent"},
		{"behind a space", " /mgs bo my password", "", "", "no command /mgs"},
		{"slash alone", "/", "", "", "no command /"},
		{"action", "/me waves  twice", "/me waves  twice", "", ""},
		{"no action", "/me ", "", "", "nothing that you do"},
		{"message", "/msg cy hi there", "hi there", instance("cy"), ""},
		{"message in capitals", "/MSG cy hi", "hi", instance("cy"), ""},
		{"message of lines", "/msg cy one\ntwo", "one\ntwo", instance("cy"), ""},
		{"message to a name in quotes", `/msg "Ana \"B\"" hi`, "hi", instance("spaces"), ""},
		{"message to an ID", "/msg " + cy.ID.String() + " hi", "hi", instance("cy"), ""},
		{"message to an ID's start", "/msg " + cy.ID.Short() + " hi", "hi", instance("cy"), ""},
		{"message to an instance", "/msg " + instance("second") + " hi", "hi", instance("second"), ""},
		{"message to one of two", "/msg bo hi", "", "", "more than one"},
		{"message to nobody", "/msg dd hi", "", "", `"dd": nobody`},
		{"message to ourselves", "/msg ana hi", "", "", `"ana": nobody`},
		{"message without text", "/msg cy", "", "", "no name or no text"},
		{"message without the last quote", `/msg "Ana hi`, "", "", "no name or no text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &interpreter{room: crowd(), tell: func(text string) { t.Errorf("told %q", text) }}
			u, err := c.enter(tt.line)
			var mistake *MistakeError
			if tt.mistake != "" {
				if u != nil || !errors.As(err, &mistake) || !strings.Contains(mistake.Text, tt.mistake) || mistake.Hint == "" {
					t.Fatalf("%+v, %v, want the mistake %q", u, err, tt.mistake)
				}
				return
			}
			if err != nil || u == nil {
				t.Fatal(u, err)
			}
			to := ""
			if u.To != nil {
				to = *u.To
			}
			if u.Text != tt.text || to != tt.to {
				t.Errorf("%q to %q, want %q to %q", u.Text, to, tt.text, tt.to)
			}
		})
	}
}

func TestCandidatesAreNamed(t *testing.T) {
	c := &interpreter{room: crowd()}
	_, err := c.enter("/msg bo hi")
	for _, short := range []string{bo.ID.Short(), member("second").ID.Short()} {
		if err == nil || !strings.Contains(err.Error(), short) {
			t.Errorf("%v does not name %s", err, short)
		}
	}
	twin := cy
	twin.Instance[0]++
	c.room.Join(twin)
	_, err = c.enter("/msg cy hi")
	for _, p := range []string{cy.Instance.String(), twin.Instance.String()} {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%v does not name %s", err, p)
		}
	}
}

func TestAnswers(t *testing.T) {
	var told []string
	c := &interpreter{room: crowd(), tell: func(text string) { told = append(told, text) }}
	for _, line := range []string{"/who", "/help", "/WHO"} {
		if u, err := c.enter(line); u != nil || err != nil {
			t.Errorf("%s: %+v, %v", line, u, err)
		}
	}
	if u, err := c.enter("/quit now"); u != nil || !errors.Is(err, errQuit) {
		t.Errorf("/quit: %+v, %v", u, err)
	}
	for _, want := range []string{"* ana (you)", "* cy " + cy.ID.Short(), "* bo (" + bo.ID.Short() + ")\n", `* "Ana \"B\""`} {
		if !strings.Contains(told[0], want) {
			t.Errorf("/who shows\n%s\nwithout %q", told[0], want)
		}
	}
	for _, name := range commands {
		if !strings.Contains(told[1], strings.TrimSpace(name)) && name != "/help" {
			t.Errorf("/help says nothing of %s", name)
		}
	}
}

func TestBrowsersAreMarked(t *testing.T) {
	pia := member("pia")
	pia.Web = true
	var told string
	c := &interpreter{room: crowd(), tell: func(text string) { told = text }}
	c.room.Join(pia)
	if _, err := c.enter("/who"); err != nil || !strings.Contains(told, "* pia "+pia.ID.Short()+" (web)") || strings.Count(told, "(web)") != 1 {
		t.Errorf("/who shows\n%s, %v", told, err)
	}
	if got, want := notice(Joined{Peer: pia}, c.room), "* pia joined (web)"; got != want {
		t.Errorf("joined: %q, want %q", got, want)
	}
	pia.Via = &bo
	if got, want := notice(Joined{Peer: pia}, c.room), "* pia joined (web) (through bo ("+bo.ID.Short()+"))"; got != want {
		t.Errorf("joined: %q, want %q", got, want)
	}
	var out strings.Builder
	if err := NewJSON(&out, io.Discard, nil).Show(Joined{Peer: pia}); err != nil || !strings.Contains(out.String(), `"name":"pia","web":true}`) {
		t.Errorf("JSON: %s, %v", out.String(), err)
	}
}

func TestPageAsACode(t *testing.T) {
	const url = "http://10.0.0.7:7475/"
	var told, shown []string
	c := &interpreter{
		room: crowd(), page: func() []string { return []string{url, "http://[fd00::1]:7475/"} },
		draw: func(url string) string { return "code of " + url },
		tell: func(text string) { told = append(told, text) },
		show: func(text string) { shown = append(shown, text) },
	}
	enter := func() error {
		t.Helper()
		told, shown = nil, nil
		u, err := c.enter("/qr")
		if u != nil {
			t.Errorf("/qr is said: %+v", u)
		}
		return err
	}
	if err := enter(); err != nil || !slices.Equal(told, []string{"* page: " + url}) || !slices.Equal(shown, []string{"code of " + url}) {
		t.Errorf("told %q, shown %q, %v", told, shown, err)
	}
	c.draw = func(string) string { return "" }
	if err := enter(); err != nil || !slices.Equal(told, []string{"* page: " + url}) || shown != nil {
		t.Errorf("without room for a code: told %q, shown %q, %v", told, shown, err)
	}
	c.draw = nil
	if err := enter(); err != nil || len(told) != 1 || shown != nil {
		t.Errorf("without a terminal: told %q, shown %q, %v", told, shown, err)
	}
	for name, page := range map[string]func() []string{"no page": nil, "no address": func() []string { return nil }} {
		c.page = page
		if err := enter(); err == nil || !strings.Contains(err.Error(), "no page is served") || told != nil {
			t.Errorf("%s: told %q, %v", name, told, err)
		}
	}
}

func TestInviteAsACode(t *testing.T) {
	const url = "http://10.0.0.7:7475/#room=kitchen&secret=cleft-cam-synopsis-sleep-grimy"
	var told, shown []string
	c := &interpreter{
		room: crowd(), page: func() []string { return []string{"http://10.0.0.7:7475/"} },
		draw: func(url string) string { return "code of " + url },
		tell: func(text string) { told = append(told, text) },
		show: func(text string) { shown = append(shown, text) },
	}
	if u, err := c.enter("/invite"); u != nil || err == nil || !strings.Contains(err.Error(), "this room is open") || told != nil {
		t.Errorf("in an open room: %+v, told %q, %v", u, told, err)
	}
	c.invite = func() []string { return []string{url, "http://[fd00::1]:7475/#more"} }
	if u, err := c.enter("/invite"); u != nil || err != nil || !slices.Equal(told, []string{"* invite: " + url}) || !slices.Equal(shown, []string{"code of " + url}) {
		t.Errorf("%+v, told %q, shown %q, %v", u, told, shown, err)
	}
	told, shown = nil, nil
	c.invite = func() []string { return nil }
	if _, err := c.enter("/invite"); err == nil || !strings.Contains(err.Error(), "no page is served") || told != nil {
		t.Errorf("without a page: told %q, %v", told, err)
	}
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		name, keys, want string
	}{
		{"command", "/qu<tab>", "/quit"},
		{"command with an argument", "/ms<tab>", "/msg "},
		{"one of two commands", "/m<tab><tab>", "/msg "},
		{"and around", "/m<tab><tab><tab>", "/me "},
		{"name at the start", "c<tab>", "cy: "},
		{"name later", "hello C<tab>", "hello cy "},
		{"name of a message", "/msg c<tab>hi", "/msg cy hi"},
		{"name in quotes", "/msg ana<tab>hi", `/msg "Ana \"B\"" hi`},
		{"name that two bear", "/msg b<tab>", "/msg " + bo.ID.Short() + " "},
		{"latest speaker first", "/msg <tab>", "/msg cy "},
		{"nobody", "x<tab>y", "xy"},
		{"nothing", "<tab>", ""},
		{"in the midst", "c later<c-a><left><alt+f><tab>", "cy:  later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ty := newTypist(t)
			room := crowd()
			room.Speak(bo.Member)
			room.Speak(cy.Member)
			ty.e.commands.room = room
			ty.keys(tt.keys)
			if got := ty.e.value(); got != tt.want {
				t.Errorf("the line is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUnknownCommandStaysInTheLine(t *testing.T) {
	ty := newTypist(t)
	ty.keys("/mgs bo secret<enter>")
	if got := ty.entered(); got != nil {
		t.Errorf("said %q", got)
	}
	if shown := strings.Join(ty.e.block().Rows, "\n"); !strings.Contains(shown, "/mgs bo secret") || !strings.Contains(shown, "no command /mgs") {
		t.Errorf("the screen shows %q", shown)
	}
	ty.keys("<c-a>/<enter>")
	if got := ty.entered(); !slices.Equal(got, []string{"/mgs bo secret"}) {
		t.Errorf("said %q", got)
	}
	ty.keys("/who<enter>/quit<enter>")
	<-ty.e.queue.ended
	if len(ty.told) != 1 || ty.entered() != nil {
		t.Errorf("told %q", ty.told)
	}
}

func TestPastedTabsStay(t *testing.T) {
	ty := newTypist(t)
	ty.send(tea.PasteMsg{Content: "a\tb\n\tc"})
	if shown := strings.Join(ty.e.block().Rows, "\n"); !strings.Contains(shown, "a␉b") {
		t.Errorf("the screen shows %q", shown)
	}
	ty.keys("<enter><up>!<enter>")
	if got := ty.entered(); !slices.Equal(got, []string{"a\tb\n\tc", "a\tb\n\tc!"}) {
		t.Errorf("entered %q", got)
	}
}

func TestActionsAreShown(t *testing.T) {
	room := NewRoom(member("ana"))
	face := &Terminal{cfg: TerminalConfig{Members: room, Self: room.self, NoColor: true}}
	tests := []struct {
		ev   Event
		want string
	}{
		{Message{From: bo, Text: "/me waves\x1b"}, "~ bo waves␛"},
		{Message{From: bo, Text: "/me waves", Private: true}, "~ bo (private) waves"},
		{Message{From: bo, Text: "/me "}, "bo: /me "},
		{Message{From: bo, Text: "/meow"}, "bo: /meow"},
		{Sent{Text: "/me waves"}, "~ ana waves"},
		{Sent{Text: "hi", To: &bo}, "ana (private, to bo): hi"},
	}
	for _, tt := range tests {
		if got := face.render(tt.ev); got != tt.want {
			t.Errorf("%+v is shown as %q, want %q", tt.ev, got, tt.want)
		}
	}
	if out, _, object := shows(t, room, Message{From: bo, Text: "/me waves"}); out != "bo: /me waves\n" || !strings.Contains(object, `"text":"/me waves"`) {
		t.Errorf("lines %q, JSON %s", out, object)
	}
}

func TestPrompt(t *testing.T) {
	face := new(recorder)
	in := NewPrompt(NewLines(strings.NewReader("/who\nhello\n/mgs bo secret\n//x\n/quit\nnever\n")), PromptConfig{Members: crowd(), Face: face})
	if got := readAll(t, in); !slices.Equal(got, []string{"hello", "/x"}) {
		t.Errorf("said %q", got)
	}
	<-in.Ended()
	if len(shown[Answer](face)) != 1 || len(shown[Warning](face)) != 1 {
		t.Errorf("shown %+v", face.seen)
	}
	broken := NewPrompt(NewLines(io.MultiReader(strings.NewReader("hi\n"), brokenReader{})), PromptConfig{Members: crowd(), Face: face})
	if u, err := broken.Next(t.Context()); u.Text != "hi" || err != nil {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := broken.Next(t.Context()); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("ended with %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func FuzzEnter(f *testing.F) {
	for _, s := range []string{"hi", "/who", "//x", "/msg bo hi", `/msg "Ana \"B\"" x`, `/msg "`, "/me", " /", "/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c := &interpreter{room: crowd(), tell: func(string) {}}
		u, err := c.enter(line)
		isCommand := strings.HasPrefix(strings.TrimSpace(line), "/")
		if !isCommand && (err != nil || u == nil || u.Text != line || u.To != nil) {
			t.Fatalf("enter(%q) = %+v, %v", line, u, err)
		}
		if isCommand && u != nil && u.To == nil && !strings.HasPrefix(u.Text, "/") {
			t.Fatalf("enter(%q) says %q to all", line, u.Text)
		}
	})
}
