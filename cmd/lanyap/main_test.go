package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/meshtest"
)

// asProgram makes the test binary be the program; "alone": on a network of its
// own.
const asProgram = "LANYAP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	how := os.Getenv(asProgram)
	os.Unsetenv(asProgram)
	switch how {
	case "":
		os.Exit(m.Run())
	case "alone":
		a := newApp(os.Stdin, os.Stdout, os.Stderr)
		a.network = meshtest.NewLAN().Host("alone")
		os.Exit(a.main(os.Args[1:]))
	}
	main()
}

// programDir returns a directory in which lanyap is the program under test, as
// scripts and shells find it, and the environment to run things in.
func programDir(t *testing.T) (dir string, env []string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("this test runs a Unix shell")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "lanyap")); err != nil {
		t.Fatal(err)
	}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, envPrefix) {
			env = append(env, e)
		}
	}
	return dir, append(env, asProgram+"=1", "LANYAP_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+dir+":"+os.Getenv("PATH"))
}

// shell runs a script in the shell of that name, and returns what it printed.
func shell(t *testing.T, name, script string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("there is no " + name + " here")
	}
	dir, env := programDir(t)
	cmd := exec.Command(path, append(args, "-c", script)...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
