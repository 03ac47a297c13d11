package transfer

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// desk is a Desk of ana's with what it tells, in a room with bo, bo's second
// program, and cy.
type desk struct {
	*Desk
	sharer *fakeSharer
	face   *recorder
}

func onDesk(t *testing.T, do func(d *desk)) {
	onClosedDesk(t, func(d *desk) {
		d.open()
		do(d)
	})
}

// onClosedDesk is for what opens the desk itself.
func onClosedDesk(t *testing.T, do func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		sharer := &fakeSharer{offers: make(chan *fakeOffer), scripts: make(map[peer.ID]func(*fakeTransfer))}
		second := bo
		second.Instance[0] = 9
		d := &desk{sharer: sharer, face: &recorder{}}
		d.Desk = NewDesk(DeskConfig{
			Self: ana, Sharer: sharer, Dir: "here", Timeout: 30 * time.Second,
			Present: func() []mesh.Peer { return []mesh.Peer{bo, second, cy} },
			Collect: func(_ context.Context, path string) (*share.Content, error) {
				if path == "nothing" {
					return nil, os.ErrNotExist
				}
				return &share.Content{Items: []share.Item{{Name: path, Files: 1, Size: 4 << 20}}, Files: 1, Size: 4 << 20}, nil
			},
		})
		do(d)
		d.Close()
		if !sharer.closed {
			t.Error("the Sharer is left open")
		}
		if err := d.Send("x", ""); err == nil {
			t.Error("a closed desk takes something in")
		}
	})
}

func (d *desk) open() { d.Open(func(ev Event) { _ = d.face.Show(ev) }) }

func (d *desk) offered(o *fakeOffer) *fakeOffer {
	d.sharer.offers <- o
	synctest.Wait()
	return o
}

func TestDeskTakesOffers(t *testing.T) {
	onDesk(t, func(d *desk) {
		first := d.offered(offered("aa", bo, zip))
		second := d.offered(offered("bb", cy, slides))
		third := d.offered(offered("cc", cy, zip))
		if got := d.Offers(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("offers %q", got)
		}
		for _, err := range []error{d.Get("2", ""), d.Get("aa", "there"), d.Decline("3")} {
			if err != nil {
				t.Error(err)
			}
		}
		for _, which := range []string{"2", "9", "", "bb"} {
			if err := d.Get(which, ""); !errors.Is(err, ErrNoSuchOffer) {
				t.Errorf("get %q: %v", which, err)
			}
		}
		<-d.Idle()
		if first.to.Dir != "there" || second.to.Dir != "here" {
			t.Errorf("they went into %q and %q", first.to.Dir, second.to.Dir)
		}
		third.wantDecided(t, "declined")
		if got := of[Completed](d.face); len(got) != 2 {
			t.Errorf("completed: %v", got)
		}
		if got := of[Received](d.face); len(got) != 2 {
			t.Errorf("received: %v", got)
		}
	})
}

func TestDeskForgetsWithdrawnOffers(t *testing.T) {
	onDesk(t, func(d *desk) {
		o := d.offered(offered("aa", bo, zip))
		close(o.withdrawn)
		synctest.Wait()
		if err := d.Get("1", ""); !errors.Is(err, ErrNoSuchOffer) || len(of[Withdrawn](d.face)) != 1 {
			t.Errorf("get: %v; told of %v", err, of[Withdrawn](d.face))
		}
		late := offered("bb", bo, zip)
		late.accept = share.ErrTaken
		d.offered(late)
		_ = d.Get("2", "")
		<-d.Idle()
		full := offered("cc", bo, zip)
		full.accept = share.ErrNoSpace
		d.offered(full)
		_ = d.Get("3", "")
		<-d.Idle()
		if len(of[Withdrawn](d.face)) != 2 || len(of[Failed](d.face)) != 1 {
			t.Errorf("told of %v and %v", of[Withdrawn](d.face), of[Failed](d.face))
		}
		full.wantDecided(t, "declined")
	})
}

