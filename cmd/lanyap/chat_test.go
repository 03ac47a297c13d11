package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestSaysAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "chat", "--listen", "--json")
		settle()
		ana := n.reading("ana", "hi\n", "chat")
		ana.wantExit(exitOK)
		if got := ana.out.String(); got != "" {
			t.Errorf("ana's output is %q, want nothing", got)
		}
		settle()
		bo.running()
		if got := bo.texts(); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("bo got %q", got)
		}
		if left := bo.of("left"); len(left) != 1 || left[0]["reason"] != "" {
			t.Errorf("bo saw %v, want one polite leave", left)
		}
		bo.cancel(&signalError{signal: syscall.SIGINT})
		bo.wantExit(130)
	})
}

func TestPlainOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo") // no command is chat
		ana := n.reading("ana", "hi\n\x1b[2Jgone\n", "chat", "--wait", "1")
		ana.wantExit(exitOK)
		settle()
		if got, want := bo.out.String(), "ana: hi\nana: ␛[2Jgone\n"; got != want {
			t.Errorf("bo's output is %q, want %q", got, want)
		}
		for _, notice := range []string{"* ana joined\n", "* ana left\n"} {
			if !strings.Contains(bo.err.String(), notice) {
				t.Errorf("bo's stderr lacks %q:\n%s", notice, bo.err.String())
			}
		}
		bo.stdin.Close()
		bo.wantExit(exitOK) // it had nothing to say
	})
}

func TestMessageOfSeveralLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--plain")
		ana := n.reading("ana", `{"text":"one\nbo: two"}`, "chat", "--input", "json")
		ana.wantExit(exitOK)
		settle()
		if got, want := bo.out.String(), "ana: one\n    bo: two\n"; got != want {
			t.Errorf("bo's output is %q, want %q", got, want)
		}
		bo.cancel(&signalError{signal: syscall.SIGTERM})
		bo.wantExit(143)
	})
}

func TestJSONEvents(t *testing.T) {
	const (
		clock  = `"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"`
		person = `{"id":"[a-z2-7]{52}","instance":"[0-9a-f]{16}","name":"%s","known":"(new|seen)"}`
	)
	bo := fmt.Sprintf(person, "bo")
	wants := map[string][]string{
		"ready": {`{"v":1,"type":"ready",` + clock + `,"id":"[a-z2-7]{52}","instance":"[0-9a-f]{16}","name":"ana","room":"lan","addrs":\["10\.0\.0\.\d+:7475"\]}`},
		"joined": {
			`{"v":1,"type":"joined",` + clock + `,"peer":` + bo + `}`,
		},
		"message": { // sorted below: private ones are a stream of their own
			`{"v":1,"type":"message",` + clock + `,"from":` + bo + `,"seq":1,"sent":"\d{4}-\d\d-\d\dT[0-9:.]+Z","text":"to all \\u202e\\u007f<&>"}`,
			`{"v":1,"type":"message",` + clock + `,"from":` + bo + `,"seq":1,"sent":"\d{4}-\d\d-\d\dT[0-9:.]+Z","text":"to ana","private":true}`,
		},
		"sent": {
			`{"v":1,"type":"sent",` + clock + `,"seq":1,"text":"one"}`,
			`{"v":1,"type":"sent",` + clock + `,"seq":1,"text":"two","to":` + bo + `,"ref":"r2"}`,
			`{"v":1,"type":"sent",` + clock + `,"seq":2,"text":"three","ref":"r\\u202e3"}`,
			`{"v":1,"type":"sent",` + clock + `,"seq":3,"text":"four"}`,
		},
		"delivered": {
			`{"v":1,"type":"delivered",` + clock + `,"seq":1,"count":1}`,
			`{"v":1,"type":"delivered",` + clock + `,"seq":1,"count":1,"to":` + bo + `,"ref":"r2"}`,
			`{"v":1,"type":"delivered",` + clock + `,"seq":3,"count":0}`,
		},
		"undelivered": {`{"v":1,"type":"undelivered",` + clock + `,"seq":2,"peers":\[` + bo + `\],"ref":"r\\u202e3"}`},
		"warning":     {`{"v":1,"type":"warning",` + clock + `,"text":"\\"nobody\\": nobody of that name or ID is here; not sent: \\"x\\"","ref":"rx"}`},
		"left":        {`{"v":1,"type":"left",` + clock + `,"peer":` + bo + `,"reason":".+"}`},
	}
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		p := n.on("ana", "chat", "--json", "--input", "json")
		b := n.on("bo", "chat", "--input", "json")
		settle()
		b.say(`{"text":"to all \u202e\u007f<&>"}` + "\n" + `{"text":"to ana","to":"ana"}` + "\n")
		settle()
		p.say(`{"text":"one"}` + "\n")
		settle()
		p.say(`{"text":"two","to":"bo","ref":"r2"}` + "\n" + `{"text":"x","to":"nobody","ref":"rx"}` + "\n")
		settle()
		n.lan.Host("bo").Hold()
		p.say(`{"text":"three","ref":"r\u202e3"}` + "\n")
		synctest.Wait()
		n.lan.Host("bo").Kill()
		settle()
		p.say(`{"text":"four"}` + "\n")
		settle()
		p.stdin.Close()
		p.wantExit(exitNobody)
		b.cancel(nil)
		b.exit()

		got := make(map[string][]string)
		for line := range strings.Lines(p.out.String()) {
			kind := regexp.MustCompile(`"type":"(\w+)"`).FindStringSubmatch(line)[1]
			got[kind] = append(got[kind], strings.TrimSuffix(line, "\n"))
		}
		slices.SortFunc(got["message"], func(a, b string) int {
			return strings.Compare(a[strings.Index(a, `"text"`):], b[strings.Index(b, `"text"`):])
		})
		for kind, patterns := range wants {
			if len(got[kind]) != len(patterns) {
				t.Errorf("%d %s events, want %d:\n%s", len(got[kind]), kind, len(patterns), strings.Join(got[kind], "\n"))
				continue
			}
			for i, pattern := range patterns {
				if !regexp.MustCompile("^" + pattern + "$").MatchString(got[kind][i]) {
					t.Errorf("event %s\ndoes not match %s", got[kind][i], pattern)
				}
			}
		}
		if len(got) != len(wants) {
			t.Errorf("types of events: %v", got)
		}
	})
}

func TestNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := setting{stdin: strings.NewReader("hi\n")}.start(t, "chat", "--ephemeral")
		p.wantError(exitNobody, "nobody else", "--join", "lanyap doctor")
		if after := time.Since(p.started); after < chatTimeout || after > chatTimeout+2*time.Second {
			t.Errorf("gave up after %v, want %v", after, chatTimeout)
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json")
		few := n.reading("ana", "hi\n", "chat", "--wait", "2", "--timeout", "3s")
		few.wantError(exitTimedOut, "1 of the 2", "--timeout")
		cy := n.on("cy", "--json")
		enough := n.reading("ana", "hi\n", "chat", "--wait", "2", "--timeout", "3s")
		enough.wantExit(exitOK)
		settle()
		for _, p := range []*program{bo, cy} {
			if got := p.texts(); !slices.Equal(got, []string{"hi"}) {
				t.Errorf("got %q", got)
			}
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestWaitWithNothingToSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := setting{}.start(t, "chat", "--listen", "--wait", "1", "--timeout", "4s", "--ephemeral")
		p.wantError(exitNobody)
	})
}

func TestBothPipe(t *testing.T) {
	for _, lines := range []int{1, 200} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			var text [2]string
			for i := range lines {
				text[0] += fmt.Sprintf("a%d\n", i)
				text[1] += fmt.Sprintf("b%d\n", i)
			}
			ana := n.reading("ana", text[0], "chat", "--json")
			bo := n.reading("bo", text[1], "chat", "--json")
			ana.wantExit(exitOK)
			bo.wantExit(exitOK)
			for i, p := range []*program{bo, ana} {
				if got := strings.Join(p.texts(), "\n") + "\n"; got != text[i] {
					t.Errorf("heard %q, want %q", got, text[i])
				}
			}
		})
	}
}

func TestSignals(t *testing.T) {
	for name, tt := range map[string]struct {
		signal syscall.Signal
		code   int
	}{"interrupt": {syscall.SIGINT, 130}, "terminate": {syscall.SIGTERM, 143}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				bo := n.on("bo", "--json")
				ana := n.on("ana", "--json")
				ana.say("hi\n")
				settle()
				n.lan.Host("bo").Hold() // does not answer our goodbye
				before := time.Now()
				ana.cancel(&signalError{signal: tt.signal})
				ana.wantExit(tt.code)
				if took := time.Since(before); took > 2*time.Second {
					t.Errorf("took %v to go, want at most 2 s", took)
				}
				if got := ana.err.String(); got != "" {
					t.Errorf("stderr is %q", got)
				}
				n.lan.Host("bo").Release()
				bo.cancel(nil)
				bo.exit()
			})
		})
	}
}

