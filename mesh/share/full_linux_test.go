package share_test

import (
	"bytes"
	"errors"
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

// A disk that is full of uploads is told to who uploads, and does no harm once there
// is room.
func TestUploadFillsTheDisk(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		home := bo.home
		small(t, bo) // for what comes
		spool := bo.home
		filler := filepath.Join(spool, ".filler")
		if err := os.WriteFile(filler, make([]byte, 3<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("lanyap! "), 3<<20/8)
		c, in, err := share.Expect(spool, []share.Expected{{Path: "film", Size: int64(len(data))}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		sent := ana.send(c, bo)
		got, err := bo.offer().Accept(t.Context(), share.Destination{Dir: home})
		if err != nil {
			t.Fatal(err)
		}
		n, err := in.Write(0, 0, bytes.NewReader(data))
		if !errors.Is(err, share.ErrNoSpace) || n != in.Offset(0) || n == 0 {
			t.Fatalf("took %d bytes, has %d: %v", n, in.Offset(0), err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(0, n, bytes.NewReader(data[n:])); err != nil {
			t.Fatal(err)
		}
		done(t, sent, got)
		if landed, err := os.ReadFile(filepath.Join(home, "film")); err != nil || !bytes.Equal(landed, data) {
			t.Errorf("%d bytes have landed, want %d: %v", len(landed), len(data), err)
		}
		c.Close()
	})
}
