package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/mesh"
)

// maxHistory is how many messages a mesh keeps at most.
const maxHistory = 1000

// historyFlags say what is shown and what is kept of what was said earlier.
type historyFlags struct {
	show  int
	shown bool // show was given
	keep  int
	file  string
}

// register adds the flags. --history-file takes a path, as its name says. A
// switch for a file in the state directory would be shorter, but all programs
// of a user in a room would then want the same one, wherever they keep the rest
// of what they write.
func (h *historyFlags) register(flags *pflag.FlagSet) {
	flags.IntVar(&h.show, "history", 0, fmt.Sprintf("show the last `N` messages said earlier (default %d on a terminal, otherwise none)", maxHistory))
	h.registerKeeping(flags)
}

// registerKeeping adds the flags of those who keep and show nothing.
func (h *historyFlags) registerKeeping(flags *pflag.FlagSet) {
	flags.IntVar(&h.keep, "keep-history", maxHistory, "keep the last `N` messages for those who come later")
	flags.StringVar(&h.file, "history-file", "", "keep them in the file `PATH` too; a directory: in a file for each room")
}

func (h *historyFlags) check(flags *pflag.FlagSet) error {
	h.shown = flags.Changed("history")
	for name, n := range map[string]int{"history": h.show, "keep-history": h.keep} {
		switch {
		case n < 0:
			return usage("use 0 for none", "--%s %d is no number of messages", name, n)
		case n > maxHistory:
			return usage(fmt.Sprintf("use at most %d; more is kept nowhere", maxHistory), "--%s %d is too many", name, n)
		}
	}
	switch {
	case strings.HasPrefix(h.file, "-"):
		return usage("write --history-file lan.db, or ./"+h.file+" if that is its name", "--history-file %q looks like another flag", h.file)
	case h.file != "" && h.keep == 0:
		return usage("leave one of them out; --history 0 shows nothing and keeps all the same", "--keep-history 0 keeps nothing, --history-file is there to keep it")
	}
	return nil
}

// config sets what the flags say of a node in room. A person is shown what was
// said earlier; a program has it only if it asks, for otherwise it would act
// upon it again at each start.
func (h *historyFlags) config(cfg *mesh.Config, room string, person bool) {
	show := h.show
	if person && !h.shown {
		show = maxHistory
	}
	cfg.History, cfg.KeepHistory = orNone(show), orNone(h.keep)
	cfg.HistoryFile = h.path(room)
}

// orNone is how a mesh.Config says n.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// path returns the file for room. Its name says nothing of the room's, which
// may hold anything.
func (h *historyFlags) path(room string) string {
	info, err := os.Stat(h.file)
	isDir := err == nil && info.IsDir()
	if h.file == "" || !isDir && !os.IsPathSeparator(h.file[len(h.file)-1]) {
		return h.file
	}
	return filepath.Join(h.file, "history-"+roomTag("lanyap history", room)+".db")
}

// roomTag names a room in the name of a file, of some kind.
func roomTag(kind, room string) string {
	tag := sha256.Sum256([]byte(kind + room))
	return fmt.Sprintf("%x", tag[:8])
}

// joinChat makes the node of a chat.
func (a *app) joinChat(ctx context.Context, flags chatFlags, person bool) (*mesh.Node, []chat.Warning, error) {
	cfg := mesh.Config{Topic: chat.Topic}
	flags.historyFlags.config(&cfg, flags.room, person)
	node, notes, err := a.joinKeeping(ctx, flags.networkFlags, cfg)
	var warnings []chat.Warning
	for _, note := range notes {
		warnings = append(warnings, chat.Warning{Text: note})
	}
	return node, warnings, err
}

// joinKeeping makes a node that may keep the history in a file. If another process
// does so in that file, this one goes on without it; the notes say so.
func (a *app) joinKeeping(ctx context.Context, flags networkFlags, cfg mesh.Config) (node *mesh.Node, notes []string, err error) {
	path := cfg.HistoryFile
	node, err = a.join(ctx, flags, cfg)
	switch {
	case errors.Is(err, mesh.ErrHistoryHeld):
		cfg.HistoryFile = ""
		node, err = a.join(ctx, flags, cfg)
		note := fmt.Sprintf("history file %s is held by another process, which keeps the history; going on without it", path)
		return node, []string{note}, err
	case errors.Is(err, mesh.ErrHistory):
		return nil, nil, &failure{
			code: exitFailure,
			text: err.Error(),
			hint: "mend or remove that file, name another one with --history-file, or leave it out",
		}
	case err != nil:
		return nil, nil, err
	}
	if err := node.DiscoveryErr(); err != nil {
		note := fmt.Sprintf("nobody is found by multicast DNS: %v; lanyap doctor tells what to do", err)
		return node, []string{note}, nil
	}
	return node, nil, nil
}
