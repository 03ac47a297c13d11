package transfer

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// knowing returns a book in which bo is verified.
func knowing(t *testing.T) *known.Book {
	t.Helper()
	book := known.Open(known.Config{})
	book.Self(ana, nil)
	if err := book.Trust(bo.ID, "bo"); err != nil {
		t.Fatal(err)
	}
	return book
}

// TestTrusted holds that of whom is verified all is taken, with the executable bit,
// and of others nothing, by whatever name they come.
func TestTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := knowing(t)
		r := receives(t, func(cfg *ReceiveConfig) { cfg.Trusted, cfg.Loop, cfg.Keys, cfg.Book = true, true, nil, book })
		strange := cy
		strange.Name = "bo"
		r.gets(offered("one", strange, zip)).wantDecided(t, "declined")
		o := r.gets(offered("two", bo, zip))
		o.wantDecided(t, "accepted")
		if o.to != (share.Destination{Dir: "inbox", Conflict: share.Skip}) {
			t.Errorf("it lands in %+v", o.to)
		}
		r.gets(offered("three", ana, zip)).wantDecided(t, "accepted") // our own, elsewhere
		if got := of[Refused](r.face); len(got) != 1 || code(got[0].Reason) != "not_trusted" || got[0].Known.Standing != known.Changed {
			t.Errorf("refused: %+v", got)
		}
		r.cancel(nil)
		<-r.ended
		wantWords(t, r.face.notices(), "from bo ("+bo.ID.Short()+", verified)", "from bo ("+cy.ID.Short()+", changed)", "not verified")
	})
}

// TestOfferersLeave holds that who offered something and has left is known when it comes
// back, however many offered something meanwhile.
func TestOfferersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := known.Open(known.Config{})
		r := receives(t, func(cfg *ReceiveConfig) { cfg.Yes, cfg.From, cfg.Loop, cfg.Book = true, []string{"nobody"}, true, book })
		offers := func(p mesh.Peer, present ...mesh.Peer) known.Standing {
			r.node.only(append(present, p)...)
			r.gets(offered("aa", p, zip))
			all := of[Refused](r.face)
			return all[len(all)-1].Known.Standing
		}
		if got := offers(bo, cy); got != known.New {
			t.Errorf("who is here for the first time is %s", got)
		}
		if got := offers(bo, cy); got != known.New {
			t.Errorf("who is still here is %s", got)
		}
		for n := range 200 {
			guest := member("guest", 9)
			guest.ID[0], guest.ID[1] = byte(n), byte(n>>8)
			offers(guest, cy)
		}
		again := bo
		again.Instance[0]++
		if got := offers(again, cy); got != known.Seen {
			t.Errorf("who came back is %s", got)
		}
		r.cancel(nil)
		<-r.ended
	})
}

// TestBlockedOffers holds that who is blocked is declined, and nobody hears of it.
func TestBlockedOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := knowing(t)
		if err := book.Block(cy.ID, "cy"); err != nil {
			t.Fatal(err)
		}
		r := receives(t, func(cfg *ReceiveConfig) { cfg.Yes, cfg.Loop, cfg.Book = true, true, book })
		r.gets(offered("one", cy, zip)).wantDecided(t, "declined")
		if got := of[Offered](r.face); len(got) > 0 || strings.Contains(r.face.notices(), "cy") {
			t.Errorf("shown: %+v", got)
		}
		r.cancel(nil)
		<-r.ended
	})
}

// TestBlockedWhileAsked holds that nobody is asked about what waits behind a question,
// if its sender is blocked meanwhile.
func TestBlockedWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := knowing(t)
		r := receives(t, func(cfg *ReceiveConfig) { cfg.Loop, cfg.Book = true, book })
		r.gets(offered("one", bo, zip))
		blocked := r.gets(offered("two", cy, zip))
		r.gets(offered("three", bo, slides))
		if err := book.Block(cy.ID, "cy"); err != nil {
			t.Fatal(err)
		}
		r.press('n')
		blocked.wantDecided(t, "declined")
		if got := r.asked(); got != "three" {
			t.Errorf("asked about %q", got)
		}
		r.cancel(nil)
		<-r.ended
	})
}

// TestQuestionTellsWho holds that who is asked about an offer reads whose name it is.
func TestQuestionTellsWho(t *testing.T) {
	book := knowing(t)
	for _, tt := range []struct {
		who  mesh.Peer
		name string
		want string
	}{
		{bo, "bo", "bo (" + bo.ID.Short() + ", verified) offers"},
		{cy, "cy", "cy (" + cy.ID.Short() + ") offers"},
		{cy, "bo", "; it is not the bo (" + bo.ID.Short() + ") who is known here"},
		{cy, "b0", "; the name looks like that of bo (" + bo.ID.Short() + ")"},
	} {
		d := incoming(&offered("aa", bo, zip).Offer)
		d.Peer = tt.who
		d.Peer.Name = tt.name
		d.Known = book.Judge(d.Peer)
		if got := question(Asked{Deal: d}); !strings.Contains(got, tt.want) {
			t.Errorf("%q, want %q in it", got, tt.want)
		}
	}
}
