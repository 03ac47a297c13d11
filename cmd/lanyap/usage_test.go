package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args string
		env  string // NAME=value
		want string // in the error
		hint string
	}{
		{args: "caht", want: `unknown command "caht"`, hint: "did you mean lanyap chat?"},
		{args: "zzz", want: `unknown command "zzz"`, hint: "lanyap --help"},
		{args: "chat hello", want: `"hello"`, hint: "lanyap chat --help"},
		{args: "--bogus", want: "unknown flag: --bogus", hint: "lanyap --help"},
		{args: "peers --plain", want: "unknown flag: --plain", hint: "lanyap peers --help"},
		{args: "chat --room", want: "needs an argument", hint: "lanyap chat --help"},
		{args: "chat --plain --json", want: "exclude each other", hint: "choose one"},
		{args: "chat --input xml", want: `"xml"`, hint: "--input json"},
		{args: "chat --wait 0", want: "waits for nobody", hint: "from 1"},
		{args: "chat --wait -1", want: "waits for nobody", hint: "from 1"},
		{args: "chat --timeout 0s", want: "no time", hint: "30s"},
		{args: "chat --timeout ten", want: `--timeout "ten" is no time`, hint: "--timeout 30s"},
		{args: "chat --timeout 30", want: `--timeout "30" is no time`, hint: "write --timeout 30s for seconds, or 30m for minutes"},
		{args: "chat", env: "LANYAP_TIMEOUT=30", want: `LANYAP_TIMEOUT="30" is no time`, hint: "write LANYAP_TIMEOUT=30s"},
		{args: "chat", env: "LANYAP_TIMEOUT=-1s", want: `LANYAP_TIMEOUT=-1s is no time`, hint: "30s"},
		{args: "peers --port abc", want: `--port "abc" is no number`, hint: "1 to 65535"},
		{args: "peers --json=maybe", want: `--json "maybe" is neither`, hint: "true or false"},
		{args: "chat", env: "LANYAP_WAIT=-1", want: "LANYAP_WAIT=-1 waits for nobody", hint: "from 1"},
		{args: "chat", env: "LANYAP_HISTORY_FILE=-x", want: `LANYAP_HISTORY_FILE="-x" looks like`, hint: "./-x"},
		{args: "chat --keep-history 0", env: "LANYAP_HISTORY_FILE=x.db", want: "--keep-history 0 keeps nothing, LANYAP_HISTORY_FILE is there", hint: "leave one"},
		{args: "help nonsense", want: `unknown command "nonsense"`, hint: "lanyap --help"},
		{args: "help caht", want: `unknown command "caht"`, hint: "did you mean lanyap chat?"},
		{args: "help chat nonsense", want: `unknown command "chat nonsense"`, hint: "lanyap"},
		{args: "who", want: `unknown command "who"`, hint: "did you mean lanyap peers?"},
		{args: "tell hello", want: `unknown command "tell"`, hint: "did you mean lanyap say?"},
		{args: "upload film.mkv", want: `unknown command "upload"`, hint: "did you mean lanyap send?"},
		{args: "download", want: `unknown command "download"`, hint: "did you mean lanyap get?"},
		{args: "send", want: "nothing to send", hint: "lanyap send holiday.zip"},
		{args: "send --text=", want: "--text is empty", hint: "--text 'meet"},
		{args: "send --text hi film.mkv", want: "exclude each other", hint: "one after the other"},
		{args: "send - film.mkv", want: "exclude each other", hint: "one after the other"},
		{args: "send --as x film.mkv", want: "--as names what comes from standard input", hint: "write -"},
		{args: "send --as a/b -", want: `--as "a/b" is no name`, hint: "--as notes.txt"},
		{args: "send --as " + strings.Repeat("x", 300) + " -", want: "is no name", hint: "--as notes.txt"},
		{args: "send --as a\x1bb -", want: "is no name", hint: "--as notes.txt"},
		{args: "send --to= film.mkv", want: "--to is empty", hint: "lanyap peers"},
		{args: "send /nonexistent/film.mkv", want: "/nonexistent/film.mkv: there is no such file", hint: "that are here"},
		{args: "send --limit fast film.mkv", want: `--limit "fast" is no rate`, hint: "--limit 5M"},
		{args: "send", env: "LANYAP_TEXT= ", want: "LANYAP_TEXT is empty", hint: "meet at 5"},
		{args: "send x", env: "LANYAP_LIMIT=-1", want: `LANYAP_LIMIT="-1" is no rate`, hint: "LANYAP_LIMIT=5M"},
		{args: "send --progress bars x", want: `--progress "bars" is not known`, hint: "--progress plain"},
		{args: "send --timeout 0s x", want: "no time", hint: "30s"},
		{args: "receive a b", want: `"b": there is more than one directory`, hint: "one directory"},
		{args: "receive /nonexistent --yes", want: "/nonexistent: there is no such directory", hint: "mkdir"},
		{args: "receive", want: "nobody can be asked", hint: "--yes"},
		{args: "recv", want: "nobody can be asked", hint: "--from NAME"},
		{args: "receive --conflict merge", want: `--conflict "merge" is not known`, hint: "--conflict skip"},
		{args: "receive --from= --yes", want: "--from is empty", hint: "lanyap peers"},
		{args: "receive --clean x", want: "exclude each other", hint: "removes them all"},
		{args: "page x", want: `"x"`, hint: "lanyap page --help"},
		{args: "page --qr --json", want: "--qr and --json exclude each other", hint: "choose one"},
		{args: "page --keep-history 1001", want: "1001 is too many", hint: "at most 1000"},
		{args: "page --history 5", want: "unknown flag: --history", hint: "lanyap page --help"},
		{args: "page --no-page", want: "unknown flag: --no-page", hint: "lanyap page --help"},
		{args: "send --no-page x", want: "unknown flag: --no-page", hint: "lanyap send --help"},
		{args: "chat", env: "LANYAP_NO_PAGE=maybe", want: `LANYAP_NO_PAGE="maybe" is neither`, hint: "true or false"},
		{args: "web", want: `unknown command "web"`, hint: "did you mean lanyap page?"},
		{args: "whoami", want: `unknown command "whoami"`, hint: "did you mean lanyap id?"},
		{args: "say", want: "nothing to say", hint: "lanyap say hello"},
		{args: "say --to=", want: "nothing to say", hint: "lanyap say hello"},
		{args: "say --to= hi", want: "--to is empty", hint: "lanyap peers"},
		{args: "say --to bo --wait 2 hi", want: "exclude each other", hint: "leave --wait out"},
		{args: "say --wait 0 hi", want: "waits for nobody", hint: "from 1"},
		{args: "say --timeout 0s hi", want: "no time", hint: "30s"},
		{args: "say --bogus hi", want: "unknown flag: --bogus", hint: "lanyap say --help"},
		{args: "chat --history -1", want: "no number", hint: "0 for none"},
		{args: "chat --history 1001", want: "1001 is too many", hint: "at most 1000"},
		{args: "chat --history many", want: `--history "many" is no number`, hint: "whole number"},
		{args: "chat --keep-history -1", want: "--keep-history -1 is no number", hint: "0 for none"},
		{args: "chat --keep-history 0 --history-file x.db", want: "keeps nothing", hint: "leave one of them out"},
		{args: "chat --history-file --json", want: `"--json"`, hint: "./--json"},
		{args: "peers --history 5", want: "unknown flag: --history", hint: "lanyap peers --help"},
		{args: "chat", env: "LANYAP_HISTORY=9999", want: "9999 is too many", hint: "at most 1000"},
		{args: "peers --timeout -1s", want: "no time", hint: "1s"},
		{args: "chat --port 70000", want: "70000 is no port", hint: "leave it out"},
		{args: "peers --port -1", want: "no port", hint: "leave it out"},
		{args: "chat --join host:0", want: `"host:0"`, hint: "--join 10.0.0.7"},
		{args: "chat --join a:b:c", want: `"a:b:c"`, hint: "--join 10.0.0.7"},
		{args: "chat --join http://ana/", want: "http", hint: "--join 10.0.0.7"},
		{args: "doctor --join --json", want: `"--json"`, hint: "--join 10.0.0.7"},
		{args: "chat --room=", want: "empty", hint: "room lan"},
		{args: "chat --room " + strings.Repeat("r", 200), want: "200 bytes", hint: "shorter"},
		{args: "chat --name " + strings.Repeat("n", 65), want: "65 bytes", hint: "shorter"},
		{args: "chat --name a\x1bb", want: "cannot be shown", hint: "letters"},
		{args: "chat", env: "LANYAP_PORT=abc", want: `LANYAP_PORT="abc" is no number`, hint: "1 to 65535"},
		{args: "chat", env: "LANYAP_LOG=loud", want: `LANYAP_LOG="loud"`, hint: "debug"},
		{args: "chat", env: "LANYAP_INPUT=xml", want: `LANYAP_INPUT="xml"`, hint: "LANYAP_INPUT json"},
		{args: "version --bogus", want: "--bogus", hint: "lanyap version --help"},
		{args: "completion klingon", want: "klingon", hint: "lanyap completion --help"},
	}
	for _, tt := range tests {
		t.Run(strings.TrimSpace(tt.env + " " + tt.args)[:min(40, len(tt.args)+len(tt.env))], func(t *testing.T) {
			env := map[string]string{"LANYAP_STATE_DIR": t.TempDir()}
			if key, value, ok := strings.Cut(tt.env, "="); ok {
				env[key] = value
			}
			p := setting{env: env}.start(t, strings.Fields(tt.args)...)
			p.wantError(exitUsage, tt.want, tt.hint)
			if out := p.out.String(); out != "" {
				t.Errorf("stdout is %q, want nothing", out)
			}
		})
	}
}

