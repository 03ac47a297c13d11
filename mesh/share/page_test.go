package share_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/peer"
)

// page is a member without a Sharer, whose files another keeps.
type page struct {
	*person // with the Sharer that acts for it
	host    *meshtest.Host
	node    *mesh.Node
	says    *mesh.Topic // that by is its keeper
	by      *person
}

// page enters somebody who says that another keeps its files, and who does.
func (r *room) page(name string, by *person) *page {
	r.t.Helper()
	p := r.visitor(name)
	p.names(by)
	p.keep(share.Config{Receive: true})
	return p
}

// visitor enters somebody who has no Sharer and names no keeper.
func (r *room) visitor(name string) *page {
	r.t.Helper()
	host := r.lan.Host(name)
	node, err := mesh.Join(context.Background(), mesh.Config{Name: name, Identity: peer.NewIdentity(), Network: host})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { node.Close() })
	return &page{person: &person{t: r.t, node: node, home: r.t.TempDir()}, host: host, node: node}
}

func (p *page) names(by *person) {
	p.t.Helper()
	says, err := p.node.Topic(share.KeeperTopic(by.node.Self().Instance))
	if err != nil {
		p.t.Fatal(err)
	}
	p.says, p.by = says, by
}

// keep opens the Sharer that acts for it.
func (p *page) keep(cfg share.Config) {
	p.t.Helper()
	cfg.For = p.node.Self().Member
	sharer, err := share.Open(p.by.node, cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	p.sharer = sharer
	p.t.Cleanup(func() { sharer.Close() })
}

// known waits until everybody knows whom a page has named.
func known(p *page, people ...*person) {
	for _, other := range people {
		for !says(other.node, p.node.Self().Member, p.says.Name()) {
			time.Sleep(time.Millisecond)
		}
	}
}

func says(at *mesh.Node, who mesh.Member, topic string) bool {
	return slices.ContainsFunc(at.Present(), func(p mesh.Peer) bool {
		return p.Member == who && slices.Contains(p.Topics, topic)
	})
}

// meetSome waits until these see each other, whoever else there is.
func meetSome(t *testing.T, people ...*person) {
	t.Helper()
	for _, p := range people {
		for _, q := range people {
			for p != q && !slices.ContainsFunc(p.node.Present(), func(is mesh.Peer) bool { return is.Member == q.node.Self().Member }) {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// kept is a keeper, its page and somebody else, who know each other.
func kept(t *testing.T) (r *room, kim, bo *person, pia *page) {
	t.Helper()
	r = newRoom(t)
	kim, bo = r.enter("kim"), r.enter("bo")
	pia = r.page("pia", kim)
	meet(t, kim, bo, pia.person)
	known(pia, kim, bo)
	return r, kim, bo, pia
}

func TestPageReceives(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, _, bo, pia := kept(t)
		path := file(t, filepath.Join(t.TempDir(), "film"), 3<<20)
		sent := bo.send(collect(t, path), pia.person)
		o := pia.offer()
		if o.From.ID != bo.id.ID() {
			t.Errorf("offered by %v", o.From)
		}
		got, err := o.Accept(context.Background(), share.Destination{Dir: pia.home})
		if err != nil {
			t.Fatal(err)
		}
		done(t, sent, got)
		same(t, filepath.Dir(path), pia.home)
		if who := sent.Progress().Peer; who.Member != pia.node.Self().Member || who.Name != "pia" {
			t.Errorf("sent to %v %q, want the page", who.Member, who.Name)
		}
	})
}

func TestPageSends(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, kim, bo, pia := kept(t)
		path := file(t, filepath.Join(t.TempDir(), "film"), 3<<20)
		for _, to := range []*person{bo, kim} { // to its keeper too
			sent := pia.send(collect(t, path), to)
			o := to.offer()
			if o.From.Member != pia.node.Self().Member || o.From.Name != "pia" {
				t.Errorf("offered by %v %q, want the page", o.From.Member, o.From.Name)
			}
			got, err := o.Accept(context.Background(), share.Destination{Dir: to.home})
			if err != nil {
				t.Fatal(err)
			}
			done(t, sent, got)
			same(t, filepath.Dir(path), to.home)
			if got.Progress().Peer.Member != pia.node.Self().Member {
				t.Errorf("got from %v, want the page", got.Progress().Peer.Member)
			}
		}
	})
}

// Two pages of one keeper, one of another, and the keeper itself.
func TestPagesAmongThemselves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r, kim, bo, pia := kept(t)
		pol, pam := r.page("pol", kim), r.page("pam", bo)
		meet(t, kim, bo, pia.person, pol.person, pam.person)
		for _, p := range []*page{pia, pol, pam} {
			known(p, kim, bo)
		}
		path := file(t, filepath.Join(t.TempDir(), "film"), 1<<20)
		for _, ends := range [][2]*person{{pia.person, pol.person}, {pia.person, pam.person}, {kim, pia.person}, {pam.person, bo}} {
			sent := ends[0].send(collect(t, path), ends[1])
			o := ends[1].offer()
			if o.From.Member != ends[0].node.Self().Member {
				t.Errorf("offered by %v", o.From)
			}
			o.Decline()
			wantErr(t, sent, share.ErrDeclined)
		}
	})
}

