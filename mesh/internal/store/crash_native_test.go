//go:build !js

package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/store"
)

const childVariable = "STORE_TEST_CHILD"

// TestMain makes the process that TestKilled kills of the test program.
func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		addForEver(path)
	}
	os.Exit(m.Run())
}

// addForEver adds numbered frames and prints how many are safe.
func addForEver(path string) {
	s, err := store.Open(path, room, store.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := 1; ; i++ {
		add(s, fmt.Sprint("message ", i))
		if i%10 == 0 {
			if _, err := s.Load(); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(i)
		}
	}
}

func TestKilled(t *testing.T) {
	for _, rounds := range []int{1, 7, 30} {
		path := newPath(t)
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		safe := 0
		for range rounds {
			if !lines.Scan() {
				break
			}
			if _, err := fmt.Sscan(lines.Text(), &safe); err != nil {
				t.Errorf("child: %s", lines.Text())
			}
		}
		if _, err := store.Open(path, room, store.Options{}); !errors.Is(err, store.ErrHeld) {
			t.Errorf("a second process gets %v, want %v", err, store.ErrHeld)
		}
		child.Process.Kill()
		child.Wait()

		s := openStore(t, path)
		got := frames(t, s)
		if len(got) < min(safe, store.MaxEntries) {
			t.Errorf("%d are left of %d that were written", len(got), safe)
		}
		var first int
		if len(got) > 0 {
			fmt.Sscanf(got[0], "message %d", &first)
		}
		for i, frame := range got {
			if frame != fmt.Sprint("message ", first+i) {
				t.Fatalf("entry %d is %q, after one from %d on", i, frame, first)
			}
		}
		add(s, "after")
		closeStore(t, s)
	}
}
