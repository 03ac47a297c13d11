package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// builds holds the programs that this test process has built.
var builds struct {
	mu    sync.Mutex // guards what follows
	dir   string
	paths map[string]string
	errs  map[string]error
}

// Build builds a main package once for each test process and returns the path
// of the program. With the race detector in the test it is in the program too.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if builds.paths == nil {
		builds.paths, builds.errs = make(map[string]string), make(map[string]error)
	}
	if _, done := builds.paths[pkg]; !done {
		builds.paths[pkg], builds.errs[pkg] = build(pkg)
	}
	if err := builds.errs[pkg]; err != nil {
		t.Fatal(err)
	}
	return builds.paths[pkg]
}

// build runs with builds.mu held.
func build(pkg string) (string, error) {
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "lanyap-lab-")
		if err != nil {
			return "", err
		}
		// Programs that run as another user are started from here.
		if err := os.Chmod(dir, 0o755); err != nil {
			return "", err
		}
		builds.dir = dir
	}
	path := filepath.Join(builds.dir, filepath.Base(pkg))
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, pkg)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("lab: build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// Main runs the tests of a package that builds programs, and removes these
// afterwards. TestMain calls it.
func Main(m *testing.M) int {
	defer func() {
		builds.mu.Lock()
		defer builds.mu.Unlock()
		if builds.dir == "" {
			return
		}
		if err := os.RemoveAll(builds.dir); err != nil {
			fmt.Fprintln(os.Stderr, "lab:", err)
		}
	}()
	return m.Run()
}