// Pages take part in a swarm as anybody does, under their own names.
func TestPagesHelpEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		const size = 24 << 20
		ana := r.with("ana", share.Config{UploadLimit: 2 << 20})
		kim, lou, bo := r.enter("kim"), r.enter("lou"), r.enter("bo")
		pia, pol := r.page("pia", kim), r.page("pol", lou)
		meet(t, ana, kim, lou, bo, pia.person, pol.person)
		for _, p := range []*page{pia, pol} {
			known(p, ana, kim, lou, bo)
		}
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		c := collect(t, path)
		var all, sent []*share.Transfer
		for _, to := range []*person{pia.person, pol.person, bo} {
			sent = append(sent, ana.send(c, to))
			all = append(all, to.accept())
		}
		done(t, append(all, sent...)...)
		var uploaded int64
		for _, tr := range sent {
			uploaded += tr.Progress().Sent
		}
		if uploaded > 2*size { // 3 * size if they did not help each other
			t.Errorf("the sender uploaded %d bytes for %d", uploaded, size)
		}
		for _, tr := range all[:2] {
			if tr.Progress().Sent == 0 {
				t.Errorf("a page gave nothing to others: %+v", tr.Progress())
			}
		}
		for _, dir := range []string{pia.home, pol.home, bo.home} {
			same(t, filepath.Dir(path), dir)
		}
	})
}

func TestPageWithoutAKeeper(t *testing.T) {
	tests := map[string]func(r *room, kim *person, pia *page){
		"it names none":              func(*room, *person, *page) {},
		"who it names does not keep": func(_ *room, kim *person, pia *page) { pia.names(kim) },
		"who it names is not here": func(r *room, kim *person, pia *page) {
			pia.names(r.enter("lou"))
			pia.by.stop()
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				kim, bo, pia := r.enter("kim"), r.enter("bo"), r.visitor("pia")
				prepare(r, kim, pia)
				time.Sleep(time.Minute)
				begun := time.Now()
				sent := bo.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 100)), pia.person)
				wantErr(t, sent, share.ErrNotReceiving)
				if took := time.Since(begun); took > time.Second {
					t.Errorf("told after %v", took)
				}
			})
		})
	}
}

// Whoever acts for a page that does not say so is not believed.
func TestKeeperThatNobodyNamed(t *testing.T) {
	for name, prepare := range map[string]func(lou *person, pia *page){
		"the page names none":    func(*person, *page) {},
		"the page names another": func(lou *person, pia *page) { pia.names(lou) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				kim, bo, lou, pia := r.enter("kim"), r.enter("bo"), r.enter("lou"), r.visitor("pia")
				prepare(lou, pia)
				meet(t, kim, bo, lou, pia.person)
				pia.by = kim
				pia.keep(share.Config{Receive: true})
				sent := pia.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 100)), bo)
				wantErr(t, sent, share.ErrProtocol)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for o := range bo.sharer.Offers(ctx) {
					t.Errorf("offered by %q", o.From.Name)
				}
			})
		})
	}
}

// The record that names a keeper may come a moment after its first stream.
func TestPageIsKnownALittleLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		kim, bo, pia := r.enter("kim"), r.enter("bo"), r.visitor("pia")
		meet(t, kim, bo, pia.person)
		pia.by = kim
		pia.keep(share.Config{Receive: true})
		sent := pia.send(collect(t, file(t, filepath.Join(t.TempDir(), "film"), 100)), bo)
		time.Sleep(time.Second)
		pia.names(kim)
		done(t, bo.accept(), sent)
	})
}