// closedPipe is what a pipe is whose reader has gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestClosedOutput(t *testing.T) {
	for _, form := range []string{"--plain", "--json"} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			ana := setting{network: n.lan.Host("ana"), stdout: closedPipe{}}.start(t, "chat", "--ephemeral", form)
			bo := n.reading("bo", "hi\n", "chat")
			ana.wantExit(exitOK)
			bo.exit()
			if strings.Contains(ana.err.String(), "error:") {
				t.Errorf("stderr is %q, want no error", ana.err.String())
			}
		})
	}
}

func TestTooLongLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json")
		ana := n.reading("ana", "one\n"+strings.Repeat("x", 70_000)+"\ntwo\n", "chat")
		ana.wantExit(exitFailure)
		settle()
		if got := bo.texts(); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("bo got %q", got)
		}
		if got := ana.err.String(); !strings.Contains(got, "error: line 2 of the input is 70000 bytes long") || !strings.Contains(got, "hint: split it") {
			t.Errorf("stderr is %s", got)
		}
		bo.cancel(nil)
		bo.exit()
	})
}

func TestPrivateMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo, cy := n.on("bo", "--json"), n.on("cy", "--json")
		twin := n.on("cy", "--json")
		settle()
		id := bo.of("ready")[0]["id"].(string)
		instance := twin.of("ready")[0]["instance"].(string)
		ana := n.reading("ana", strings.Join([]string{
			`{"text":"by name","to":"bo"}`,
			`{"text":"by ID","to":"` + id + `"}`,
			`{"text":"ambiguous","to":"cy"}`,
			`{"text":"short form","to":"` + id[:8] + `"}`,
			`{"text":"by instance","to":"` + instance + `"}`,
			`{"text":"for all"}`,
		}, "\n"), "chat", "--input", "json", "--json", "--wait", "3")
		ana.wantExit(exitFailure)
		settle()
		if got := bo.texts(); !slices.Equal(got, []string{"by name", "by ID", "for all"}) && !slices.Equal(got, []string{"for all", "by name", "by ID"}) {
			t.Errorf("bo got %q", got)
		}
		if got := cy.texts(); !slices.Equal(got, []string{"for all"}) {
			t.Errorf("cy got %q", got)
		}
		if got := twin.texts(); len(got) != 2 || !slices.Contains(got, "by instance") {
			t.Errorf("cy's twin got %q", got)
		}
		if got := ana.of("warning"); len(got) != 2 {
			t.Errorf("warnings: %v, want two", got)
		}
		for _, p := range []*program{bo, cy, twin} {
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestPendingAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo, cy := n.on("bo", "--json"), n.on("cy", "--json")
		ana := n.on("ana", "chat", "--timeout", "2s")
		settle()
		n.lan.Host("bo").Hold()
		ana.say("hi\n")
		ana.stdin.Close()
		ana.wantError(exitTimedOut, "no confirmation from bo (", "--timeout")
		if got := ana.err.String(); strings.Contains(got, "cy (") {
			t.Errorf("cy, who has confirmed, is named:\n%s", got)
		}
		n.lan.Host("bo").Release()
		for _, p := range []*program{bo, cy} {
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--quiet")
		ana := n.reading("ana", "hi\n"+strings.Repeat("x", 70_000)+"\n", "chat", "-q")
		ana.wantExit(exitFailure)
		settle()
		bo.cancel(&signalError{signal: syscall.SIGTERM})
		bo.wantExit(143)
		if out, told := bo.out.String(), bo.err.String(); out != "ana: hi\n" || told != "" {
			t.Errorf("bo printed %q and told %q, want the message alone", out, told)
		}
		if told := ana.err.String(); strings.Contains(told, "* ") || !strings.Contains(told, "error: line 2") {
			t.Errorf("ana was told %q, want of her mistake alone", told)
		}
	})
}

// TestNoHistoryUnlessAskedFor holds that a script which starts again does not
// read again what it has read.
func TestNoHistoryUnlessAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		ana := n.on("ana", "chat")
		ana.say("earlier\n")
		settle()
		first := n.on("bo", "chat", "--json")
		settle()
		for args, want := range map[string]int{"": 0, "--history 1": 1} {
			p := n.on("cy", append([]string{"chat", "--json"}, strings.Fields(args)...)...)
			settle()
			p.cancel(nil)
			p.exit()
			if got := p.texts(); len(got) != want {
				t.Errorf("with %q it read %q, want %d of the history", args, got, want)
			}
		}
		for _, p := range []*program{ana, first} {
			p.cancel(nil)
			p.exit()
		}
	})
}
