package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// part is a part of a program, with a topic of its own.
type part struct {
	*actor
	topic *mesh.Topic
}

// open has a node take part in a topic, and something read its events.
func (r *room) open(a *actor, name string) *part {
	r.Helper()
	p := r.openSilently(a, name)
	go func() {
		defer close(p.read)
		for ev, err := range p.topic.Events(context.Background()) {
			if err != nil {
				p.last = err
				return
			}
			p.mu.Lock()
			p.past = append(p.past, ev)
			p.mu.Unlock()
		}
	}()
	pass(10 * time.Millisecond)
	return p
}

// openSilently is open without anybody who reads.
func (r *room) openSilently(a *actor, name string) *part {
	r.Helper()
	t, err := a.Topic(name)
	if err != nil {
		r.Fatal(err)
	}
	return &part{&actor{Node: a.Node, host: a.host, read: make(chan struct{})}, t}
}

// says broadcasts in the topic, or fails the test.
func (r *room) says(p *part, text string) *mesh.Receipt {
	r.Helper()
	receipt, err := p.topic.Broadcast(r.Context(), []byte(text))
	if err != nil {
		r.Fatalf("%s: broadcast in %s: %v", p.Self().Name, p.topic.Name(), err)
	}
	synctest.Wait()
	return receipt
}

// confirmed is delivered with the time that a confirmation may take.
func (r *room) confirmed(receipt *mesh.Receipt) {
	r.Helper()
	pass(10 * time.Millisecond)
	r.delivered(receipt)
}

// TestTopicsAreApart has two parts of each program share a node: each reads what
// is its own and all of it, and nothing of the other's.
func TestTopicsAreApart(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		anaFiles, boFiles := r.open(ana, "files"), r.open(bo, "files")
		r.confirmed(r.say(ana, "hi"))
		r.confirmed(r.says(anaFiles, "report.pdf"))
		r.confirmed(r.say(ana, "have you got it?"))
		receipt, err := anaFiles.topic.Send(r.Context(), bo.Self().Member, []byte("a secret"))
		if err != nil {
			t.Fatal(err)
		}
		r.confirmed(receipt)
		r.heard(bo, "joined ana", "ana 1: hi", "ana 3: have you got it?")
		r.heard(boFiles.actor, "joined ana", "ana 2: report.pdf", "ana 1 privately: a secret")
		r.heard(ana, "joined bo")
		r.heard(anaFiles.actor, "joined bo")
	})
}

// TestPresenceByTopic holds that who is here in a topic is who says that it
// takes part, and that a receipt counts these alone.
func TestPresenceByTopic(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", func(cfg *mesh.Config) { cfg.Topic = "files" })
		files := r.open(ana, "files")
		r.heard(ana, "joined bo")
		r.heard(files.actor, "joined cy")
		r.present(bo, "ana")
		if got := names(files.topic.Members()); got != "cy" {
			t.Errorf("in files there is %q", got)
		}
		if got := names(r.says(files, "one").To()); got != "cy" {
			t.Errorf("said in files to %q", got)
		}
		if _, err := files.topic.Send(r.Context(), bo.Self().Member, nil); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("sent to somebody who takes no part: %v", err)
		}
		boFiles := r.open(bo, "files")
		if got := names(r.says(files, "two").To()); got != "cy bo" {
			t.Errorf("said in files to %q", got)
		}
		r.says(boFiles, "bye")
		boFiles.topic.Close()
		pass(10 * time.Millisecond)
		r.says(files, "three")
		r.heard(files.actor, "joined bo", "joined cy", "bo 1: bye", "left bo")
		r.heard(boFiles.actor, "joined ana", "joined cy", "ana 1 earlier: one", "ana 2: two")
		if boFiles.last != mesh.ErrClosed {
			t.Errorf("a closed topic's events end with %v", boFiles.last)
		}
		if _, err := boFiles.topic.Broadcast(r.Context(), nil); err != mesh.ErrClosed {
			t.Errorf("said in a closed topic: %v", err)
		}
		r.heard(cy, "joined ana", "ana 1: one", "joined bo", "ana 2: two", "bo 1: bye", "left bo", "ana 3: three")
		r.heard(ana, "joined bo")
		r.present(ana, "bo")
		r.open(bo, "files") // again
		r.heard(files.actor, "joined bo", "joined cy", "bo 1: bye", "left bo", "joined bo")
	})
}

