package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

const (
	kitchenSecret = "cleft-cam-synopsis-sleep-grimy"
	otherSecret   = "visiting sitter refrain unworn crane"
)

// secretFile writes a secret, and returns where it is.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadSecrets(t *testing.T) {
	past := passphrase.Invite{Room: "kitchen", Secret: kitchenSecret, Until: time.Unix(1_700_000_000, 0)}.URL("http://10.0.0.7:7475/")
	foreign := passphrase.Invite{Room: "kitchen", Secret: kitchenSecret}.URL("http://10.0.0.7:7475/")
	few := "five words are enough; lanyap invite makes them"
	for name, tt := range map[string]struct {
		secret string
		args   string
		want   []string
	}{
		"empty":           {"\n", "", []string{"is empty", few}},
		"short":           {"hunter2", "", []string{"is too short: it has fewer than 12 characters", few}},
		"terminal codes":  {"\x1b[2Jhunter2 hunter2", "", []string{"has characters that nobody can type", "one line of text"}},
		"a film":          {strings.Repeat("hunter2 ", 5000), "", []string{"is too long", "one line of text"}},
		"ended":           {past, "", []string{"is an invite that ended on 2023-11-1", "ask for a new one"}},
		"foreign":         {foreign, "--room team", []string{"is an invite into room kitchen, not team", "leave --room out, or write --room \"kitchen\""}},
		"a page":          {"http://10.0.0.7:7475/", "", []string{"a part of an invite", "copy all of it"}},
		"half an invite":  {"http://10.0.0.7:7475/#room=kitchen", "", []string{"a part of an invite", "copy all of it"}},
		"short in invite": {"#secret=hunter2", "", []string{"is too short", few}},
		"bad room":        {"#room=%1b%5b2J&secret=" + kitchenSecret, "", []string{"cannot be shown"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(strings.Fields("chat --ephemeral "+tt.args), "--secret-file", secretFile(t, tt.secret))
			fromFile := setting{}.start(t, args...)
			fromFile.wantError(exitUsage, tt.want...)
			fromEnv := setting{env: map[string]string{"LANYAP_SECRET": tt.secret}}.start(t, strings.Fields("say --ephemeral hi "+tt.args)...)
			fromEnv.wantError(exitUsage, tt.want...)
			for _, p := range []*program{fromFile, fromEnv} {
				if text := p.err.String(); strings.Contains(text, "hunter") || strings.Contains(text, "cleft") || strings.Contains(text, "\x1b") {
					t.Errorf("the error tells the secret: %q", text)
				}
			}
		})
	}
}

func TestNoSecretFile(t *testing.T) {
	dir := t.TempDir()
	none := setting{}.start(t, "chat", "--ephemeral", "--secret-file", filepath.Join(dir, "none"))
	none.wantError(exitUsage, "there is no such file", "lanyap invite --secret-file")
	folder := setting{}.start(t, "chat", "--ephemeral", "--secret-file", dir)
	folder.wantError(exitUsage, "is a directory", "holds a secret")
	empty := setting{}.start(t, "chat", "--ephemeral", "--secret-file=")
	empty.wantError(exitUsage, "--secret-file is empty")
	both := setting{}.start(t, "chat", "--ephemeral", "--secret-file", "k", "--ask-secret")
	both.wantError(exitUsage, "exclude each other")
	nobody := setting{}.start(t, "chat", "--ephemeral", "--ask-secret")
	nobody.wantError(exitUsage, "no terminal to ask on", "--secret-file", "LANYAP_SECRET")
}

// TestNoFlagTakesASecret holds that a secret on a command line is an error that does
// not repeat it, whatever the flag is called and wherever it stands.
func TestNoFlagTakesASecret(t *testing.T) {
	for _, line := range []string{
		"--secret hunter2-hunter2", "--secret=hunter2-hunter2", "chat --secret hunter2-hunter2", "say hi --secret=hunter2-hunter2", "send film.mkv --passphrase hunter2-hunter2",
		"receive --password=hunter2-hunter2", "-secret=hunter2-hunter2", "peers --psk hunter2-hunter2", "--secret", "invite --secret hunter2-hunter2", "--secret hunter2-hunter2 chat",
	} {
		p := setting{}.start(t, strings.Fields(line)...)
		p.wantError(exitUsage, "no flag takes a secret", "--secret-file", "LANYAP_SECRET", "--ask-secret")
		if strings.Contains(p.err.String(), "hunter2") {
			t.Errorf("%s: the error repeats it: %s", line, p.err.String())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		said := setting{}.start(t, "say", "--ephemeral", "--timeout", "1s", "--", "--secret", "words")
		said.wantError(exitNobody, "nobody else")
	})
}

