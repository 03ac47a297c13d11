package transfer

import (
	"context"
	"os"
	"os/exec"
	"syscall"
)

// shell hands the line to cmd.exe as it is: that takes arguments apart by rules of
// its own.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return cmd
}

func interrupt(p *os.Process) error { return p.Kill() }