// What a keeper that dies had under way is waited for, by both sides, as it is
// where there is none; another keeper may go on.
func TestKeeperThatDies(t *testing.T) {
	t.Run("while its page receives", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			r := newRoom(t)
			kim, bo := r.enter("kim"), r.with("bo", share.Config{UploadLimit: 1 << 20})
			pia := r.page("pia", kim)
			meet(t, kim, bo, pia.person)
			known(pia, kim, bo)
			path := file(t, filepath.Join(t.TempDir(), "film"), 20<<20)
			sent := bo.send(collect(t, path), pia.person)
			got := pia.accept()
			time.Sleep(3 * time.Second)
			kim.host.Kill()
			time.Sleep(20 * time.Second)
			got.Cancel() // of whom nobody hears any more
			pia.home = t.TempDir()
			if p := sent.Progress(); p.Phase != share.Waiting {
				t.Errorf("the sender is %v, want waiting", p.Phase)
			}
			lou := r.enter("lou")
			pia.says.Close()
			pia.names(lou)
			meetSome(t, lou, bo, pia.person)
			known(pia, lou, bo)
			pia.keep(share.Config{Receive: true})
			done(t, pia.accept(), sent)
			same(t, filepath.Dir(path), pia.home)
		})
	})
	t.Run("while its page sends", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			r := newRoom(t)
			kim, bo := r.enter("kim"), r.enter("bo")
			pia := r.visitor("pia")
			pia.names(kim)
			pia.keep(share.Config{UploadLimit: 1 << 20})
			meet(t, kim, bo, pia.person)
			known(pia, kim, bo)
			path := file(t, filepath.Join(t.TempDir(), "film"), 20<<20)
			pia.send(collect(t, path), bo)
			got := bo.accept()
			time.Sleep(3 * time.Second)
			kim.host.Kill()
			time.Sleep(20 * time.Second)
			if p := got.Progress(); p.Phase != share.Waiting {
				t.Errorf("the receiver is %v, want waiting", p.Phase)
			}
			lou := r.enter("lou")
			pia.says.Close()
			pia.names(lou)
			meetSome(t, lou, bo, pia.person)
			known(pia, lou, bo)
			pia.keep(share.Config{})
			done(t, pia.send(collect(t, path), bo), got)
			same(t, filepath.Dir(path), bo.home)
		})
	})
}

// A page that leaves takes its word with it.
func TestPageThatHasLeft(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, _, bo, pia := kept(t)
		c := collect(t, file(t, filepath.Join(t.TempDir(), "film"), 100))
		pia.node.Leave(t.Context())
		synctest.Wait()
		wantErr(t, bo.send(c, pia.person), share.ErrNobody)
		sent, err := pia.sharer.Send(t.Context(), c, bo.id.ID())
		if err != nil {
			t.Fatal(err)
		}
		if err := ended(t, sent); !errors.Is(err, share.ErrProtocol) {
			t.Errorf("offered for who has left: %v", err)
		}
	})
}

// A page whose keeper gives wrong bytes is dropped, and named.
func TestPageThatGivesWrongBytes(t *testing.T) {
	for name, dials := range map[string]bool{"its keeper is dialed": false, "its keeper dials": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				r := newRoom(t)
				ana, bo := r.with("ana", share.Config{UploadLimit: 4 << 20}), r.enter("bo")
				lou, pia := r.visitor("lou"), r.visitor("pia")
				pia.names(lou.person)
				meet(t, ana, bo, lou.person, pia.person)
				known(pia, ana, bo)
				c := &crook{t: t, node: lou.node, page: pia}
				meets := rubbish
				if dials {
					meets = func(*line) {} // and others wait for it
				}
				c.joinAs(proto.ServiceFor+pia.node.Self().Instance.String(), meets)
				content := collect(t, file(t, filepath.Join(t.TempDir(), "film"), loanSize))
				toPia := ana.send(content, pia.person)
				toBo := ana.send(content, bo)
				got := bo.accept()
				if dials {
					time.Sleep(500 * time.Millisecond)
					go c.visit(keyOf(t, toBo), bo, rubbish)
				}
				done(t, toBo, got)
				toPia.Cancel()
				named := false
				for _, w := range got.Warnings() {
					var dropped share.Dropped
					named = named || errors.As(w, &dropped) && dropped.Peer.Member == pia.node.Self().Member
				}
				if !named {
					t.Errorf("the page is not named: %v", got.Warnings())
				}
			})
		})
	}
}

// What a shelf gives to some it gives to a page of theirs, and its keeper asks for.
func TestPageReadsShelves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, kim, bo, pia := kept(t)
		dir := filepath.Join(t.TempDir(), "music")
		file(t, filepath.Join(dir, "one.ogg"), 100)
		if _, err := bo.sharer.Share(dir, pia.node.Self().ID); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			who  *person
			want int
		}{{pia.person, 1}, {kim, 0}} {
			shelves, err := tt.who.sharer.Shelves(t.Context(), bo.node.Self().Member)
			if err != nil || len(shelves) != tt.want {
				t.Errorf("sees %v, %v, want %d shelves", shelves, err, tt.want)
			}
		}
		got, err := pia.sharer.Get(t.Context(), bo.node.Self().Member, "music", share.Destination{Dir: pia.home})
		if err != nil {
			t.Fatal(err)
		}
		done(t, got)
		same(t, dir, filepath.Join(pia.home, "music"))
	})
}

// Who keeps a page's files is the page's to say, and is no secret.
func TestKeeperTopic(t *testing.T) {
	in := peer.Instance{0x0a, 0xff}
	if got, want := share.KeeperTopic(in), "share@0aff000000000000"; got != want {
		t.Errorf("topic is %q, want %q", got, want)
	}
}
