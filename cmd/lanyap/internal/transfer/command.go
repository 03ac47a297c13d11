package transfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh/share"
)

// Command is what is run for each item that has arrived: by sh -c, or on Windows
// by cmd /C. What it is about stands in its environment, never in its command
// line, where a name could be taken for more than that. A text is its input.
type Command struct {
	Line           string
	Stdout, Stderr io.Writer
}

// commandWait is how long a command may take to go after it was asked to, and
// others that it started to close its output.
const commandWait = time.Second

// run returns when the command for an item has ended. When ctx ends it is asked
// to go.
func (c *Command) run(ctx context.Context, d Deal, item share.Landed) error {
	cmd := shell(ctx, c.Line)
	cmd.Env = append(withoutSecret(os.Environ()), environment(d, item)...)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if d.Text != "" {
		cmd.Stdin = strings.NewReader(d.Text)
	}
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = commandWait
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // something that it started in the background goes on
	}
	return err
}

// withoutSecret returns the environment without the secret of a room, which is the
// program's and nobody else's.
func withoutSecret(env []string) []string {
	return slices.DeleteFunc(env, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return strings.EqualFold(name, "LANYAP_SECRET") // Windows knows no case
	})
}

// environment returns what a command is told. Names are as a terminal may show
// them.
func environment(d Deal, item share.Landed) []string {
	kind, size := kind(item.Item), item.Size
	switch {
	case d.Text != "":
		kind, size = "text", d.Size
	}
	return []string{
		"LANYAP_PATH=" + item.Path,
		"LANYAP_KIND=" + kind,
		"LANYAP_SIZE=" + strconv.FormatInt(size, 10),
		"LANYAP_SENDER=" + cmp.Or(safe.Line(d.Peer.Name), d.Peer.ID.Short()),
		"LANYAP_SENDER_ID=" + d.Peer.ID.String(),
	}
}
