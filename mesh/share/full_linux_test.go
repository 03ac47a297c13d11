package share_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/mesh/share"
)

// small is a receiver's directory on a disk of 4 MiB.
func small(t *testing.T, p *person) {
	t.Helper()
	p.home = t.TempDir()
	if err := unix.Mount("tmpfs", p.home, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("no disk to fill here, mounting one takes root: " + err.Error())
	}
	t.Cleanup(func() {
		p.stop()
		if err := unix.Unmount(p.home, 0); err != nil {
			t.Error(err)
		}
	})
}

// A receiver without room for it says so before anything is sent.
func TestNoRoomIsToldAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 8<<20)
		small(t, bo)
		sent := ana.send(collect(t, path), bo)
		got := bo.accept()
		for _, tr := range []*share.Transfer{sent, got} {
			wantErr(t, tr, share.ErrNoSpace)
		}
		if p := sent.Progress(); p.Sent != 0 {
			t.Errorf("%d bytes were sent", p.Sent)
		}
		nothing(t, bo.home)
	})
}

// A disk that is filled meanwhile ends it on both sides, and nothing has landed.
func TestDiskThatFills(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := slow(t, 0)
		small(t, bo)
		top := folder(t, filepath.Join(t.TempDir(), "many"), 300, 10<<10)
		sent := ana.send(collect(t, top), bo)
		o := bo.offer()
		time.Sleep(5 * time.Second)
		got, err := o.Accept(t.Context(), share.Destination{Dir: bo.home})
		if err != nil {
			t.Fatal(err)
		}
		for got.Progress().BytesDone == 0 {
			time.Sleep(time.Millisecond)
		}
		_ = os.WriteFile(filepath.Join(bo.home, ".filler"), make([]byte, 5<<20), 0o600) // as much as fits
		for _, tr := range []*share.Transfer{sent, got} {
			wantErr(t, tr, share.ErrNoSpace)
			wantErr(t, tr, share.ErrIncomplete)
		}
		nothing(t, bo.home)
		if err := os.Remove(filepath.Join(bo.home, ".filler")); err != nil {
			t.Fatal(err)
		}
		again := ana.send(collect(t, top), bo)
		done(t, bo.accept(), again)
		same(t, filepath.Dir(top), bo.home)
	})
}