func TestNamesWithSpacesAround(t *testing.T) {
	for _, flag := range []string{"--name", "--room"} {
		p := setting{}.start(t, "chat", "--ephemeral", flag, "ana ")
		p.wantError(exitUsage, flag+` "ana " begins or ends with a space`, "write "+flag+` "ana"`)
		p = setting{}.start(t, "chat", "--ephemeral", flag, " ")
		p.wantError(exitUsage, "cannot be shown")
	}
}

func TestEveryFlagHasATwin(t *testing.T) {
	values := map[string]string{"int": "3", "bool": "true", "duration": "7s", "string": "value", "stringSlice": "a,b", "stringArray": "value"}
	env := make(map[string]string)
	a := &app{env: func(key string) (string, bool) { v, ok := env[key]; return v, ok }}
	fresh := func(name string) *pflag.FlagSet {
		root := a.command()
		cmd, _, err := root.Find(strings.Fields(name))
		if err != nil {
			t.Fatal(err)
		}
		return cmd.Flags()
	}
	for _, name := range []string{"", "chat", "say", "send", "receive", "share", "page", "peers", "doctor", "id", "version"} {
		fresh(name).VisitAll(func(f *pflag.Flag) {
			if f.Name == "version" {
				return // asked for once
			}
			value := values[f.Value.Type()]
			env = map[string]string{"LANYAP_" + strings.ReplaceAll(strings.ToUpper(f.Name), "-", "_"): value}
			flags := fresh(name)
			if err := a.applyEnv(flags); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := strings.Trim(flags.Lookup(f.Name).Value.String(), "[]"); got != value {
				t.Errorf("%s --%s is %q with %v", name, f.Name, got, env)
			}
		})
	}
}

