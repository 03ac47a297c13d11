//go:build unix

package transfer

import (
	"context"
	"os"
	"os/exec"
)

func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "/bin/sh", "-c", line)
}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
