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
	paths map[order]string
	errs  map[order]error
}

// order is what somebody wants to have built.
type order struct {
	dir     string // of the module; empty: the test's own
	pkg     string
	movable bool // its clock can be moved
}

// Build builds a main package once for each test process and returns the path
// of the program. With the race detector in the test it is in the program too.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	return built(t, order{pkg: pkg})
}

// BuildModule is Build for the main package in the root of another module, which
// dir is, relative to the test's package.
func BuildModule(t testing.TB, dir string) string {
	t.Helper()
	return built(t, order{dir: dir, pkg: "."})
}

func built(t testing.TB, what order) string {
	t.Helper()
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if builds.paths == nil {
		builds.paths, builds.errs = make(map[order]string), make(map[order]error)
	}
	if _, done := builds.paths[what]; !done {
		builds.paths[what], builds.errs[what] = build(what)
	}
	if err := builds.errs[what]; err != nil {
		t.Fatal(err)
	}
	return builds.paths[what]
}

// build runs with builds.mu held.
func build(what order) (string, error) {
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
	path := filepath.Join(builds.dir, filepath.Base(filepath.Join(what.dir, what.pkg)))
	// What commit it is says nothing to a test, and Git refuses to tell of a
	// copy that belongs to somebody else.
	args := []string{"build", "-buildvcs=false"}
	if raceEnabled {
		args = append(args, "-race")
	}
	if what.movable {
		path += "-movable"
		overlay, err := movableClock(builds.dir)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "-o", path, what.pkg)...)
	cmd.Dir = what.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("lab: build %s: %w\n%s", filepath.Join(what.dir, what.pkg), err, out)
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
