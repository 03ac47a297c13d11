package main

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

func TestPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json")
		cy := n.on("cy", "--json")
		other := n.on("dd", "--json", "--room", "other")
		settle()

		table := n.on("ana", "peers")
		table.wantExit(exitOK)
		want := `NAME +ID +ADDRESS +ROUND TRIP +TOPICS
bo +[a-z2-7]{8} +10\.0\.0\.\d:7475 +\S+s +chat
cy +[a-z2-7]{8} +10\.0\.0\.\d:7475 +\S+s +chat
not reached: 10\.0\.0\.\d:7475: is in another room
`
		if got := table.out.String(); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("table:\n%s\nwant:\n%s", got, want)
		}

		list := n.on("ana", "peers", "--json")
		list.wantExit(exitOK)
		line := `{"v":1,"type":"peer","time":"[^"]+","peer":{"id":"[a-z2-7]{52}","instance":"[0-9a-f]{16}","name":"(bo|cy)","known":"(new|seen)"},"addr":"10\.0\.0\.\d:7475","rtt_ms":[0-9.]+,"topics":\["chat"\]}` + "\n"
		last := `{"v":1,"type":"sighting","time":"[^"]+","instance":"[0-9a-f]{16}","addrs":\["10\.0\.0\.\d:7475"\],"reason":"other_room"}` + "\n"
		if got := list.out.String(); !regexp.MustCompile("^" + line + line + last + "$").MatchString(got) {
			t.Errorf("list:\n%s", got)
		}

		settle()
		for _, p := range []*program{bo, cy, other} {
			for _, joined := range p.of("joined") {
				if name := joined["peer"].(map[string]any)["name"]; name == "ana" {
					t.Error("lanyap peers is a new person in somebody's room")
				}
			}
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestPeersFindsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, form := range [][]string{{"peers", "--ephemeral"}, {"peers", "--json", "--ephemeral"}} {
			p := setting{}.start(t, form...)
			p.wantError(exitNobody, "nobody else is in room lan", "lanyap doctor")
			if got := p.out.String(); got != "" {
				t.Errorf("stdout is %q", got)
			}
		}
	})
}

// TestPeersInAnotherRoom tells somebody who named the wrong room.
func TestPeersInAnotherRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		other := n.on("dd", "--json", "--room", "other")
		settle()
		look := n.on("ana", "peers")
		look.wantError(exitNobody, "nobody else is in room lan; who is near is in another", "--room")
		other.cancel(nil)
		other.exit()
	})
}

func TestReasons(t *testing.T) {
	for want, s := range map[string]mesh.Sighting{
		"refused":        {Err: errorAbout(peer.ErrRefused)},
		"timeout":        {Err: errorAbout(peer.ErrTimeout)},
		"udp_blocked":    {Err: errorAbout(peer.ErrUDP)},
		"version":        {Err: errorAbout(peer.ErrVersion)},
		"other_room":     {OtherRoom: true},
		"full":           {Err: errorAbout(peer.ErrFull)},
		"other_secret":   {Err: errorAbout(peer.ErrSecret)},
		"guesses":        {Err: errorAbout(peer.ErrGuesses)},
		"other_instance": {Err: errorAbout(peer.ErrInstance)},
		"pending":        {},
		"failed":         {Err: errors.New("something else")},
	} {
		if got, text := reason(s); got != want || text == "" {
			t.Errorf("%+v: %q (%s), want %q", s, got, text, want)
		}
	}
	for step, want := range map[peer.Step]string{
		0: "not dialed", peer.StepConnect: "answered on TCP", peer.StepOffer: "offer", peer.StepCheck: "UDP",
	} {
		if got, text := reason(mesh.Sighting{Step: step}); got != "pending" || !strings.Contains(text, want) {
			t.Errorf("waiting for %v: %q (%s), want pending and %q", step, got, text, want)
		}
		if got, _ := reason(mesh.Sighting{Step: step, Err: errorAbout(peer.ErrUDP)}); got != "udp_blocked" {
			t.Errorf("once it failed, and %v again: %q", step, got)
		}
	}
	if got, text := reason(mesh.Sighting{Err: errorAbout(syscall.EMFILE)}); got != "failed" || !strings.Contains(text, "ulimit -n") {
		t.Errorf("out of files: %q (%s)", got, text)
	}
	if got, _ := reason(mesh.Sighting{Err: errorAbout(peer.ErrRoom)}); got != "other_room" {
		t.Errorf("a refusal for the room is %q", got)
	}
	if got, _ := reason(mesh.Sighting{Err: context.DeadlineExceeded}); got != "timeout" {
		t.Errorf("a deadline is %q", got)
	}
}

// errorAbout is cause as a dial returns it.
func errorAbout(cause error) error { return &dialError{cause} }

type dialError struct{ cause error }

