package passphrase

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	if err := CreateFile(path, five); err != nil {
		t.Fatal(err)
	}
	if text, exposed, err := ReadFile(path); text != five+"\n" || exposed || err != nil {
		t.Errorf("read %q, %t, %v", text, exposed, err)
	}
	if err := CreateFile(path, "another one"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	if text, _, _ := ReadFile(path); text != five+"\n" {
		t.Errorf("then it is %q", text)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o711: false, 0o620: true, 0o602: true, 0o640: true, 0o604: true, 0o644: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, exposed, err := ReadFile(path); exposed != want || err != nil {
			t.Errorf("mode %o: exposed %t, %v", mode, exposed, err)
		}
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := ReadFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	if _, _, err := ReadFile(dir); err == nil {
		t.Error("a directory is read")
	}
	if err := CreateFile(filepath.Join(dir, "none", "k"), five); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no directory: %v", err)
	}
	film := filepath.Join(dir, "film")
	if err := os.WriteFile(film, []byte(strings.Repeat("a", maxInvite+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFile(film); !errors.Is(err, ErrLong) {
		t.Errorf("a film: %v", err)
	}
}

// TestPipe holds that a password manager may write it.
func TestPipe(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/fd for this here")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w.WriteString(five)
	w.Close()
	if text, exposed, err := ReadFile(fmt.Sprintf("/proc/self/fd/%d", r.Fd())); text != five || exposed || err != nil {
		t.Errorf("read %q, %t, %v", text, exposed, err)
	}
}
