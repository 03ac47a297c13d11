package main

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// ended is a transfer that has ended.
type ended struct{ err error }

func (e ended) Key() string { return "" }
func (e ended) Err() error  { return e.err }
func (e ended) Progress() share.Progress {
	return share.Progress{Phase: share.Done, Bytes: 5, BytesDone: 5}
}
func (e ended) Warnings() []error { return nil }
func (e ended) Cancel()           {}
func (e ended) Landed(context.Context) iter.Seq[share.Landed] {
	return func(func(share.Landed) bool) {}
}
func (e ended) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// scripted is a Sharer whose transfers have all ended, and to whom nothing is
// offered.
type scripted struct {
	transfer.Shelving
	err error
}

func (s scripted) Send(context.Context, *share.Content, peer.ID) (transfer.Transfer, error) {
	return ended{s.err}, nil
}

func (s scripted) Offers(ctx context.Context) iter.Seq[transfer.Offer] {
	return func(func(transfer.Offer) bool) { <-ctx.Done() }
}

func (s scripted) Close() error { return nil }

// scriptedBy returns what opens a Sharer whose transfers end with err.
func scriptedBy(err error) func(*mesh.Node, share.Config) (transfer.Full, error) {
	return func(*mesh.Node, share.Config) (transfer.Full, error) { return scripted{err: err}, nil }
}

func TestSendExits(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		code  int
		words []string
	}{
		"well":          {nil, exitOK, nil},
		"refused":       {share.ErrDeclined, exitRefused, []string{"bo declined", "ask them"}},
		"busy":          {share.ErrBusy, exitRefused, []string{"bo has too many offers"}},
		"not receiving": {share.ErrNotReceiving, exitNobody, []string{"bo does not receive", "lanyap receive"}},
		"incomplete":    {&share.IncompleteError{Cause: share.ErrCanceled}, exitIncomplete, []string{"bo canceled", "the same command again"}},
		"no space":      {&share.IncompleteError{Cause: share.ErrNoSpace}, exitIncomplete, []string{"bo found no space left", "make room"}},
		"changed":       {&share.IncompleteError{Failed: 1, Failures: []share.Failure{{Path: "x", Err: share.ErrChanged}}}, exitIncomplete, []string{"bo lacks 1 file: x changed", "when nobody writes"}},
		"protocol":      {share.ErrProtocol, exitFailure, []string{"bo does not keep to the protocol", "lanyap doctor"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				bo := n.on("bo", "--json")
				settle()
				ana := setting{network: n.lan.Host("ana"), sharer: scriptedBy(tt.err)}.start(t, n.args("ana", []string{"send", "--to", "bo", "--text", "hello"})...)
				if tt.code == exitOK {
					ana.wantExit(exitOK)
				} else {
					ana.wantError(tt.code, tt.words...)
				}
				bo.cancel(nil)
				bo.exit()
				if got := bo.of("joined"); len(got) != 0 {
					t.Errorf("a chat saw %v join", got)
				}
			})
		})
	}
}

func TestSendToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setting{sharer: scriptedBy(nil)}
		s.start(t, "send", "--ephemeral", "--timeout", "3s", "--text", "x").wantError(exitNobody, "nobody else", "--join")
		p := s.start(t, "send", "--ephemeral", "--timeout", "3s", "--to", "bo", "--text", "x")
		p.wantError(exitNobody, `"bo" is not in the room`, "lanyap peers")
		if took := time.Since(p.started); took < 3*time.Second {
			t.Errorf("gave up after %v", took)
		}
		p = s.start(t, "send", "--ephemeral", "--text", "x")
		settle()
		p.cancel(&signalError{signal: syscall.SIGINT})
		p.wantExit(130)
	})
}

func TestSendToOneOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		one, two := n.on("bo", "--json"), n.on("bo", "--json")
		settle()
		ids := []string{one.of("ready")[0]["id"].(string), two.of("ready")[0]["id"].(string)}
		send := func(to string) *program {
			return setting{network: n.lan.Host("ana"), sharer: scriptedBy(nil)}.start(t, n.args("ana", []string{"send", "--to", to, "--text", "x"})...)
		}
		send("bo").wantError(exitUsage, `"bo" is the name of 2 people`, ids[0], ids[1], "name the ID")
		send(ids[0]).wantExit(exitOK)
		one.cancel(nil)
		one.exit()
		two.cancel(nil)
		two.exit()
	})
}

func TestReceiveWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		s := setting{network: n.lan.Host("bo"), sharer: scriptedBy(nil)}
		dir := t.TempDir()
		s.start(t, n.args("bo", []string{"receive", dir})...).wantError(exitUsage, "nobody can be asked", "--yes what all send")
		s.start(t, n.args("bo", []string{"receive", dir, "--yes", "--timeout", "3s"})...).wantError(exitNobody, "nobody offered anything", "--timeout")
		p := s.start(t, n.args("bo", []string{"recv", dir, "--from", "ana", "--json"})...)
		settle()
		time.Sleep(time.Hour) // without --timeout it waits
		p.running()
		if got := p.of("ready"); len(got) != 1 || got[0]["dir"] != dir {
			t.Errorf("ready: %v", got)
		}
		p.cancel(&signalError{signal: syscall.SIGTERM})
		p.wantExit(143)
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.start(t, n.args("bo", []string{"receive", file, "--yes"})...).wantError(exitUsage, "no such directory", "mkdir")
	})
}

// TestPathsAreLookedAtFirst holds that a mistake in a path is told of before
// anybody is waited for.
func TestPathsAreLookedAtFirst(t *testing.T) {
	p := setting{sharer: scriptedBy(nil)}.start(t, "send", "--ephemeral", t.TempDir(), filepath.Join(t.TempDir(), "nothing"))
	p.wantError(exitUsage, "nothing: there is no such file", "that are here")
	if out := p.out.String(); out != "" || strings.Contains(p.err.String(), "*") {
		t.Errorf("it told %q and %q", out, p.err.String())
	}
}
