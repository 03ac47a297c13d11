package mesh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

// page opens a tab on a host of that name, which a node serves; edit may be nil.
func (r *room) page(name string, served *actor, edit func(*mesh.Config, *meshtest.Page)) *actor {
	r.Helper()
	from := served.Addrs()[0]
	return r.join(name, func(cfg *mesh.Config) {
		p := r.lan.Host(name).Page(from)
		cfg.Network, cfg.Peers = p, []string{from.String()}
		if edit != nil {
			edit(cfg, p)
		}
	})
}

func hides(_ *mesh.Config, p *meshtest.Page) { p.HideAddrs() }

// ways returns the members that a node sees, by name, with how it reaches them.
func (a *actor) ways() string {
	var list []string
	for _, p := range a.Members() {
		way := p.Name
		if p.Web {
			way += " (web)"
		}
		if p.Via != nil {
			way += " via " + p.Via.Name
		}
		list = append(list, way)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// reaches fails the test unless a node sees exactly these, and these ways.
func (r *room) reaches(a *actor, want string) {
	r.Helper()
	if got := a.ways(); got != want {
		r.Errorf("%s sees %q, want %q", a.Self().Name, got, want)
	}
}

// offers counts the offers that go over links from now on: the first link of each,
// and not those that pass it on.
func (r *room) offers() (count func() int) {
	var mu sync.Mutex
	n := 0
	r.lan.Tap(func(_, _ *meshtest.Host, p []byte) {
		for len(p) > 0 {
			f, rest, err := wire.Next(p)
			if err != nil {
				return
			}
			if one, err := wire.ParseRelay(f.Payload); f.Type == wire.TypeRelay && err == nil && one.Payload[0] == wire.CarriedOffer && one.Hops == wire.MaxHops {
				mu.Lock()
				n++
				mu.Unlock()
			}
			p = rest
		}
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// TestPagesAreMembers holds that nodes and pages become a full mesh, whoever
// served them, and say things to each other as nodes do.
func TestPagesAreMembers(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		pass(time.Second)
		tim, uma := r.page("tim", ana, nil), r.page("uma", bo, nil)
		pass(time.Second)
		r.reaches(ana, "bo, tim (web), uma (web)")
		r.reaches(bo, "ana, tim (web), uma (web)")
		r.reaches(tim, "ana, bo, uma (web)")
		r.reaches(uma, "ana, bo, tim (web)")
		for _, a := range []*actor{ana, bo, tim, uma} {
			receipt := r.say(a, "hi of "+a.Self().Name)
			pass(100 * time.Millisecond)
			r.delivered(receipt)
			if len(receipt.To()) != 3 {
				t.Errorf("%s speaks to %q", a.Self().Name, names(receipt.To()))
			}
		}
		if !tim.Self().Web || tim.Self().Addr.IsValid() || ana.Self().Web {
			t.Errorf("a page is %+v, a node %+v", tim.Self(), ana.Self())
		}
	})
}

// TestPageIsMetSoon holds that a page has links to all within what its browser
// takes to look for its addresses, and what the network takes: the mesh adds
// next to nothing. A page that is here already looks for its own meanwhile.
func TestPageIsMetSoon(t *testing.T) {
	const browser = 100 * time.Millisecond
	inRoom(t, func(r *room) {
		nodes := []*actor{r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)}
		uma := r.page("uma", nodes[1], nil)
		pass(5 * time.Second)
		began := time.Now()
		tim := r.page("tim", nodes[0], func(cfg *mesh.Config, _ *meshtest.Page) { cfg.Name = "tim" })
		for len(tim.Members()) < 3 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(began); took > browser+50*time.Millisecond {
			t.Errorf("linked to 3 nodes after %v", took)
		}
		for len(tim.Members()) < 4 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(began); took > 2*browser+50*time.Millisecond {
			t.Errorf("linked to the other page after %v", took)
		}
		r.reaches(tim, "ana, bo, cy, uma (web)")
		if tim.events(); len(uma.Members()) != 4 {
			t.Errorf("uma sees %q", uma.ways())
		}
	})
}

// TestNewcomerMeetsPagesAtOnce holds that a node that joins need not wait for
// pages to hear of it and to offer it links: it reaches them through others
// meanwhile.
func TestNewcomerMeetsPagesAtOnce(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		tim := r.page("tim", ana, nil)
		pass(5 * time.Second)
		began := time.Now()
		cy := r.joinSilently("cy", nil).unread()
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		if missing, err := cy.Settle(ctx); err != nil {
			t.Fatalf("missing %v: %v", missing, err)
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("all are met after %v", took)
		}
		if got := len(cy.Members()); got != 3 {
			t.Errorf("cy has settled with %q", names(cy.Members()))
		}
		r.delivered(r.say(cy, "hi"))
		pass(2 * time.Second)
		r.reaches(tim, "ana, bo, cy")
		r.delivered(r.say(bo, "ho"))
	})
}

