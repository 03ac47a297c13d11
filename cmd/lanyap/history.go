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

// historyFlags say what is remembered of what was said earlier.
type historyFlags struct {
	count int
	file  string
}

// register adds the flags. --history-file takes a path, as its name says. A
// switch for a file in the state directory would be shorter, but all programs
// of a user in a room would then want the same one, wherever they keep the rest
// of what they write.
func (h *historyFlags) register(flags *pflag.FlagSet) {
	flags.IntVar(&h.count, "history", maxHistory, "ask for the last `N` messages said earlier, and tell them to those who ask; 0: neither")
	flags.StringVar(&h.file, "history-file", "", "keep the history in the file `PATH`; a directory: in a file for each room")
}

func (h *historyFlags) check() error {
	switch {
	case h.count < 0:
		return usage("use 0 for no history", "--history %d is no number of messages", h.count)
	case h.count > maxHistory:
		return usage(fmt.Sprintf("use at most %d; more is kept nowhere", maxHistory), "--history %d is too many", h.count)
	case strings.HasPrefix(h.file, "-"):
		return usage("write --history-file lan.db, or ./"+h.file+" if that is its name", "--history-file %q looks like another flag", h.file)
	}
	return nil
}

// config sets what the flags say of a node in room.
func (h *historyFlags) config(cfg *mesh.Config, room string) {
	if h.count == 0 {
		cfg.History = -1
		return
	}
	cfg.History, cfg.HistoryFile = h.count, h.path(room)
}

// path returns the file for room. Its name says nothing of the room's, which
// may hold anything.
func (h *historyFlags) path(room string) string {
	info, err := os.Stat(h.file)
	isDir := err == nil && info.IsDir()
	if h.file == "" || !isDir && !os.IsPathSeparator(h.file[len(h.file)-1]) {
		return h.file
	}
	tag := sha256.Sum256([]byte("lanyap history" + room))
	return filepath.Join(h.file, fmt.Sprintf("history-%x.db", tag[:8]))
}

// joinChat makes the node of a chat. If another process keeps the history in
// that file, this one goes on without it; the notes say so.
func (a *app) joinChat(ctx context.Context, flags chatFlags) (*mesh.Node, []chat.Warning, error) {
	cfg := mesh.Config{Services: []string{chat.Service}}
	flags.historyFlags.config(&cfg, flags.room)
	path := cfg.HistoryFile
	node, err := a.join(ctx, flags.networkFlags, cfg)
	switch {
	case errors.Is(err, mesh.ErrHistoryHeld):
		cfg.HistoryFile = ""
		node, err = a.join(ctx, flags.networkFlags, cfg)
		note := fmt.Sprintf("history file %s is held by another process, which keeps the history; going on without it", path)
		return node, []chat.Warning{{Text: note}}, err
	case err != nil && path != "" && strings.Contains(err.Error(), path):
		return nil, nil, &failure{
			code: exitFailure,
			text: err.Error(),
			hint: "mend or remove that file, name another one with --history-file, or leave it out",
		}
	}
	return node, nil, err
}