// TestInviteInTheWrongPlace holds that an invite that somebody writes where none is taken
// is told to be one, and not repeated, nor the name of a room. To say it is something else.
func TestInviteInTheWrongPlace(t *testing.T) {
	invite := passphrase.Invite{Room: "kitchen", Secret: kitchenSecret}.URL("http://10.0.0.7:7475/")
	_, fragment, _ := strings.Cut(invite, "#")
	for _, tt := range []struct {
		args []string
		env  map[string]string
	}{
		{args: []string{invite}},
		{args: []string{"chat", invite}},
		{args: []string{"chat", "--json", invite}},
		{args: []string{"chat", "--join", invite}},
		{args: []string{"chat", "--join=" + invite}},
		{args: []string{"chat", "--room", "#" + fragment}},
		{args: []string{"say", "hi", "--room=#" + fragment}},
		{args: []string{"say", "hi", "--join", invite}},
		{args: []string{"say", "hi", "--secret-file", invite}},
		{args: []string{"send", invite}},
		{args: []string{"invite", invite}},
		{args: []string{"chat"}, env: map[string]string{"LANYAP_ROOM": "#" + fragment}},
		{args: []string{"chat"}, env: map[string]string{"LANYAP_JOIN": invite}},
	} {
		p := setting{env: tt.env}.start(t, tt.args...)
		p.wantError(exitUsage, "an invite is in ", "--secret-file", "LANYAP_SECRET", "--ask-secret")
		if strings.Contains(p.err.String(), "cleft") {
			t.Errorf("%q: the error repeats it: %s", tt.args, p.err.String())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		for _, args := range [][]string{
			{"say", "--ephemeral", "--timeout", "1s", "join", "us:", invite},
			{"say", "--ephemeral", "--timeout", "1s", "--json", invite},
			{"send", "--ephemeral", "--timeout", "1s", "--text", invite, "--to", "bo"},
		} {
			said := setting{}.start(t, args...)
			said.wantError(exitNobody, "")
		}
	})
}

// TestSecretsGoBefore holds which of several secrets counts.
func TestSecretsGoBefore(t *testing.T) {
	file, other := secretFile(t, "file file file"), secretFile(t, "twin twin twin")
	for name, tt := range map[string]struct {
		args string
		env  map[string]string
		want string
	}{
		"none":                      {"", nil, ""},
		"variable":                  {"", map[string]string{"LANYAP_SECRET": " words of the  variable\n"}, "words of the variable"},
		"empty variable":            {"", map[string]string{"LANYAP_SECRET": ""}, ""},
		"flag":                      {"--secret-file " + file, nil, "file file file"},
		"twin":                      {"", map[string]string{"LANYAP_SECRET_FILE": other}, "twin twin twin"},
		"flag before variable":      {"--secret-file " + file, map[string]string{"LANYAP_SECRET": "words of the variable"}, "file file file"},
		"flag before twin":          {"--secret-file " + file, map[string]string{"LANYAP_SECRET_FILE": other}, "file file file"},
		"flag before rival":         {"--secret-file " + file, map[string]string{"LANYAP_ASK_SECRET": "1"}, "file file file"},
		"variable before twin":      {"", map[string]string{"LANYAP_SECRET": "words of the variable", "LANYAP_SECRET_FILE": other}, "words of the variable"},
		"variable before ask, twin": {"", map[string]string{"LANYAP_SECRET": "words of the variable", "LANYAP_ASK_SECRET": "1"}, "words of the variable"},
	} {
		if got := unlocked(t, tt.args, tt.env); got.secret != tt.want {
			t.Errorf("%s: the secret is %q, want %q", name, got.secret, tt.want)
		}
	}
}

