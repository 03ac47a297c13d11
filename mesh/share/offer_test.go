package share_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// pair is two who have met, and a file of one of them.
func pair(t *testing.T, size int) (ana, bo *person, path string) {
	t.Helper()
	r := newRoom(t)
	ana, bo = r.enter("ana"), r.enter("bo")
	meet(t, ana, bo)
	return ana, bo, file(t, filepath.Join(t.TempDir(), "film"), size)
}

func wantErr(t *testing.T, tr *share.Transfer, want error) {
	t.Helper()
	if err := ended(t, tr); !errors.Is(err, want) {
		t.Errorf("incoming %v: ended with %v, want %v", tr.Incoming(), err, want)
	}
}

// nothing reports what has landed where nothing should have.
func nothing(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name()[0] != '.' {
			t.Errorf("%s has landed", e.Name())
		}
	}
}

func TestOfferSaysWhatItIs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		top := folder(t, filepath.Join(t.TempDir(), "slides"), 10, 100)
		sent := ana.send(collect(t, path, top), bo)
		o := bo.offer()
		if o.From.ID != ana.id.ID() || o.From.Name != "ana" || o.Count != 2 || o.Files != 11 || o.Size != 2000 || o.Partial != nil {
			t.Errorf("offered: %+v", o)
		}
		want := []share.Item{{Name: "film", Files: 1, Size: 1000}, {Name: "slides", Dir: true, Files: 10, Size: 1000}}
		if len(o.Items) != 2 || o.Items[0] != want[0] || o.Items[1] != want[1] {
			t.Errorf("items: %+v", o.Items)
		}
		synctest.Wait()
		if p := sent.Progress(); p.Phase != share.Asking || p.Peer.Name != "bo" {
			t.Errorf("the sender waits for a yes: %+v", p)
		}
		o.Decline()
		wantErr(t, sent, share.ErrDeclined)
	})
}

func TestDecline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		sent := ana.send(collect(t, path), bo)
		bo.offer().Decline()
		wantErr(t, sent, share.ErrDeclined)
		nothing(t, bo.home)
	})
}

func TestNobodyOfThatIDIsHere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, _, path := pair(t, 1000)
		sent, err := ana.sharer.Send(context.Background(), collect(t, path), peer.NewIdentity().ID())
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, sent, share.ErrNobody)
	})
}

func TestWhoDoesNotReceive(t *testing.T) {
	for name, without := range map[string]bool{"takes no offers": false, "has no sharer": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				ana, bo := r.enter("ana"), r.with("bo", share.Config{})
				meet(t, ana, bo)
				if without {
					bo.sharer.Close()
				}
				begun := time.Now()
				sent := ana.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 100)), bo)
				wantErr(t, sent, share.ErrNotReceiving)
				if took := time.Since(begun); took > time.Second {
					t.Errorf("told after %v", took)
				}
			})
		})
	}
}

func TestWithdraw(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		sent := ana.send(collect(t, path), bo)
		o := bo.offer()
		sent.Cancel()
		<-o.Withdrawn()
		if !errors.Is(o.Err(), share.ErrWithdrawn) {
			t.Errorf("withdrawn: %v", o.Err())
		}
		if _, err := o.Accept(t.Context(), share.Destination{Dir: bo.home}); !errors.Is(err, share.ErrWithdrawn) {
			t.Errorf("accepted after that: %v", err)
		}
		wantErr(t, sent, share.ErrCanceled)
	})
}

func TestSenderThatDiesWithdraws(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		ana.send(collect(t, path), bo)
		o := bo.offer()
		ana.host.Kill()
		<-o.Withdrawn()
		if !errors.Is(o.Err(), share.ErrNobody) {
			t.Errorf("withdrawn: %v", o.Err())
		}
	})
}

// Several programs of one ID are one recipient.
func TestFirstToAcceptTakesIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo, desk := r.enter("ana"), r.enter("bo"), r.enter("desk")
		desk.stop()
		desk.id = bo.id
		desk.start(share.Config{Receive: true})
		meet(t, ana, bo, desk)
		path := file(t, filepath.Join(t.TempDir(), "film"), 1000)
		sent := ana.send(collect(t, path), bo)
		first, second := bo.offer(), desk.offer()
		got, err := second.Accept(context.Background(), share.Destination{Dir: desk.home})
		if err != nil {
			t.Fatal(err)
		}
		<-first.Withdrawn()
		if !errors.Is(first.Err(), share.ErrTaken) {
			t.Errorf("withdrawn: %v", first.Err())
		}
		done(t, sent, got)
		same(t, filepath.Dir(path), desk.home)
		nothing(t, bo.home)
	})
}

