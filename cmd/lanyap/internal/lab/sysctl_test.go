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

// fakeSysctls has files in place of the kernel's settings.
func fakeSysctls(t testing.TB) sysctls {
	t.Helper()
	s := sysctls{name: "test", root: t.TempDir(), dir: t.TempDir(), want: map[string]int{"low": 100, "high": 100}}
	for key, value := range untouched {
		if err := os.WriteFile(filepath.Join(s.root, key), []byte(strconv.Itoa(value)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var (
	untouched = map[string]int{"low": 10, "high": 1000}
	raised    = map[string]int{"low": 100, "high": 1000}
)

func (s sysctls) holds(t *testing.T, want map[string]int, when string) {
	t.Helper()
	if got, err := s.values(); err != nil || !maps.Equal(got, want) {
		t.Errorf("%s: %v, %v, want %v", when, got, err, want)
	}
}

func raise(t *testing.T, s sysctls) (lower func()) {
	t.Helper()
	put, err := s.raise()
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

func TestSysctlsArePutBackByTheLast(t *testing.T) {
	s := fakeSysctls(t)
	first := raise(t, s)
	s.holds(t, raised, "one lab")
	second := raise(t, s)
	first()
	s.holds(t, raised, "the other lab")
	third := raise(t, s)
	second()
	second() // twice is once
	s.holds(t, raised, "the last lab")
	third()
	s.holds(t, untouched, "no lab")
}

func TestSysctlsArePutBackAfterAFailure(t *testing.T) {
	s := fakeSysctls(t)
	for name, target := range map[string]string{
		"not there":    filepath.Join(s.root, "nothing"),
		"not writable": "/proc/sys/kernel/cap_last_cap", // not for root either
	} {
		if err := os.Symlink(target, filepath.Join(s.root, name)); err != nil {
			t.Fatal(err)
		}
		s.want[name] = 1 << 20
		if _, err := s.raise(); err == nil {
			t.Errorf("raised what is %s", name)
		}
		delete(s.want, name)
		s.holds(t, untouched, "after what is "+name)
	}
	raise(t, s)()
	s.holds(t, untouched, "after the next")
}

// A process that is killed puts nothing back. Whoever comes next does, and does
// not take what it finds for what was there.
func TestSysctlsArePutBackAfterAKill(t *testing.T) {
	s := fakeSysctls(t)
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "LAB_HELPER=raise", "LAB_SYSCTLS="+s.root, "LAB_DIR="+s.dir)
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
	s.holds(t, raised, "the other process")
	mine := raise(t, s)
	mine()
	s.holds(t, raised, "the other process still")
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed, which is no news
	s.holds(t, raised, "after a kill")
	raise(t, s)()
	s.holds(t, untouched, "after the next")
}

// helpRaise is the other process: it raises and waits for its end.
func helpRaise() {
	s := sysctls{name: "test", root: os.Getenv("LAB_SYSCTLS"), dir: os.Getenv("LAB_DIR"), want: map[string]int{"low": 100, "high": 100}}
	if _, err := s.raise(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("raised\n")
	os.Stdin.Read(make([]byte, 1))
}