// unlocked returns what a command joins with.
func unlocked(t *testing.T, args string, env map[string]string) networkFlags {
	t.Helper()
	a := &app{env: func(key string) (string, bool) { v, ok := env[key]; return v, ok }, stderr: &buffer{}}
	var n networkFlags
	flags := pflag.NewFlagSet("lanyap", pflag.ContinueOnError)
	n.register(flags)
	if err := flags.Parse(strings.Fields(args)); err != nil {
		t.Fatal(err)
	}
	if err := a.applyEnv(flags); err != nil {
		t.Fatal(err)
	}
	if err := n.check(); err != nil {
		t.Fatal(err)
	}
	if err := a.unlock(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInviteNamesTheRoom(t *testing.T) {
	url := passphrase.Invite{Room: "the kitchen", Secret: kitchenSecret, Until: time.Now().Add(time.Hour).Truncate(time.Second)}.URL("http://10.0.0.7:7475/")
	n := unlocked(t, "--secret-file "+secretFile(t, url[:40]+"\n"+url[40:]), nil)
	if n.room != "the kitchen" || n.secret != kitchenSecret {
		t.Errorf("it joins room %q with %q", n.room, n.secret)
	}
	n = unlocked(t, "--room kitchen", map[string]string{"LANYAP_SECRET": "#room=kitchen&secret=" + kitchenSecret})
	if n.room != "kitchen" || n.secret != kitchenSecret {
		t.Errorf("with the same room named it joins room %q with %q", n.room, n.secret)
	}
	n = unlocked(t, "", map[string]string{"LANYAP_SECRET": "#secret=" + kitchenSecret})
	if n.room != defaultRoom || n.secret != kitchenSecret {
		t.Errorf("of an invite without a room it joins room %q with %q", n.room, n.secret)
	}
}

func TestExposedSecretFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mode bits tell nothing there")
	}
	path := secretFile(t, kitchenSecret)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := setting{}.start(t, "peers", "--ephemeral", "--secret-file", path)
		p.wantExit(exitNobody)
		if want := "warning: others on this machine can read or change the secret; chmod 600 " + path; !strings.Contains(p.err.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, p.err.String())
		}
	})
}

// TestCommandsTakeSecrets holds that all commands that join take a secret: who has it
// finds the others, who does not finds nobody, and is told why.
func TestCommandsTakeSecrets(t *testing.T) {
	k, other := secretFile(t, kitchenSecret), secretFile(t, otherSecret)
	dir := t.TempDir()
	film := write(t, filepath.Join(dir, "film.mkv"), 1000)
	for name, tt := range map[string]struct {
		args []string
		code int // of who has the secret
	}{
		"say":     {[]string{"say", "hi", "--timeout", "5s"}, exitOK},
		"chat":    {[]string{"chat", "--json", "--timeout", "5s"}, exitOK},
		"peers":   {[]string{"peers"}, exitOK},
		"send":    {[]string{"send", film, "--to", "bo", "--timeout", "5s"}, exitNobody}, // bo does not receive
		"ls":      {[]string{"ls", "--timeout", "5s"}, exitNobody},                       // and shares nothing
		"get":     {[]string{"get", "bo:music", dir, "--timeout", "5s"}, exitNobody},
		"receive": {[]string{"receive", dir, "--yes", "--timeout", "5s"}, exitNobody}, // nobody offers
	} {
		for _, secret := range []string{k, other, ""} {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				bo := n.on("bo", "chat", "--json", "--secret-file", k)
				settle()
				args := append(n.args("ana", tt.args), "--secret-file", secret)
				if secret == "" {
					args = args[:len(args)-2]
				}
				p := setting{network: n.lan.Host("ana"), stdin: strings.NewReader("hello\n")}.start(t, args...)
				switch secret {
				case k:
					p.wantExit(tt.code)
				case other:
					p.wantError(exitRefused, "nobody lets us in: who is here has another secret, or none", "ask them for the secret")
				default:
					p.wantError(exitRefused, "nobody lets us in: the room is private", "--ask-secret")
				}
				if all := p.out.String() + p.err.String(); secret != k && strings.Contains(all, bo.of("ready")[0]["id"].(string)) {
					t.Errorf("%s tells a stranger who is there:\n%s", name, all)
				}
				settle()
				if warned := bo.of("warning"); secret != k && len(warned) != 1 {
					t.Errorf("%s: bo is warned by %v, want once", name, warned)
				}
				if joined := bo.of("joined"); secret != k && len(joined) > 0 {
					t.Errorf("%s: bo sees %v", name, joined)
				}
				bo.cancel(nil)
				bo.exit()
			})
		}
	}
}