// TestPageOutlivesItsServer holds that nothing is lost when the node dies that
// served a page, and that the page goes on meeting newcomers.
func TestPageOutlivesItsServer(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		tim, uma := r.page("tim", ana, nil), r.page("uma", ana, nil)
		pass(2 * time.Second)
		for i := range 3 {
			r.say(tim, fmt.Sprint("before ", i))
			r.say(uma, fmt.Sprint("before ", i))
			r.say(bo, fmt.Sprint("before ", i))
		}
		ana.host.Kill()
		for i := range 3 {
			r.say(tim, fmt.Sprint("after ", i))
			r.say(uma, fmt.Sprint("after ", i))
			r.say(bo, fmt.Sprint("after ", i))
		}
		pass(5 * time.Second)
		all := []*actor{bo, tim, uma}
		for _, a := range all {
			for _, from := range all {
				if want := "before 0 before 1 before 2 after 0 after 1 after 2"; a != from && a.lines(from) != want {
					t.Errorf("%s has read of %s %q", a.Self().Name, from.Self().Name, a.lines(from))
				}
			}
		}
		r.reaches(tim, "bo, uma (web)")
		r.reaches(bo, "tim (web), uma (web)")
		cy := r.join("cy", nil)
		pass(2 * time.Second)
		r.reaches(cy, "bo, tim (web), uma (web)")
	})
}

// TestPageReturnsToAnotherStart holds that a page dials the node at its address,
// whichever start of it that is.
func TestPageReturnsToAnotherStart(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		tim := r.page("tim", ana, nil)
		pass(time.Second)
		ana.host.Kill()
		pass(10 * time.Second)
		r.present(tim, "")
		r.join("ana", nil)
		pass(10 * time.Second)
		r.reaches(tim, "ana")
	})
}

// TestPageBehindAnIsolatingAccessPoint holds that pages and nodes which reach one
// node only hear everybody through it, and that pages soon try seldom to reach
// them otherwise; when the access point lets them, they do.
func TestPageBehindAnIsolatingAccessPoint(t *testing.T) {
	inRoom(t, func(r *room) {
		apart := []string{"bo", "tim", "uma"}
		each := func(do func(a, b *meshtest.Host)) {
			for i, a := range apart {
				for _, b := range apart[:i] {
					do(r.lan.Host(a), r.lan.Host(b))
				}
			}
		}
		each(r.lan.Cut)
		hub, bo := r.join("hub", nil), r.join("bo", nil)
		tim, uma := r.page("tim", hub, nil), r.page("uma", hub, nil)
		count := r.offers()
		pass(10 * time.Second)
		r.reaches(bo, "hub, tim (web) via hub, uma (web) via hub")
		r.reaches(tim, "bo via hub, hub, uma (web) via hub")
		for _, a := range []*actor{hub, bo, tim, uma} {
			receipt := r.say(a, "hi")
			pass(time.Second)
			r.delivered(receipt)
		}
		pass(2 * time.Minute)
		before := count()
		pass(time.Hour)
		// Three pairs, of which one is of two pages, once in three to four minutes.
		if n := count() - before; n == 0 || n > 4*20 {
			t.Errorf("%d offers in an hour", n)
		}
		each(r.lan.Heal)
		pass(5 * time.Minute)
		r.reaches(tim, "bo, hub, uma (web)")
		r.reaches(uma, "bo, hub, tim (web)")
	})
}

// TestPagesThatTellNoAddress holds that two pages of which neither browser tells
// an address speak through a node, and seldom try otherwise.
func TestPagesThatTellNoAddress(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		tim, uma := r.page("tim", ana, hides), r.page("uma", bo, hides)
		vic := r.page("vic", bo, nil)
		count := r.offers()
		pass(5 * time.Second)
		if got := tim.ways(); got != "ana, bo, uma (web) via ana, vic (web)" && got != "ana, bo, uma (web) via bo, vic (web)" {
			t.Errorf("tim sees %q", got)
		}
		r.reaches(vic, "ana, bo, tim (web), uma (web)")
		receipt := r.say(tim, "hi")
		pass(100 * time.Millisecond)
		r.delivered(receipt)
		pass(10 * time.Minute)
		before := count()
		pass(time.Hour)
		if n := count() - before; n > 2*20 {
			t.Errorf("%d offers in an hour", n)
		}
		if got := uma.lines(tim); got != "hi" {
			t.Errorf("uma has read %q", got)
		}
	})
}