// TestLastWordsBeforeATopicIsLeft has somebody join a topic, speak and leave it
// at once, to one who takes nothing in meanwhile.
func TestLastWordsBeforeATopicIsLeft(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		files := r.open(bo, "files")
		bo.host.Hold()
		for i := range 3 {
			p := r.openSilently(ana, "files")
			r.says(p, strings.Repeat("x", 60_000)+fmt.Sprint(i))
			p.topic.Close()
			r.say(ana, "hi")
		}
		pass(time.Second)
		bo.host.Release()
		pass(time.Second)
		var got []string
		for _, l := range files.story() {
			got = append(got, strings.ReplaceAll(l, strings.Repeat("x", 60_000), "x"))
		}
		want := []string{
			"joined ana", "ana 1: x0", "left ana", "joined ana", "ana 3: x1", "left ana", "joined ana", "ana 5: x2", "left ana",
		}
		if !slices.Equal(got, want) {
			t.Errorf("bo has read %q", got)
		}
	})
}

// TestTopicOpenedLate holds that a topic begins with what the node holds of it.
func TestTopicOpenedLate(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", func(cfg *mesh.Config) { cfg.History = 3 })
		files := r.open(ana, "files")
		for _, text := range []string{"a", "b", "c", "d"} {
			r.says(files, text)
			r.say(ana, "and "+text)
		}
		synctest.Wait()
		late := r.open(bo, "files")
		r.says(files, "e")
		r.heard(late.actor, "joined ana", "ana 3 earlier: b", "ana 5 earlier: c", "ana 7 earlier: d", "ana 9: e")
		r.open(ana, "other") // what is said by ourselves is no history
		late.topic.Close()
		r.heard(r.open(bo, "files").actor, "joined ana", "ana 5 earlier: c", "ana 7 earlier: d", "ana 9 earlier: e")
		r.says(r.open(ana, "mine"), "x")
	})
}

// TestTopicOfNobodyHere holds that who takes no part in a topic holds what is
// said there, and confirms and passes it on.
func TestTopicOfNobodyHere(t *testing.T) {
	inRoom(t, func(r *room) {
		inFiles := func(cfg *mesh.Config) { cfg.Topic = "files" }
		ana, bo := r.join("ana", inFiles), r.join("bo", nil)
		r.heard(ana)
		r.heard(bo)
		if got := r.say(ana, "report.pdf").To(); len(got) != 0 {
			t.Errorf("said to %q", names(got))
		}
		pass(time.Second)
		ana.Close()
		pass(time.Second)
		cy := r.join("cy", inFiles)
		pass(3 * time.Second)
		r.heard(cy, "ana 1 earlier: report.pdf")
		r.heard(bo)
	})
}

// TestUnreadTopicHoldsUpNobody holds that a part of a program that does not read
// costs neither another part nor anybody else a message.
func TestUnreadTopicHoldsUpNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		files := r.openSilently(ana, "files")
		boFiles := r.openSilently(bo, "files")
		ana.Shrink()
		bo.Shrink() // 128 KiB of events
		text := strings.Repeat("x", 10_000)
		for i := range 100 {
			r.confirmed(r.says(files, text))
			r.confirmed(r.say(ana, fmt.Sprint(i)))
		}
		if got := strings.Fields(bo.texts()); len(got) != 100 || got[99] != "99" {
			t.Errorf("bo has read %q", got)
		}
		messages, missing := 0, uint64(0)
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		for ev := range boFiles.topic.Events(ctx) {
			switch ev := ev.(type) {
			case mesh.Message:
				messages++
			case mesh.Gap:
				missing += ev.Count
			}
		}
		if messages == 0 || missing == 0 || messages+int(missing) != 100 {
			t.Errorf("%d messages came and %d are missing, of 100", messages, missing)
		}
	})
}