// TestTwoGroupsOfOneName holds that they do not see each other, nor an open room, and
// that each is warned once.
func TestTwoGroupsOfOneName(t *testing.T) {
	k, other := secretFile(t, kitchenSecret), secretFile(t, otherSecret)
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		groups := [][]*program{
			{n.on("ana", "--json", "--secret-file", k), n.on("bo", "--json", "--secret-file", k)},
			{n.on("cy", "--json", "--secret-file", other), n.on("dd", "--json", "--secret-file", other)},
			{n.on("ee", "--json"), n.on("ff", "--json")},
		}
		settle()
		for i, group := range groups {
			for j, p := range group {
				p.say("group " + string(rune('1'+i)) + " member " + string(rune('1'+j)) + "\n")
			}
		}
		settle()
		time.Sleep(3 * time.Minute) // others are warned of once, however often they try
		for i, group := range groups {
			for j, p := range group {
				if private := p.of("ready")[0]["private"]; (private == true) != (i < 2) {
					t.Errorf("ready of group %d has private %v", i+1, private)
				}
				want := "group " + string(rune('1'+i)) + " member " + string(rune('2'-j))
				if texts := p.texts(); len(texts) != 1 || texts[0] != want {
					t.Errorf("group %d reads %q, want %q", i+1, texts, want)
				}
				if joined := p.of("joined"); len(joined) != 1 {
					t.Errorf("group %d sees %v", i+1, joined)
				}
				if warned := p.of("warning"); len(warned) != 1 {
					t.Errorf("group %d is warned: %v", i+1, warned)
				}
				if all := p.out.String() + p.err.String(); strings.Contains(all, kitchenSecret) || strings.Contains(all, otherSecret) {
					t.Errorf("the secret is told:\n%s", all)
				}
			}
		}
		for _, group := range groups {
			for _, p := range group {
				p.cancel(nil)
				p.exit()
			}
		}
	})
}

// TestOtherSecretForPeople holds what a stranger is told at a terminal, and what those
// in the room.
func TestOtherSecretForPeople(t *testing.T) {
	k := secretFile(t, kitchenSecret)
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "chat", "--secret-file", k)
		settle()
		table := n.on("ana", "peers")
		table.wantError(exitRefused, "is private")
		want := `^not reached: 10\.0\.0\.1:7475: is in a room of this name with another secret, or only one of us has one\n$`
		if got := table.out.String(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("peers shows a stranger:\n%s", got)
		}
		list := n.on("ana", "peers", "--json")
		list.wantExit(exitRefused)
		if s := list.of("sighting"); len(s) != 1 || s[0]["reason"] != "other_secret" {
			t.Errorf("peers --json shows a stranger: %v", s)
		}
		said := n.on("ana", "say", "hi", "--timeout", "2s")
		said.wantExit(exitRefused)
		if want := "warning: 10.0.0.1 is in a private room of this name"; !strings.Contains(said.err.String(), want) {
			t.Errorf("say tells %q, want %q in it", said.err.String(), want)
		}
		settle()
		told := bo.err.String()
		if !strings.Contains(told, "* you are bo in private room lan;") || strings.Count(told, "warning: ") != 1 || !strings.Contains(told, "has another secret for this room, or none") {
			t.Errorf("bo is told:\n%s", told)
		}
		bo.cancel(nil)
		bo.exit()
	})
}