// TestDeskBeforeOpen holds that what is handed in early, as by a pipe that is read
// while the program still starts, is sent and shown once the desk is open, and not
// before; and that a desk which never opens closes.
func TestDeskBeforeOpen(t *testing.T) {
	onClosedDesk(t, func(d *desk) {
		if err := d.Send("x", "bo"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := d.face.events; len(got) != 0 {
			t.Errorf("shown by a closed desk: %v", got)
		}
		d.open()
		<-d.Idle()
		if len(of[Offered](d.face)) != 1 || len(of[Completed](d.face)) != 1 {
			t.Errorf("shown: %v", d.face.events)
		}
	})
	onClosedDesk(t, func(d *desk) {
		if err := d.Send("x", "bo"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDeskDeclinesBlocked holds that what somebody offered before it was blocked, by
// whichever process, is not there to be taken, and that the others' is.
func TestDeskDeclinesBlocked(t *testing.T) {
	for name, look := range map[string]func(d *desk){
		"told":    func(d *desk) { d.DeclineBlocked() },
		"get":     func(d *desk) { _ = d.Get("1", "") },
		"by ID":   func(d *desk) { _ = d.Get("aa", "") },
		"decline": func(d *desk) { _ = d.Decline("1") },
		"list":    func(d *desk) { d.Offers() },
	} {
		t.Run(name, func(t *testing.T) {
			onDesk(t, func(d *desk) {
				d.cfg.Book = known.Open(known.Config{})
				first, second := d.offered(offered("aa", cy, zip)), d.offered(offered("bb", cy, slides))
				other := d.offered(offered("cc", bo, zip))
				if err := d.cfg.Book.Block(cy.ID, "cy"); err != nil {
					t.Fatal(err)
				}
				look(d)
				<-d.Idle()
				first.wantDecided(t, "declined")
				second.wantDecided(t, "declined")
				other.wantDecided(t, "")
				if got := d.Offers(); !slices.Equal(got, []string{"3"}) {
					t.Errorf("offers %q", got)
				}
				if got := of[Refused](d.face); len(got) > 0 {
					t.Errorf("told of %v", got)
				}
			})
		})
	}
}

func TestDeskSends(t *testing.T) {
	onDesk(t, func(d *desk) {
		if err := d.Send("x", "dd"); !errors.Is(err, people.ErrUnknown) {
			t.Errorf("to nobody: %v", err)
		}
		for _, err := range []error{d.Send("x", "bo"), d.Send("x", cy.ID.Short()), d.Send("nothing", "cy")} {
			if err != nil {
				t.Error(err)
			}
		}
		<-d.Idle()
		if len(of[Completed](d.face)) != 2 || !strings.Contains(d.face.notices(), "not exist; not sent") {
			t.Error(d.face.notices())
		}
	})
}

// TestDeskSendsToAll holds that one program of each person is offered to, and that
// who does not receive is passed over, unless nobody does.
func TestDeskSendsToAll(t *testing.T) {
	onDesk(t, func(d *desk) {
		d.sharer.scripts[cy.ID] = ends(share.ErrNotReceiving)
		_ = d.Send("x", "")
		<-d.Idle()
		if len(d.sharer.sent) != 2 || len(of[Refused](d.face)) != 0 || len(of[Warning](d.face)) != 0 || len(of[Completed](d.face)) != 1 {
			t.Errorf("offered to %d: %s", len(d.sharer.sent), d.face.notices())
		}
		d.sharer.scripts[bo.ID] = ends(share.ErrNotReceiving)
		_ = d.Send("x", "")
		<-d.Idle()
		if len(of[Warning](d.face)) != 1 {
			t.Errorf("nobody receives: %s", d.face.notices())
		}
	})
}

// TestDeskOffersNothingToBlocked holds that who is blocked is nobody here to send to,
// neither with all nor by the name that it has.
func TestDeskOffersNothingToBlocked(t *testing.T) {
	onDesk(t, func(d *desk) {
		d.cfg.Book = known.Open(known.Config{})
		if err := d.cfg.Book.Block(cy.ID, "cy"); err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"cy", cy.ID.Short()} {
			if err := d.Send("x", who); !errors.Is(err, people.ErrUnknown) {
				t.Errorf("to %s: %v", who, err)
			}
		}
		if err := d.Send("x", ""); err != nil {
			t.Error(err)
		}
		<-d.Idle()
		if !slices.Equal(d.sharer.sent, []peer.ID{bo.ID}) {
			t.Errorf("it is offered to %v, want bo alone", d.sharer.sent)
		}
	})
}

// TestDeskCloses holds that Close ends what is under way and declines what waits.
func TestDeskCloses(t *testing.T) {
	var o *fakeOffer
	var face *recorder
	onDesk(t, func(d *desk) {
		d.sharer.scripts[cy.ID] = stays(share.Moving)
		_ = d.Send("x", "cy")
		o, face = d.offered(offered("aa", bo, zip)), d.face
		time.Sleep(2 * time.Second)
	})
	o.wantDecided(t, "declined")
	if got := of[Failed](face); len(got) != 1 {
		t.Errorf("failed: %v", got)
	}
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog()
		d := incoming(&offered("aa", bo, zip).Offer)
		asking := Progress{Deal: d, At: share.Progress{Phase: share.Asking}}
		lines := func(n int) (got int) {
			for range n {
				if l.Line(half(d)) != "" {
					got++
				}
				time.Sleep(tick)
			}
			return got
		}
		if l.Line(asking) != "" || lines(1) != 0 {
			t.Error("that it begins is told twice")
		}
		if got := lines(int(time.Minute / tick)); got < 10 || got > 13 {
			t.Errorf("%d lines in a minute", got)
		}
		waiting := half(d)
		waiting.At.Phase = share.Waiting
		if l.Line(waiting) == "" {
			t.Error("that the other vanished is told late")
		}
		if line := l.Line(Received{Deal: d, Item: share.Landed{Path: "a\x1b", Skipped: true}}); !strings.Contains(line, "there already") || strings.Contains(line, "\x1b") {
			t.Error(line)
		}
	})
}
