package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// smallGroup makes a control group of 64 MiB and returns its directory.
func smallGroup(t *testing.T) string {
	t.Helper()
	for _, mount := range []struct{ dir, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(mount.dir, fmt.Sprint("lanyap-test-", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, mount.limit), []byte("67108864"), 0o644); err != nil {
			_ = os.Remove(dir)
			continue
		}
		t.Cleanup(func() { removeGroup(t, dir) })
		return dir
	}
	t.Skip("no control group with a memory limit can be made here; that takes root")
	return ""
}

// removeGroup removes a control group once the kernel has seen its processes end.
func removeGroup(t *testing.T, dir string) {
	for range 100 {
		if err := os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s is left", dir)
}

// TestLivesInASmallContainer says 48 MiB within a memory limit of 64 MiB, to
// one who reads all of it.
func TestLivesInASmallContainer(t *testing.T) {
	if testing.Short() {
		t.Skip("says 48 MiB")
	}
	if raceEnabled {
		t.Skip("the race detector needs several times the memory")
	}
	group := smallGroup(t)
	dir, env := programDir(t)
	ear := spawn(t, func(cmd *exec.Cmd) { cmd.Stdout = io.Discard }, onLoopback(t, "chat", "--listen")...)
	defer func() {
		_ = ear.Process.Kill()
		_ = ear.Wait()
	}()
	line := strings.Repeat("x", 48<<10) + "\n"
	args := onLoopback(t, "chat", "--wait", "1", "--timeout", "50s")
	mouth := exec.Command("/bin/sh", append([]string{"-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group, filepath.Join(dir, "lanyap")}, args...)...)
	p := &started{Cmd: mouth, t: t}
	mouth.Env, mouth.Stderr = env, &p.stderr
	mouth.Stdin = strings.NewReader(strings.Repeat(line, 1024))
	if err := mouth.Start(); err != nil {
		t.Fatal(err)
	}
	p.wantExit(exitOK)
}
