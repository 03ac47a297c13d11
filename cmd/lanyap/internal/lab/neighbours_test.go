//go:build linux

package lab

import (
	"bufio"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// fakeNeighbours has files in place of the kernel's settings.
func fakeNeighbours(t testing.TB) neighbours {
	t.Helper()
	n := neighbours{sysctls: t.TempDir(), dir: t.TempDir(), want: map[string]int{"low": 100, "high": 100}}
	for key, value := range untouched {
		if err := os.WriteFile(filepath.Join(n.sysctls, key), []byte(strconv.Itoa(value)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

var (
	untouched = map[string]int{"low": 10, "high": 1000}
	raised    = map[string]int{"low": 100, "high": 1000}
)

func (n neighbours) holds(t *testing.T, want map[string]int, when string) {
	t.Helper()
	if got, err := n.values(); err != nil || !maps.Equal(got, want) {
		t.Errorf("%s: %v, %v, want %v", when, got, err, want)
	}
}

func raise(t *testing.T, n neighbours) (lower func()) {
	t.Helper()
	put, err := n.raise()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := put(); err != nil {
			t.Error(err)
		}
	}
}

func TestNeighboursArePutBackByTheLast(t *testing.T) {
	n := fakeNeighbours(t)
	first := raise(t, n)
	n.holds(t, raised, "one lab")
	second := raise(t, n)
	first()
	n.holds(t, raised, "the other lab")
	third := raise(t, n)
	second()
	second() // twice is once
	n.holds(t, raised, "the last lab")
	third()
	n.holds(t, untouched, "no lab")
}

func TestNeighboursArePutBackAfterAFailure(t *testing.T) {
	n := fakeNeighbours(t)
	for name, target := range map[string]string{
		"not there":    filepath.Join(n.sysctls, "nothing"),
		"not writable": "/proc/sys/kernel/cap_last_cap", // not for root either
	} {
		if err := os.Symlink(target, filepath.Join(n.sysctls, name)); err != nil {
			t.Fatal(err)
		}
		n.want[name] = 1 << 20
		if _, err := n.raise(); err == nil {
			t.Errorf("raised what is %s", name)
		}
		delete(n.want, name)
		n.holds(t, untouched, "after what is "+name)
	}
	raise(t, n)()
	n.holds(t, untouched, "after the next")
}

// A process that is killed puts nothing back. Whoever comes next does, and does
// not take what it finds for what was there.
func TestNeighboursArePutBackAfterAKill(t *testing.T) {
	n := fakeNeighbours(t)
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "LAB_HELPER=raise", "LAB_SYSCTLS="+n.sysctls, "LAB_DIR="+n.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Error("the other process did not raise")
	}
	n.holds(t, raised, "the other process")
	mine := raise(t, n)
	mine()
	n.holds(t, raised, "the other process still")
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed, which is no news
	n.holds(t, raised, "after a kill")
	raise(t, n)()
	n.holds(t, untouched, "after the next")
}

// helpRaise is the other process: it raises and waits for its end.
func helpRaise() {
	n := neighbours{sysctls: os.Getenv("LAB_SYSCTLS"), dir: os.Getenv("LAB_DIR"), want: map[string]int{"low": 100, "high": 100}}
	if _, err := n.raise(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("raised\n")
	os.Stdin.Read(make([]byte, 1))
}