// When one of them declines, the other may still take it.
func TestOneDeclinesAnotherAccepts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo, desk := r.enter("ana"), r.enter("bo"), r.with("desk", share.Config{})
		desk.stop()
		desk.id = bo.id
		desk.start(share.Config{Receive: true})
		meet(t, ana, bo, desk)
		sent := ana.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 1000)), bo)
		bo.offer().Decline()
		done(t, desk.accept(), sent)
	})
}

func TestText(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		sent := ana.send(share.Text("the door is open"), bo)
		synctest.Wait()
		if sent.Progress().Phase == share.Done {
			t.Error("done before anybody has seen it")
		}
		o := bo.offer()
		if o.Text != "the door is open" || o.Count != 0 {
			t.Errorf("offered: %+v", o)
		}
		done(t, sent)
		if _, err := o.Accept(t.Context(), share.Destination{Dir: bo.home}); err == nil {
			t.Error("a text was accepted")
		}
	})
}

func TestTooManyOffers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		c := collect(t, path)
		var waiting []*share.Transfer
		for range 8 {
			waiting = append(waiting, ana.send(c, bo))
			synctest.Wait()
		}
		wantErr(t, ana.send(c, bo), share.ErrBusy)
		bo.offer().Decline()
		wantErr(t, waiting[0], share.ErrDeclined)
		ana.send(c, bo)
		for range 8 {
			bo.offer().Decline()
		}
	})
}

func TestCancelBySender(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo")
		meet(t, ana, bo)
		sent := ana.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 30<<20)), bo)
		got := bo.accept()
		time.Sleep(5 * time.Second)
		sent.Cancel()
		wantErr(t, sent, share.ErrCanceled)
		wantErr(t, got, share.ErrCanceled)
		wantErr(t, got, share.ErrIncomplete)
		nothing(t, bo.home)
	})
}

func TestCancelByReceiver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo")
		meet(t, ana, bo)
		sent := ana.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 30<<20)), bo)
		got := bo.accept()
		time.Sleep(5 * time.Second)
		if p := got.Progress(); p.Phase != share.Moving || p.BytesDone == 0 || p.BytesDone == p.Bytes {
			t.Errorf("in the middle: %+v", p)
		}
		for _, tr := range []*share.Transfer{sent, got} {
			if p := tr.Progress(); p.Current != "film" {
				t.Errorf("incoming %v: %q moves", tr.Incoming(), p.Current)
			}
		}
		if p := sent.Progress(); p.Phase != share.Moving || p.BytesDone == 0 || p.BytesDone > got.Progress().BytesDone {
			t.Errorf("in the middle, at the sender: %+v", p)
		}
		got.Cancel()
		wantErr(t, got, share.ErrCanceled)
		wantErr(t, sent, share.ErrCanceled)
		nothing(t, bo.home)
	})
}

func TestCloseEndsEverything(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.with("ana", share.Config{UploadLimit: 1 << 20}), r.enter("bo")
		meet(t, ana, bo)
		path := file(t, filepath.Join(t.TempDir(), "film"), 30<<20)
		sent := ana.send(collect(t, path), bo)
		got := bo.accept()
		bo.send(collect(t, path), ana) // which nobody decides about
		time.Sleep(5 * time.Second)
		bo.sharer.Close()
		wantErr(t, got, share.ErrClosed)
		ana.sharer.Close()
		wantErr(t, sent, share.ErrClosed)
	})
}

// Several sends to one at once are normal.
func TestSeveralSendersAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		people := []*person{r.enter("bo")}
		for _, name := range []string{"ana", "cy", "di"} {
			people = append(people, r.enter(name))
		}
		meet(t, people...)
		bo := people[0]
		top := t.TempDir()
		var all []*share.Transfer
		for _, p := range people[1:] {
			for _, n := range []string{"1", "2"} {
				path := file(t, filepath.Join(top, p.host.Name()+n), 2<<20)
				all = append(all, p.send(collect(t, path), bo))
			}
		}
		for range 6 {
			all = append(all, bo.accept())
		}
		done(t, all...)
		same(t, top, bo.home)
	})
}
