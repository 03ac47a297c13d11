package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// joins notes what the program wants to join with, and fails while there is a
// history file if err is not nil.
type joins struct {
	seen []mesh.Config
	err  error
}

func (j *joins) join(ctx context.Context, cfg mesh.Config) (*mesh.Node, error) {
	j.seen = append(j.seen, cfg)
	if j.err != nil && cfg.HistoryFile != "" {
		return nil, j.err
	}
	cfg.HistoryFile = "" // what a node does with it is for its own tests
	return mesh.Join(ctx, cfg)
}

// listenWith runs `lanyap chat --listen` until it has joined, and returns it
// ended.
func (j *joins) listenWith(t *testing.T, env map[string]string, args ...string) *program {
	t.Helper()
	p := setting{env: env, join: j.join}.start(t, append([]string{"chat", "--listen", "--ephemeral"}, args...)...)
	settle()
	p.cancel(&signalError{signal: syscall.SIGTERM})
	p.wantExit(143)
	return p
}

func TestHistoryFlags(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		args string
		env  map[string]string
		show int
		keep int
		file string // a pattern of filepath.Match
	}{
		{"unless said otherwise", "", nil, -1, 1000, ""},
		{"shown", "--history 5", nil, 5, 1000, ""},
		{"not shown", "--history 0", nil, -1, 1000, ""},
		{"not kept", "--keep-history 0", nil, -1, -1, ""},
		{"shown and not kept", "--history 7 --keep-history 0", nil, 7, -1, ""},
		{"not shown and kept", "--history 0 --history-file x.db", nil, -1, 1000, "x.db"},
		{"file", "--history-file x.db", nil, -1, 1000, "x.db"},
		{"directory", "--history-file " + dir, nil, -1, 1000, filepath.Join(dir, "history-????????????????.db")},
		{"directory to be made", "--history-file new/", nil, -1, 1000, filepath.Join("new", "history-????????????????.db")},
		{"environment", "", map[string]string{"LANYAP_HISTORY": "7", "LANYAP_KEEP_HISTORY": "9", "LANYAP_HISTORY_FILE": "y.db"}, 7, 9, "y.db"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j joins
				j.listenWith(t, tt.env, strings.Fields(tt.args)...)
				if len(j.seen) != 1 || j.seen[0].History != tt.show || j.seen[0].KeepHistory != tt.keep {
					t.Fatalf("joined with %+v, want once with %d shown and %d kept", j.seen, tt.show, tt.keep)
				}
				if ok, err := filepath.Match(tt.file, j.seen[0].HistoryFile); !ok || err != nil {
					t.Errorf("joined with file %q, want %q", j.seen[0].HistoryFile, tt.file)
				}
			})
		})
	}
}

func TestAPersonIsShownTheHistory(t *testing.T) {
	for _, tt := range []struct {
		flags  historyFlags
		person bool
		want   int
	}{
		{historyFlags{}, true, 1000},
		{historyFlags{}, false, -1},
		{historyFlags{shown: true}, true, -1},
		{historyFlags{shown: true, show: 5}, false, 5},
	} {
		var cfg mesh.Config
		tt.flags.config(&cfg, "lan", tt.person)
		if cfg.History != tt.want {
			t.Errorf("%+v, person %t: shows %d, want %d", tt.flags, tt.person, cfg.History, tt.want)
		}
	}
}

func TestEachRoomHasItsFile(t *testing.T) {
	flags := historyFlags{keep: 1, file: t.TempDir()}
	one, other := flags.path("one"), flags.path("../../other")
	if one == other || one != flags.path("one") {
		t.Errorf("files %s and %s", one, other)
	}
	if filepath.Dir(one) != flags.file || filepath.Dir(other) != flags.file {
		t.Errorf("files %s and %s are not in %s", one, other, flags.file)
	}
}

func TestHistoryFileIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, form := range []string{"--plain", "--json"} {
			j := joins{err: fmt.Errorf("mesh: x.db: %w", mesh.ErrHistoryHeld)}
			p := j.listenWith(t, nil, "--history", "9", "--history-file", "x.db", form)
			if len(j.seen) != 2 || j.seen[1].HistoryFile != "" || j.seen[1].History != 9 {
				t.Errorf("%s: joined with %+v, want again without the file", form, j.seen)
			}
			const want = "history file x.db is held by another process"
			told := p.err.String()
			if form == "--json" {
				if got := p.of("warning"); len(got) == 1 {
					told = got[0]["text"].(string)
				}
			}
			if !strings.Contains(told, want) || strings.Contains(told, "error:") {
				t.Errorf("%s: told %q, want a warning: %s", form, told, want)
			}
		}
	})
}

func TestHistoryFileIsUnusable(t *testing.T) {
	for name, cause := range map[string]error{"broken": errors.New("it is broken"), "denied": os.ErrPermission} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := joins{err: fmt.Errorf("%w: x.db: %w", mesh.ErrHistory, cause)}
				p := setting{join: j.join}.start(t, "chat", "--ephemeral", "--history-file", "x.db")
				p.wantError(exitFailure, "x.db", "--history-file", "leave it out")
			})
		})
	}
}

// TestOtherErrorsAreNotTheHistorys has a history file whose name is part of an
// error about something else.
func TestOtherErrorsAreNotTheHistorys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := joins{err: portTaken}
		p := setting{join: j.join}.start(t, "chat", "--ephemeral", "--port", "7475", "--history-file", "tcp", "--name", "TCP")
		p.wantError(exitFailure, "choose another --port")
	})
}

func TestPeersThroughOthers(t *testing.T) {
	relay := mesh.Peer{Member: mesh.Member{ID: peer.ID{1}, Instance: peer.Instance{1}}, Name: "cy\x1b"}
	far := mesh.Sighting{Instance: "0200000000000000", Err: peer.ErrTimeout, Via: &relay}
	var out buffer
	a := &app{stdout: &out}
	if err := a.peersTable(nil, nil, []mesh.Sighting{far}, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "members reach it through cy␛\n"; !strings.HasSuffix(got, want) {
		t.Errorf("table lacks %q:\n%s", want, got)
	}
	out = buffer{}
	if err := a.peersJSON(nil, []mesh.Sighting{far}, nil); err != nil {
		t.Fatal(err)
	}
	want := `"reason":"timeout","via":{"id":"` + relay.ID.String() + `","instance":"0100000000000000","name":"cy\u001b"}}`
	if got := out.String(); !strings.Contains(got, want) {
		t.Errorf("JSON lacks %s:\n%s", want, got)
	}
}

// TestPeersInBrowsers holds how those are shown that an observer was told of and
// nobody can dial: as members, and not as nodes that were not reached.
func TestPeersInBrowsers(t *testing.T) {
	relay := mesh.Peer{Member: mesh.Member{ID: peer.ID{1}, Instance: peer.Instance{1}}, Name: "cy"}
	page := mesh.Sighting{Instance: "0200000000000000", Web: true, Name: "tim\x1b", Via: &relay}
	if got := outOfReach([]mesh.Sighting{page}, nil); len(got) > 0 {
		t.Errorf("%v is out of reach", got)
	}
	var out buffer
	a := &app{stdout: &out}
	if err := a.peersTable(nil, []mesh.Sighting{page}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(out.String()); !slices.Equal(got, []string{"tim␛", "(web)", "-", "through", "cy", "-"}) {
		t.Errorf("table has %q", got)
	}
	out = buffer{}
	if err := a.peersJSON(nil, []mesh.Sighting{page}, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"reason":"browser"`, `"name":"tim\u001b","web":true}`, `"via":{"id":"`} {
		if got := out.String(); !strings.Contains(got, want) {
			t.Errorf("JSON lacks %s:\n%s", want, got)
		}
	}
}