// TestTopicsThatCannotBeOpened holds that no two parts read from one queue, and
// that there is a bound.
func TestTopicsThatCannotBeOpened(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		refused := func(a *actor, name string, want error) {
			t.Helper()
			if topic, err := a.Topic(name); !errors.Is(err, want) {
				t.Errorf("topic %q: %v, %v; want %v", name, topic, err, want)
			}
		}
		refused(ana, "main", mesh.ErrTopic)
		for i := range mesh.MaxTopics - 1 {
			r.openSilently(ana, fmt.Sprint(i))
		}
		refused(ana, "7", mesh.ErrTopic)
		refused(ana, "one more", mesh.ErrTopic)
		for _, name := range []string{"", "a\nb", strings.Repeat("x", 65), "\xff"} {
			if _, err := ana.Topic(name); err == nil || errors.Is(err, mesh.ErrTopic) {
				t.Errorf("topic %q: %v", name, err)
			}
			if name == "" {
				continue // a Config's default
			}
			if _, err := mesh.Join(r.Context(), mesh.Config{Topic: name, Network: ana.host}); err == nil {
				t.Errorf("joined in topic %q", name)
			}
		}
		watcher := r.join("watcher", func(cfg *mesh.Config) { cfg.Observer = true })
		refused(watcher, "files", mesh.ErrObserver)
		ana.Close()
		refused(ana, "files", mesh.ErrClosed)
	})
}

// TestObserverSeesTopics holds that an observer sees all members, and in what
// they take part now.
func TestObserverSeesTopics(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		r.join("bo", func(cfg *mesh.Config) { cfg.Topic = "files" })
		watcher := r.join("watcher", func(cfg *mesh.Config) { cfg.Observer = true })
		topics := func() string {
			synctest.Wait()
			var all []string
			for _, p := range watcher.Members() {
				all = append(all, fmt.Sprint(p.Name, p.Topics))
			}
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		if got := topics(); got != "ana[main] bo[files]" {
			t.Errorf("it sees %s", got)
		}
		p := r.open(ana, "files")
		if got := topics(); got != "ana[main files] bo[files]" {
			t.Errorf("it sees %s", got)
		}
		p.topic.Close()
		if got := topics(); got != "ana[main] bo[files]" {
			t.Errorf("it sees %s", got)
		}
		r.heard(watcher, "joined ana", "joined bo")
		if got := watcher.Self().Topics; len(got) > 0 {
			t.Errorf("it takes part in %q", got)
		}
	})
}

// TestTopicsOverARelay has two that reach each other through a third come into a
// topic and leave it; and come back after a cut.
func TestTopicsOverARelay(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		bo := r.join("bo", nil)
		pass(5 * time.Second)
		r.via(ana, "cy", "bo")
		files := r.open(ana, "files")
		cyFiles := r.open(cy, "files")
		pass(100 * time.Millisecond)
		r.heard(files.actor, "joined cy")
		r.heard(cyFiles.actor, "joined ana")
		r.confirmed(r.says(files, "report.pdf"))
		r.heard(cyFiles.actor, "joined ana", "ana 1: report.pdf")
		bo.host.Cut()
		pass(20 * time.Second)
		late := r.open(cy, "late")
		bo.host.Heal()
		pass(20 * time.Second)
		r.heard(files.actor, "joined cy", "lost cy", "joined cy")
		r.heard(r.open(ana, "late").actor, "joined cy")
		r.heard(late.actor, "joined ana")
		cyFiles.topic.Close()
		pass(100 * time.Millisecond)
		r.heard(files.actor, "joined cy", "lost cy", "joined cy", "left cy")
	})
}

// TestReroutedInTopics holds that a member's way is news where it takes part.
func TestReroutedInTopics(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		r.join("bo", nil)
		files, cyFiles := r.open(ana, "files"), r.open(cy, "files")
		other := r.open(ana, "other")
		pass(5 * time.Second)
		r.lan.Heal(ana.host, cy.host)
		pass(time.Minute)
		count := func(a *actor) (n int) {
			for _, ev := range a.events() {
				if _, ok := ev.(mesh.Rerouted); ok {
					n++
				}
			}
			return n
		}
		if a, b, c := count(ana), count(files.actor), count(other.actor); a == 0 || a != b || c != 0 {
			t.Errorf("rerouted %d times in main, %d in files and %d where cy is not", a, b, c)
		}
		if got := names(cyFiles.topic.Members()); got != "ana" {
			t.Errorf("cy sees %q in files", got)
		}
	})
}

