//go:build !js

package mesh_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// TestHistoryFile holds that a room's history survives everyone's leaving.
func TestHistoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lan")
	kept := func(cfg *mesh.Config) { cfg.HistoryFile = path }
	join := func(edit func(*mesh.Config)) *mesh.Node {
		t.Helper()
		cfg := mesh.Config{Name: "ana", Room: "history file " + path, Interfaces: []string{"lo"}}
		edit(&cfg)
		n, err := mesh.Join(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := join(kept)
	if _, err := first.Broadcast(t.Context(), []byte("remember")); err != nil {
		t.Error(err)
	}
	cfg := mesh.Config{Room: "history file " + path, Interfaces: []string{"lo"}, HistoryFile: path}
	if n, err := mesh.Join(t.Context(), cfg); !errors.Is(err, mesh.ErrHistoryHeld) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second holder: %v, %v", n, err)
	}
	if err := first.Leave(t.Context()); err != nil {
		t.Error(err)
	}
	second := join(kept)
	defer second.Close()
	for ev, err := range second.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		m, ok := ev.(mesh.Message)
		if !ok || !m.History || string(m.Data) != "remember" || m.From.Name != "ana" || m.From.Member != first.Self().Member {
			t.Errorf("got %+v", ev)
		}
		break
	}
}

// TestKeepsWithoutShowing holds that what is kept for others and what is shown
// to the program are two things.
func TestKeepsWithoutShowing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	keeper := func(show int) func(*mesh.Config) {
		return func(cfg *mesh.Config) { cfg.History, cfg.HistoryFile = show, path }
	}
	inRoom(t, func(r *room) {
		ana := r.join("ana", keeper(-1))
		for i := range 3 {
			r.say(ana, fmt.Sprint("line ", i+1))
		}
		pass(time.Second)
		ana.Close()
		for show, want := range map[int]int{-1: 0, 2: 2, 0: 3} {
			again := r.join("ana", keeper(show))
			pass(time.Second)
			if story := again.story(); len(story) != want || want > 0 && story[want-1] != "ana 3 earlier: line 3" {
				t.Errorf("with History %d the program reads %q, want the last %d", show, story, want)
			}
			bo := r.join("bo", nil)
			pass(5 * time.Second)
			if story := bo.story(); len(story) != 4 {
				t.Errorf("with History %d a newcomer reads %q, want all three lines", show, story)
			}
			bo.Close()
			again.Close()
			pass(time.Second)
		}
	})
}

// TestHistoryFileOfAnotherSecret holds that a file is the history of a room with its
// secret: with another one, or without, it is another room's.
func TestHistoryFileOfAnotherSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	inPrivateRoom(t, func(r *room, other func(*mesh.Config)) {
		kept := func(cfg *mesh.Config) { cfg.HistoryFile = path }
		ana := r.join("ana", kept)
		r.say(ana, "remember")
		pass(time.Second)
		ana.Close()
		for name, secret := range map[string]func(*mesh.Config){"another": other, "none": openRoom} {
			cfg := mesh.Config{Network: r.lan.Host("ana"), HistoryFile: path}
			secret(&cfg)
			_, err := mesh.Join(r.Context(), cfg)
			if !errors.Is(err, mesh.ErrHistory) || !strings.Contains(err.Error(), "another room") {
				t.Errorf("with the secret %q: %v", name, err)
			}
		}
		again := r.join("ana", kept)
		pass(time.Second)
		if got := again.texts(); got != "remember" {
			t.Errorf("with its own secret %q is read", got)
		}
	})
}