func (e *dialError) Error() string { return "peer: offer to 10.0.0.7:7475: " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

func TestSightingsOfMembersAreNoNews(t *testing.T) {
	member := mesh.Member{Instance: peer.Instance{1}}
	got := outOfReach([]mesh.Sighting{
		{Instance: member.Instance.String(), Err: peer.ErrTimeout},
		{Instance: "0202020202020202", Err: peer.ErrSelf},
		{Instance: "0303030303030303"},
	}, []present{{Peer: mesh.Peer{Member: member}}})
	if len(got) != 1 || got[0].Instance != "0303030303030303" {
		t.Errorf("out of reach: %+v", got)
	}
}

func TestID(t *testing.T) {
	env := map[string]string{"LANYAP_STATE_DIR": filepath.Join(t.TempDir(), "deep", "state")}
	first := setting{env: env}.start(t, "id")
	first.wantExit(exitOK)
	if !regexp.MustCompile(`^[a-z2-7]{52}\n$`).MatchString(first.out.String()) {
		t.Errorf("id prints %q", first.out.String())
	}
	short := first.out.String()[:8]
	if !strings.Contains(first.err.String(), short) {
		t.Errorf("stderr %q lacks the short form", first.err.String())
	}
	again := setting{env: env}.start(t, "id", "--json")
	again.wantExit(exitOK)
	want := `^{"v":1,"type":"id","time":"[^"]+","id":"` + strings.TrimSpace(first.out.String()) + `","short":"` + short + `"}\n$`
	if !regexp.MustCompile(want).MatchString(again.out.String()) {
		t.Errorf("id --json prints %s, want %s", again.out.String(), want)
	}
}

func TestEphemeral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		p := setting{env: map[string]string{"LANYAP_STATE_DIR": dir, "LANYAP_EPHEMERAL": "1"}}.start(t, "chat", "--listen")
		settle()
		p.cancel(nil)
		p.exit()
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("--ephemeral made the state directory: %v", err)
		}
	})
}

func TestSameIdentityIsTwoMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		env := map[string]string{"LANYAP_STATE_DIR": t.TempDir()}
		var both [2]*program
		for i := range both {
			both[i] = setting{network: n.lan.Host("one"), env: env}.start(t, "chat", "--json", "--name", "ana")
		}
		settle()
		for _, p := range both {
			joined := p.of("joined")
			if len(joined) != 1 || joined[0]["peer"].(map[string]any)["id"] != p.of("ready")[0]["id"] {
				t.Errorf("joined: %v, want the same person once", joined)
			}
			p.cancel(nil)
		}
		both[0].exit()
		both[1].exit()
	})
}

func TestVersion(t *testing.T) {
	p := setting{}.start(t, "version")
	p.wantExit(exitOK)
	if !regexp.MustCompile(`(?s)^lanyap \S+\n.*go1\.\d+.* \w+/\w+\nprotocol 1\n$`).MatchString(p.out.String()) {
		t.Errorf("version prints %q", p.out.String())
	}
	p = setting{}.start(t, "version", "--json")
	p.wantExit(exitOK)
	if o := p.of("version"); len(o) != 1 || o[0]["protocol"] != 1.0 || o[0]["go"] == "" {
		t.Errorf("version --json prints %v", o)
	}
}

func TestVersionFlag(t *testing.T) {
	want := setting{}.start(t, "version")
	want.wantExit(exitOK)
	for _, flag := range []string{"--version", "-v"} {
		p := setting{env: map[string]string{"LANYAP_VERSION": "true"}}.start(t, flag)
		p.wantExit(exitOK)
		if p.out.String() != want.out.String() {
			t.Errorf("%s prints %q, want what lanyap version does", flag, p.out.String())
		}
	}
}

func TestHelpFitsTheScreen(t *testing.T) {
	for _, name := range []string{"", "chat", "say", "send", "receive", "share", "ls", "get", "page", "invite", "peers", "doctor", "id", "version", "help", "completion"} {
		p := setting{}.start(t, append(strings.Fields(name), "--help")...)
		p.wantExit(exitOK)
		for line := range strings.Lines(p.out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > helpWidth {
				t.Errorf("lanyap %s --help has a line of %d columns: %s", name, n, line)
			}
		}
		joins := strings.Contains(p.out.String(), "--room")
		for _, word := range []string{"LANYAP_IFACE", "Exit codes:", "  2  the command line is wrong"} {
			if joins != strings.Contains(p.out.String(), word) {
				t.Errorf("lanyap %s --help: %q should be there: %t", name, word, joins)
			}
		}
	}
}

func TestCompletionAndHelp(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"completion bash", "__start_lanyap"},
		{"completion zsh", "compdef"},
		{"__complete pe", "peers"},
		{"__complete chat --j", "--join"},
		{"__complete chat --hist", "--history-file"},
		{"__complete help pe", "peers"},
		{"--help", "no server, no account"},
		{"help chat", "--listen"},
		{"chat --help", "--history N"},
		{"chat --help", "--history-file PATH"},
		{"chat --help", "lanyap chat --room team"},
	} {
		p := setting{}.start(t, strings.Fields(tt.args)...)
		p.wantExit(exitOK)
		if !strings.Contains(p.out.String(), tt.want) && !strings.Contains(strings.ToLower(p.out.String()), strings.ToLower(tt.want)) {
			t.Errorf("%s lacks %q:\n%s", tt.args, tt.want, p.out.String())
		}
	}
}

func TestPlace(t *testing.T) {
	got := place(mesh.Sighting{Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:7475"), netip.MustParseAddrPort("[fe80::1%eth0]:7475")}})
	if want := "10.0.0.7:7475, [fe80::1%eth0]:7475"; got != want {
		t.Errorf("place is %q, want %q", got, want)
	}
	if got := place(mesh.Sighting{Instance: "0a0b"}); got != "node 0a0b" {
		t.Errorf("place is %q", got)
	}
}
