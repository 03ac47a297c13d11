//go:build linux

package browser

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// lonely has this test binary start a browser and wait to be killed.
const lonely = "BROWSER_TEST_LONELY"

// TestTestIsKilled kills a test process, which can then end nothing.
func TestTestIsKilled(t *testing.T) {
	if os.Getenv(lonely) != "" {
		b := Start(t, Config{})
		b.Open("about:blank")
		fmt.Println("browser", b.PID(), b.dir)
		for _, pid := range b.renderers() {
			fmt.Println("page", pid)
		}
		fmt.Println("all")
		select {}
	}
	Need(t, "chromium")
	cmd := exec.Command(os.Args[0], "-test.run", "^TestTestIsKilled$")
	cmd.Env = append(os.Environ(), lonely+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	var pids []int
	for in := bufio.NewScanner(out); in.Scan() && in.Text() != "all"; {
		var kind string
		var pid int
		if n, _ := fmt.Sscan(in.Text(), &kind, &pid, &dir); n >= 2 {
			pids = append(pids, pid)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(pids) < 2 || dir == "" {
		t.Fatalf("processes %v, profile %q", pids, dir)
	}
	eventually(t, "all processes end", func() bool { return !slices.ContainsFunc(pids, runs) })
	p := newProcess(t)
	p.removeProfile()
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is left", dir)
	}
}

// TestLastWords keeps what a browser says at its end, and leaves out what it
// always says.
func TestLastWords(t *testing.T) {
	var w tail
	for i := range 100 {
		fmt.Fprintf(&w, "line %d\n[1:2:ERROR:dbus/bus.cc] no bus\nhalf", i)
		fmt.Fprint(&w, " a line\n")
	}
	lines := strings.Split(w.String(), "\n")
	if len(lines) != tailLines || lines[tailLines-1] != "half a line" || lines[tailLines-2] != "line 99" {
		t.Errorf("kept %q", lines)
	}
}
