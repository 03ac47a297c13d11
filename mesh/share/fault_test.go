package share_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// slow is two of whom one sends a MiB a second, so that something can happen
// meanwhile.
func slow(t *testing.T, size int) (ana, bo *person, path string) {
	t.Helper()
	r := newRoom(t)
	ana, bo = r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo")
	meet(t, ana, bo)
	return ana, bo, file(t, filepath.Join(t.TempDir(), "film"), size)
}

// A file that changes while it is sent is told to the receiver, and the others go
// on.
func TestFileThatChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := slow(t, 0)
		top := t.TempDir()
		for _, name := range []string{"a", "b", "c"} {
			file(t, filepath.Join(top, name), 5<<20)
		}
		c := collect(t, filepath.Join(top, "a"), filepath.Join(top, "b"), filepath.Join(top, "c"))
		sent := ana.send(c, bo)
		got := bo.accept()
		time.Sleep(5 * time.Second)
		if err := os.Truncate(filepath.Join(top, "b"), 100); err != nil {
			t.Fatal(err)
		}
		for _, tr := range []*share.Transfer{sent, got} {
			err := ended(t, tr)
			var whole *share.IncompleteError
			if !errors.As(err, &whole) || whole.Failed != 1 || whole.Failures[0].Path != "b" || !errors.Is(err, share.ErrChanged) || whole.Cause != nil {
				t.Errorf("incoming %v: %v", tr.Incoming(), err)
			}
			if p := tr.Progress(); p.FilesDone != 2 {
				t.Errorf("incoming %v: %d files done, want 2", tr.Incoming(), p.FilesDone)
			}
		}
		for name, want := range map[string]bool{"a": true, "b": false, "c": true} {
			if _, err := os.Stat(filepath.Join(bo.home, name)); (err == nil) != want {
				t.Errorf("%s has landed: %v, want %v", name, !want, want)
			}
		}
	})
}

func TestFileThatIsGone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1<<20)
		sent := ana.send(collect(t, path), bo)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		got := bo.accept()
		for _, tr := range []*share.Transfer{sent, got} {
			wantErr(t, tr, share.ErrUnreadable)
			wantErr(t, tr, share.ErrIncomplete)
		}
		nothing(t, bo.home)
	})
}

// What is wrong at the receiver is told to the sender.
func TestDestinationThatIsNone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1<<20)
		sent := ana.send(collect(t, path), bo)
		got, err := bo.offer().Accept(t.Context(), share.Destination{Dir: filepath.Join(bo.home, "nowhere")})
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, got, share.ErrReadOnly)
		wantErr(t, sent, share.ErrReadOnly)
	})
}