// TestPagesRelayLast holds that members who do not reach each other speak through
// a node where there is one, and through a page otherwise.
func TestPagesRelayLast(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("bo"))
		hub := r.join("hub", nil)
		var pages []*actor
		for i := range 5 {
			pages = append(pages, r.page(fmt.Sprint("p", i), hub, nil))
		}
		pass(2 * time.Second)
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		pass(10 * time.Second)
		r.via(ana, "bo", "hub")
		r.via(bo, "ana", "hub")
		hub.host.Kill()
		pass(10 * time.Second)
		receipt := r.say(ana, "still here")
		pass(time.Second)
		r.delivered(receipt)
		if got := bo.lines(ana); got != "still here" {
			t.Errorf("bo has read %q", got)
		}
		if got := len(pages[0].Members()); got != 6 {
			t.Errorf("a page sees %q", pages[0].ways())
		}
	})
}

// TestPageIsLoadedAnew holds that a page that is loaded anew is another start of
// the same key: it has the history, and of the one before it everybody sees the end.
func TestPageIsLoadedAnew(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		key := peer.NewIdentity()
		kept := func(cfg *mesh.Config, _ *meshtest.Page) { cfg.Identity = key }
		tim := r.page("tim", ana, kept)
		pass(time.Second)
		r.say(tim, "one")
		pass(time.Second)
		tim.Close()
		again := r.page("tim", ana, kept)
		pass(time.Second)
		r.say(again, "two")
		r.say(bo, "three")
		pass(time.Second)
		r.heard(bo, "joined ana", "joined tim", "tim 1: one", "lost tim", "joined tim", "tim 1: two")
		r.heard(again, "joined ana", "tim 1 earlier: one", "joined bo", "bo 1: three")
		if a, b := tim.Self(), again.Self(); a.ID != b.ID || a.Instance == b.Instance {
			t.Errorf("one start is %v, the other %v", a, b)
		}
	})
}

// TestPageSaysGoodbye holds that everybody has the last words of a page that is
// closed, and sees it leave without a reason: those too that reach it through others.
func TestPageSaysGoodbye(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		var page *meshtest.Page
		tim := r.page("tim", ana, func(_ *mesh.Config, p *meshtest.Page) { page = p; p.HideAddrs() })
		uma := r.page("uma", bo, hides)
		pass(2 * time.Second)
		r.say(tim, "bye")
		page.Unload()
		pass(10 * time.Millisecond)
		for _, a := range []*actor{ana, bo, uma} {
			story := a.story()
			if got := story[len(story)-2:]; got[0] != "tim 1: bye" || got[1] != "left tim" {
				t.Errorf("the last that %s has read is %q", a.Self().Name, got)
			}
		}
		if _, err := tim.Broadcast(r.Context(), []byte("?")); err == nil {
			t.Error("a page that is gone goes on speaking")
		}
	})
}

// TestFrozenPage holds that a page that was frozen for five minutes, longer than
// anybody's link lasts, reads all that was said meanwhile as if it had been there,
// and says what it had to say.
func TestFrozenPage(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		tim := r.page("tim", ana, nil)
		pass(time.Second)
		r.say(bo, "one")
		pass(time.Second)
		tim.host.Cut()
		r.say(tim, "into the void")
		pass(time.Minute)
		r.say(bo, "two")
		pass(4 * time.Minute)
		r.say(ana, "three")
		r.say(bo, "four")
		tim.host.Heal()
		pass(10 * time.Second)
		r.reaches(tim, "ana, bo")
		if got := tim.lines(bo); got != "one two four" {
			t.Errorf("tim has read of bo %q", got)
		}
		if got := tim.lines(ana); got != "three" {
			t.Errorf("tim has read of ana %q", got)
		}
		if got := bo.lines(tim); got != "into the void" {
			t.Errorf("bo has read of tim %q", got)
		}
		for _, ev := range append(tim.events(), bo.events()...) {
			if m, ok := ev.(mesh.Message); ok && m.History {
				t.Errorf("%q came as history", m.Data)
			}
			if _, ok := ev.(mesh.Gap); ok {
				t.Errorf("%+v", ev)
			}
		}
	})
}

