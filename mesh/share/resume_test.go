package share_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// A cable that is pulled and put back costs what was on its way.
func TestCutGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := slow(t, 30<<20)
		sent := ana.send(collect(t, path), bo)
		got := bo.accept()
		time.Sleep(15 * time.Second)
		bo.host.Cut()
		time.Sleep(time.Minute)
		for _, tr := range []*share.Transfer{sent, got} {
			if p := tr.Progress(); p.Phase != share.Waiting {
				t.Errorf("incoming %v: cut off, and %v", tr.Incoming(), p.Phase)
			}
		}
		bo.host.Heal()
		done(t, sent, got)
		same(t, filepath.Dir(path), bo.home)
		if p := got.Progress(); p.Received > 30<<20+30<<20/100 {
			t.Errorf("%d bytes received of %d", p.Received, p.Bytes)
		}
	})
}

// A receiver that is started anew goes on from what it had.
func TestReceiverStartsAnew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := slow(t, 30<<20)
		sent := ana.send(collect(t, path), bo)
		first := bo.accept()
		time.Sleep(15 * time.Second)
		bo.host.Kill()
		bo.stop()
		_ = ended(t, first)
		time.Sleep(5 * time.Second)
		bo.start(share.Config{Receive: true})
		o := bo.offer()
		if o.Partial == nil || o.Partial.Have < 10<<20 || o.Partial.Dir != bo.home {
			t.Errorf("partial: %+v", o.Partial)
		}
		got, err := o.Accept(t.Context(), share.Destination{Dir: bo.home})
		if err != nil {
			t.Fatal(err)
		}
		done(t, sent, got)
		same(t, filepath.Dir(path), bo.home)
		if p := got.Progress(); p.Skipped < 10<<20 || p.Received+p.Skipped != 30<<20 {
			t.Errorf("%+v", p)
		}
	})
}

// A sender that is started anew and told the same goes on too.
func TestSenderStartsAnew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := slow(t, 30<<20)
		ana.send(collect(t, path), bo)
		got := bo.accept()
		time.Sleep(15 * time.Second)
		ana.host.Kill()
		ana.stop()
		time.Sleep(5 * time.Second)
		if p := got.Progress(); p.Phase != share.Waiting {
			t.Errorf("the sender is gone, and %v", p.Phase)
		}
		ana.start(share.Config{})
		meet(t, ana, bo)
		sent := ana.send(collect(t, path), bo)
		done(t, sent, got)
		same(t, filepath.Dir(path), bo.home)
		if p := sent.Progress(); p.Sent > 20<<20 || p.BytesDone != p.Bytes || p.Sent == 0 {
			t.Errorf("%+v", p)
		}
	})
}

// Of what is there already nothing is sent.
func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 3<<20)
		done(t, ana.send(collect(t, path), bo), bo.accept())
		sent := ana.send(collect(t, path), bo)
		got := bo.accept()
		done(t, sent, got)
		if p := sent.Progress(); p.Sent != 0 || p.Skipped != p.Bytes {
			t.Errorf("%+v", p)
		}
		same(t, filepath.Dir(path), bo.home)
	})
}

// A file of the same name and size that is another is found to be one, at once.
func TestAnotherOfThatNameIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 3<<20)
		other := file(t, filepath.Join(t.TempDir(), "another"), 3<<20)
		if err := os.Rename(other, filepath.Join(bo.home, "film")); err != nil {
			t.Fatal(err)
		}
		sent := ana.send(collect(t, path), bo)
		begun := time.Now()
		got, err := bo.offer().Accept(t.Context(), share.Destination{Dir: bo.home, Conflict: share.Overwrite})
		if err != nil {
			t.Fatal(err)
		}
		done(t, sent, got)
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		same(t, filepath.Dir(path), bo.home)
	})
}

// Of a folder of many files those that are there are found out, and the rest is
// sent.
func TestManyFilesAreThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		top := filepath.Join(t.TempDir(), "many")
		folder(t, top, 3000, 500)
		done(t, ana.send(collect(t, top), bo), bo.accept())
		for i := range 10 {
			file(t, filepath.Join(top, fmt.Sprint("new", i)), 500)
		}
		begun := time.Now()
		sent := ana.send(collect(t, top), bo)
		got, err := bo.offer().Accept(t.Context(), share.Destination{Dir: bo.home, Conflict: share.Overwrite})
		if err != nil {
			t.Fatal(err)
		}
		done(t, sent, got)
		if p := sent.Progress(); p.Sent != 10*500 || p.Skipped != 3000*500 {
			t.Errorf("%+v", p)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %v", took)
		}
		same(t, filepath.Dir(top), bo.home)
	})
}

// A folder with small files and one of several pieces, sent again: all is there.
func TestFolderIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		top := filepath.Join(t.TempDir(), "mixed")
		folder(t, top, 200, 500)
		file(t, filepath.Join(top, "large"), 1<<20)
		for _, conflict := range []share.Conflict{share.Rename, share.Skip, share.Overwrite} {
			sent := ana.send(collect(t, top), bo)
			got, err := bo.offer().Accept(t.Context(), share.Destination{Dir: bo.home, Conflict: conflict})
			if err != nil {
				t.Fatal(err)
			}
			done(t, sent, got)
			same(t, filepath.Dir(top), bo.home)
			if p := sent.Progress(); conflict != share.Rename && p.Sent != 0 {
				t.Errorf("%d bytes were sent again", p.Sent)
			}
			if err := os.Chtimes(filepath.Join(top, "large"), time.Time{}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
