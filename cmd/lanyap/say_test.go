package main

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

func TestSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo, cy := n.on("bo", "--json"), n.on("cy", "--json")
		settle()
		for _, args := range [][]string{{"backup", "done"}, {"--", "-v"}, {"/etc is full"}} {
			ana := setting{network: n.lan.Host("ana")}.start(t, append([]string{"say", "--name", "ana", "--ephemeral"}, args...)...)
			ana.wantExit(exitOK)
			if out := ana.out.String() + ana.err.String(); out != "" {
				t.Errorf("it prints %q, want nothing", out)
			}
		}
		settle()
		for _, p := range []*program{bo, cy} {
			if got := p.texts(); !slices.Equal(got, []string{"backup done", "-v", "/etc is full"}) {
				t.Errorf("heard %q", got)
			}
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestSayWhatIsOnStandardInput(t *testing.T) {
	for name, tt := range map[string]struct {
		in, want string
		code     int
		told     string
	}{
		"several lines":    {"one\ntwo\n", "one\ntwo", exitOK, ""},
		"lines of Windows": {"\ufeffone\r\ntwo\r\n", "one\r\ntwo", exitOK, ""},
		"as long as can":   {strings.Repeat("x", mesh.MaxBody) + "\n", strings.Repeat("x", mesh.MaxBody), exitOK, ""},
		"too long":         {strings.Repeat("x", mesh.MaxBody+1), "", exitFailure, "at most 65536 bytes"},
		"far too long":     {strings.Repeat("x", 10*mesh.MaxBody), "", exitFailure, "at most 65536 bytes"},
		"nothing":          {"\n", "", exitUsage, "nothing to say"},
		"UTF-16":           {"\xff\xfeh\x00i\x00", "", exitFailure, "UTF-16"},
		"no text":          {"h\x00i\x00", "", exitFailure, "zero byte"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				bo := n.on("bo", "--json")
				settle()
				ana := n.reading("ana", tt.in, "say", "-")
				if tt.code == exitOK {
					ana.wantExit(exitOK)
				} else {
					ana.wantError(tt.code, tt.told)
				}
				settle()
				if got := strings.Join(bo.texts(), "|"); got != tt.want {
					t.Errorf("bo heard %.80q, want %.80q", got, tt.want)
				}
				bo.cancel(nil)
				bo.exit()
			})
		})
	}
}

func TestSayToOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		cy := n.on("cy", "--json")
		settle()
		absent := n.on("ana", "say", "--to", "bo", "--timeout", "4s", "hi")
		absent.wantError(exitNobody, `"bo" is not in the room`, "lanyap peers")
		if took := time.Since(absent.started); took < 4*time.Second {
			t.Errorf("gave up after %v, want 4 s", took)
		}
		late := n.on("ana", "say", "--to", "bo", "hi")
		settle()
		late.running()
		bo := n.on("bo", "--json")
		late.wantExit(exitOK)
		twin := n.on("cy", "--json")
		settle()
		two := n.on("ana", "say", "--to", "cy", "hi")
		two.wantExit(exitFailure)
		if told := two.err.String(); !strings.Contains(told, "more than one member") {
			t.Errorf("with two of the name it tells %s", told)
		}
		settle()
		if got := bo.of("message"); len(got) != 1 || got[0]["private"] != true {
			t.Errorf("bo got %v, want it alone", got)
		}
		for _, p := range []*program{bo, cy, twin} {
			if p != bo && len(p.texts()) > 0 {
				t.Errorf("cy got %q", p.texts())
			}
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestSayToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		setting{}.start(t, "say", "--ephemeral", "--timeout", "3s", "hi").wantError(exitNobody, "nobody else", "--join")
		setting{}.start(t, "say", "--ephemeral", "--timeout", "3s", "--to", "bo", "hi").wantError(exitNobody)
		p := setting{}.start(t, "say", "--ephemeral", "hi")
		settle()
		p.cancel(&signalError{signal: syscall.SIGINT})
		p.wantExit(130)
	})
}

func TestSayJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json")
		settle()
		ana := n.on("ana", "say", "--json", "hi")
		ana.wantExit(exitOK)
		if got := ana.of("delivered"); len(got) != 1 || got[0]["count"] != 1.0 {
			t.Errorf("delivered: %v, want once to one", got)
		}
		bo.cancel(nil)
		bo.exit()
	})
}