// TestPageIsNeverDialed holds that nobody is told where a page is to be dialed, nor
// keeps it among whom to dial: not when it goes, nor where discovery does not work.
func TestPageIsNeverDialed(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		ana := r.join("ana", nil)
		bo := r.join("bo", byHand(ana.Addrs()[0].String()))
		var mu sync.Mutex
		told := make(map[peer.Instance]bool)
		r.lan.Tap(func(_, _ *meshtest.Host, p []byte) {
			for f, rest, err := wire.Next(p); err == nil; f, rest, err = wire.Next(rest) {
				list, _ := wire.ParsePeers(f.Payload)
				for _, one := range list {
					if f.Type == wire.TypePeers {
						mu.Lock()
						told[one.Instance] = true
						mu.Unlock()
					}
				}
			}
		})
		tim := r.page("tim", ana, nil)
		cy := r.join("cy", byHand(ana.Addrs()[0].String()))
		pass(10 * time.Second)
		r.reaches(cy, "ana, bo, tim (web)")
		tim.host.Cut()
		pass(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if told[tim.Self().Instance] || !told[bo.Self().Instance] {
			t.Errorf("of tim somebody was told: %v, of bo: %v", told[tim.Self().Instance], told[bo.Self().Instance])
		}
		for _, a := range []*actor{ana, bo, cy} {
			for _, s := range a.Sightings() {
				if s.Err != nil || len(s.Addrs) > 0 {
					t.Errorf("%s has dialed %v: %v", a.Self().Name, s.Addrs, s.Err)
				}
			}
		}
	})
}

// TestTabsOnOneHost holds that tabs and nodes of one host are members each, and
// link to each other.
func TestTabsOnOneHost(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		var tabs []*actor
		for i := range 3 {
			from := ana.Addrs()[0]
			tabs = append(tabs, r.join("ana", func(cfg *mesh.Config) {
				cfg.Name, cfg.Network, cfg.Peers = fmt.Sprint("tab", i), r.lan.Host("ana").Page(from), []string{from.String()}
			}))
			pass(time.Second)
		}
		r.reaches(bo, "ana, tab0 (web), tab1 (web), tab2 (web)")
		r.reaches(tabs[0], "ana, bo, tab1 (web), tab2 (web)")
		r.reaches(tabs[2], "ana, bo, tab0 (web), tab1 (web)")
		if n := r.lan.Misled(ana.host.Addr()); n > 0 {
			t.Errorf("%d offers were looked for in the wrong place", n)
		}
	})
}

// TestObserverSeesPages holds that an observer, which nobody in a browser can offer
// a link, is told of pages, by name and by whom they are reached, while they are
// here.
func TestObserverSeesPages(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		first := r.page("tim", ana, nil)
		pass(5 * time.Second)
		watcher := r.join("watcher", func(cfg *mesh.Config) { cfg.Observer = true })
		pass(time.Second)
		sees := func(want string) {
			t.Helper()
			var list []string
			for _, s := range watcher.Sightings() {
				if !s.Web || s.Via == nil || len(s.Addrs) > 0 || s.Err != nil {
					t.Errorf("sighting %+v", s)
				}
				list = append(list, s.Name)
			}
			slices.Sort(list)
			if got := strings.Join(list, " "); got != want {
				t.Errorf("the observer sees %q in browsers, want %q", got, want)
			}
		}
		sees("tim")
		r.page("uma", bo, nil)
		pass(time.Second)
		sees("tim uma")
		first.Close()
		pass(time.Second)
		sees("uma")
		r.reaches(watcher, "ana, bo")
		bo.host.Kill()
		ana.host.Kill()
		pass(time.Second)
		sees("")
	})
}

// TestRoomWithoutPagesTellsOfNone holds that nothing is said of pages where there
// are none: no frame more, and no byte in a record.
func TestRoomWithoutPagesTellsOfNone(t *testing.T) {
	inRoom(t, func(r *room) {
		count := r.count()
		for i := range 8 {
			r.joinSilently(fmt.Sprint("n", i), nil).unread()
		}
		r.joinSilently("watcher", func(cfg *mesh.Config) { cfg.Observer = true }).unread()
		pass(10 * time.Second)
		if frames, _, _ := count.of(wire.TypePages); frames > 0 {
			t.Errorf("%d frames tell of pages", frames)
		}
		records, _, bytes := count.of(wire.TypeRecord)
		plain := wire.AppendRecordFrame(nil, wire.AppendRecord(nil, lanKey, wire.Record{Name: "n0", Topics: []string{"main"}}, peer.NewIdentity().Sign))
		if most := records * (len(plain) + len("watcher") - len("n0")); bytes > most {
			t.Errorf("%d records take %d bytes, want %d at the most", records, bytes, most)
		}
	})
}