// TestGapsInTopics holds that a gap is told where its origin takes part, and a
// conflict everywhere.
func TestGapsInTopics(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		files, other := r.open(ana, "files"), r.open(ana, "other")
		l := r.stranger("liar", ana)
		l.WriteMessage(append(l.record(1, "main", "files"), hello()...))
		one, two := l.tale(), l.tale()
		l.WriteMessage(one.says("hi"))
		two.says("ho")
		l.WriteMessage(two.says("so"))
		l.WriteMessage(wire.AppendGap(nil, wire.Gap{Stream: wire.Broadcast, From: 3, To: 9}))
		r.heard(ana, "joined liar", "liar 1: hi", "conflict liar 1", "liar 2: so", "gap liar 7")
		r.heard(files.actor, "joined liar", "conflict liar 1", "gap liar 7")
		r.heard(other.actor, "conflict liar 1")
	})
}

// TestSaidWhereItsSenderIsNot holds that what comes in a topic from who takes no
// part in it, any more or yet, is no live message.
func TestSaidWhereItsSenderIsNot(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		files := r.open(ana, "files")
		l := r.lie(ana)
		l.WriteMessage(hello())
		x := l.tale()
		x.next.Topic = "files"
		l.WriteMessage(x.says("hi"))
		l.WriteMessage(l.record(2, "main", "files"))
		l.WriteMessage(x.says("so"))
		l.WriteMessage(l.record(1, "main")) // an old one
		l.WriteMessage(x.says("on"))
		l.WriteMessage(l.record(3))
		l.WriteMessage(x.says("gone"))
		r.heard(files.actor, "liar 1 earlier: hi", "joined liar", "liar 2: so", "liar 3: on", "left liar", "liar 4 earlier: gone")
		r.heard(ana, "joined liar", "left liar")
		r.unpunished(l)
	})
}

// TestTopicsOfAnOldRecord holds that an answer brings in no older record than is
// known.
func TestTopicsOfAnOldRecord(t *testing.T) {
	inRoom(t, func(r *room) {
		cy := newAbsent()
		named := func(revision uint64, name string) []byte {
			return wire.AppendRecordFrame(nil, wire.AppendRecord(nil, lanKey, wire.Record{
				Member: cy.self, Salt: cy.salt, Revision: revision, Name: name, Topics: []string{"main"},
			}, cy.id.Sign))
		}
		ana := r.join("ana", nil)
		for i, record := range [][]byte{named(5, "five"), named(4, "four"), named(6, "six")} {
			l := r.lieFrom(fmt.Sprint("liar", i), ana)
			l.answers(record, cy.said(func(m *wire.Message) { m.Seq = uint64(i + 1) }))
			l.WriteMessage(helloWithPast())
			pass(3 * time.Second)
		}
		var got []string
		for _, ev := range ana.events() {
			if m, ok := ev.(mesh.Message); ok {
				got = append(got, m.From.Name)
			}
		}
		if want := []string{"five", "five", "six"}; !slices.Equal(got, want) {
			t.Errorf("cy is called %q, want %q", got, want)
		}
	})
}

// TestFloodOfTopicChanges holds that who comes and goes without end costs a node
// what it is ready to spend.
func TestFloodOfTopicChanges(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana := r.joinSilently("ana", nil).unread()
		l := r.lie(ana)
		l.WriteMessage(hello())
		stop := time.Now().Add(10 * time.Second)
		for i := uint64(2); i < 10_000 && time.Now().Before(stop); i++ {
			topics := []string{"main"}
			if i%2 == 0 {
				topics = nil
			}
			l.WriteMessage(l.record(i, topics...))
		}
		time.Sleep(time.Until(stop))
		ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
		defer cancel()
		changes := 0
		for _, err := range ana.Events(ctx) {
			if err == nil {
				changes++
			}
		}
		if changes < 100 || changes > 600 {
			t.Errorf("the program is told of %d changes in 10 s", changes)
		}
	})
}