// TestSomeRefuse holds that it is no refusal if there is somebody who does not.
func TestSomeRefuse(t *testing.T) {
	k := secretFile(t, kitchenSecret)
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		bo := n.on("bo", "--json", "--secret-file", k)
		cy := n.on("cy", "--json")
		settle()
		n.on("ana", "peers").wantExit(exitOK)
		n.on("ana", "say", "hi").wantExit(exitOK)
		n.on("ana", "say", "hi", "--to", "bo", "--timeout", "2s").wantExit(exitNobody)
		for _, p := range []*program{bo, cy} {
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestShutOut(t *testing.T) {
	secret := mesh.Sighting{Err: errorAbout(peer.ErrSecret)}
	busy := mesh.Sighting{Err: errorAbout(peer.ErrGuesses)}
	nobody := []mesh.Sighting{{OtherRoom: true}, {Web: true}, {Err: errorAbout(peer.ErrSelf)}}
	for name, tt := range map[string]struct {
		sightings             []mesh.Sighting
		refused, busy, others int
	}{
		"nobody":              {nobody, 0, 0, 0},
		"all":                 {append(nobody, secret, secret), 2, 0, 0},
		"busy":                {append(nobody, busy), 0, 1, 0},
		"one is out of reach": {append(nobody, secret, mesh.Sighting{Err: errorAbout(peer.ErrTimeout)}), 1, 0, 1},
		"one is being dialed": {append(nobody, secret, mesh.Sighting{}), 1, 0, 1},
	} {
		if refused, busy, others := atTheDoor(tt.sightings); refused != tt.refused || busy != tt.busy || others != tt.others {
			t.Errorf("%s: %d refused us, %d are busy, and there are %d others", name, refused, busy, others)
		}
	}
}

func TestHistoryFileOfAnotherSecret(t *testing.T) {
	k, other, path := secretFile(t, kitchenSecret), secretFile(t, otherSecret), filepath.Join(t.TempDir(), "lan.db")
	kept := newNetwork(t) // a file is waited for in real time
	p := kept.reading("ana", "", "chat", "--secret-file", k, "--history-file", path, "--timeout", "10ms")
	p.wantExit(exitNobody)
	for _, args := range [][]string{{"--secret-file", other}, nil} {
		q := kept.reading("ana", "", append([]string{"chat", "--history-file", path, "--timeout", "10ms"}, args...)...)
		q.wantError(exitFailure, "history", "--history-file")
	}
	p = kept.reading("ana", "", "chat", "--secret-file", k, "--history-file", path, "--timeout", "10ms")
	p.wantExit(exitNobody)
}

// TestExecGetsNoSecret holds that what --exec runs does not find the secret in its
// environment.
func TestExecGetsNoSecret(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this test runs a Unix shell")
	}
	t.Setenv("LANYAP_SECRET", kitchenSecret)
	t.Setenv("LANYAP_ROOM", "kitchen")
	n := newNetwork(t) // commands take real time
	k := secretFile(t, kitchenSecret)
	bo := setting{network: n.lan.Host("bo"), env: map[string]string{"LANYAP_SECRET": kitchenSecret}}.start(t,
		n.args("bo", []string{"receive", t.TempDir(), "--yes", "--exec", `echo "secret=$LANYAP_SECRET room=$LANYAP_ROOM kind=$LANYAP_KIND"; env`})...)
	n.on("ana", "send", "--text", "meet at 5", "--to", "bo", "--secret-file", k).wantExit(exitOK)
	bo.wantExit(exitOK)
	if got := bo.out.String(); !strings.Contains(got, "secret= room=kitchen kind=text") || strings.Contains(got, kitchenSecret) {
		t.Errorf("the command says\n%s", got)
	}
}

func TestMaxMembers(t *testing.T) {
	for _, n := range []string{"0", "-1", "129"} {
		p := setting{}.start(t, "chat", "--ephemeral", "--max-members", n)
		p.wantError(exitUsage, "--max-members "+n+" is out of range", "1 to 128")
	}
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		full := n.on("full", "--json", "--max-members", "1")
		settle()
		first := n.on("ana", "--json")
		settle()
		n.on("bo", "say", "hi", "--to", "full", "--timeout", "2s").wantExit(exitNobody)
		if joined := full.of("joined"); len(joined) != 1 {
			t.Errorf("who has one place sees %v", joined)
		}
		for _, p := range []*program{full, first} {
			p.cancel(nil)
			p.exit()
		}
	})
}