func TestFlagGoesBeforeItsTwin(t *testing.T) {
	env := map[string]string{"LANYAP_ROOM": "other", "LANYAP_PLAIN": "1"}
	a := &app{env: func(key string) (string, bool) { v, ok := env[key]; return v, ok }}
	cmd := a.chatCommand()
	if err := cmd.Flags().Parse([]string{"--room", "mine", "--json"}); err != nil {
		t.Fatal(err)
	}
	if err := a.applyEnv(cmd.Flags()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"room": "mine", "json": "true", "plain": "false"} {
		if got := cmd.Flags().Lookup(name).Value.String(); got != want {
			t.Errorf("--%s is %s, want %s", name, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	good := []string{"10.0.0.7", "10.0.0.7:7475", "ana", "ana.local", "ana.local:80", "fe80::1%eth0", "[fe80::1%eth0]:7475", "[::1]", "::1", "[::1]:7475", "my_host", "bücher.local"}
	for _, s := range good {
		if !isTarget(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", ":7475", "ana:", "ana:0", "ana:65536", "ana:http", "a b", "http://ana", "ana/x", "-ana", "[::1", "::1]:x", "user@host"} {
		if isTarget(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestStandardInput(t *testing.T) {
	open := func(path string) *os.File {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	path := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(path, []byte("hi\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	closed := open(path)
	closed.Close()
	for name, tt := range map[string]struct {
		file *os.File
		want chat.Source
	}{
		"regular file": {open(path), chat.FromFile},
		"pipe":         {r, chat.FromPipe},
		"null device":  {open(os.DevNull), chat.FromNothing},
		"closed":       {closed, chat.FromNothing},
	} {
		if got, err := sourceOf(tt.file); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
	if got, err := sourceOf(nil); got != chat.FromNothing || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
	if _, err := sourceOf(open(t.TempDir())); err == nil {
		t.Error("a directory is taken for input")
	}
}

// brokenNetwork fails to listen.
type brokenNetwork struct{ err error }

func (b brokenNetwork) Listen(peer.Config) (mesh.Transport, error) { return nil, b.err }

func (b brokenNetwork) Discover(discovery.Config) (mesh.Discovery, error) { return nil, b.err }

func TestFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "identity.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		network mesh.Network
		env     map[string]string
		args    []string
		want    []string
	}{
		{"taken port", brokenNetwork{portTaken}, nil, []string{"--ephemeral", "--port", "7475"}, []string{"choose another --port"}},
		{"state directory is a file", nil, map[string]string{"LANYAP_STATE_DIR": file}, nil, []string{"identity", "LANYAP_STATE_DIR", "--ephemeral"}},
		{"broken identity", nil, map[string]string{"LANYAP_STATE_DIR": broken}, nil, []string{"identity.pem", "remove that file", "--ephemeral"}},
		{"unwritable", nil, map[string]string{"LANYAP_STATE_DIR": "/proc/lanyap"}, nil, []string{"LANYAP_STATE_DIR"}},
		{"no network", brokenNetwork{os.ErrDeadlineExceeded}, nil, []string{"--ephemeral"}, []string{"lanyap doctor"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := setting{network: tt.network, env: tt.env}.start(t, append([]string{"chat"}, tt.args...)...)
			p.wantError(exitFailure, tt.want...)
		})
	}
}

func TestDefaultName(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Skip("this machine has no host name: " + err.Error())
	}
	host, _, _ = strings.Cut(host, ".")
	a := &app{env: func(key string) (string, bool) { return map[string]string{"USER": "ana"}[key], key == "USER" }}
	if got, want := a.defaultName(), "ana@"+host; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	a.env = func(string) (string, bool) { return strings.Repeat("ü", 100), true }
	if got := a.defaultName(); len(got) != peer.MaxName {
		t.Errorf("a long name has %d bytes: %q", len(got), got)
	}
}

func TestStateDirectory(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip("no home: " + err.Error())
	}
	base := filepath.Join(t.TempDir(), "state")
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"named", map[string]string{"LANYAP_STATE_DIR": base, "XDG_STATE_HOME": "/x"}, base},
		{"XDG", map[string]string{"XDG_STATE_HOME": base}, filepath.Join(base, "lanyap")},
		{"relative XDG is ignored", map[string]string{"XDG_STATE_HOME": "state"}, filepath.Join(home, ".local", "state", "lanyap")},
		{"default", nil, filepath.Join(home, ".local", "state", "lanyap")},
	}
	for _, tt := range tests {
		a := &app{env: func(key string) (string, bool) { v, ok := tt.env[key]; return v, ok }}
		if got, err := a.stateDir(); got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}
