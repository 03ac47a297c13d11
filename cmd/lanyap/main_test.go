package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// asProgram makes the test binary be the program.
const asProgram = "LANYAP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
	os.Exit(m.Run())
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
