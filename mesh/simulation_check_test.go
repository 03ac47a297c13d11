package mesh_test

import (
	"errors"
	"slices"
	"strings"

	"github.com/lanyap/lanyap/mesh"
)

// hearing is what one node has read of another's stream, in one topic. Messages
// are counted in the topic, but for texts, which are by their sequence.
type hearing struct {
	first, next uint64 // of what was read live; 0: nothing
	past        uint64 // the last of its history; 0: none
	gaps        uint64
	texts       map[uint64]string
}

type streamKey struct {
	from    mesh.Member
	private bool
	topic   string
}

func keyOf(from *player, to mesh.Member, topic string) streamKey {
	return streamKey{from.Self().Member, to != mesh.Member{}, topic}
}

func (s *simulation) check() {
	s.strand()
	heard := make(map[*player]map[streamKey]*hearing)
	for _, p := range s.all {
		heard[p] = s.read(p)
	}
	for _, p := range s.alive {
		s.checkView(p)
	}
	for _, from := range s.all {
		for to, list := range from.said {
			for i, m := range list {
				if m.receipt.Seq() != uint64(i+1) {
					s.Errorf("%s: message %d got sequence %d", from.Self().Name, i+1, m.receipt.Seq())
				}
				s.checkReceipt(from, to, m, heard)
			}
			for _, p := range s.alive {
				if p == from || to != (mesh.Member{}) && to != p.Self().Member {
					continue
				}
				for _, topic := range []string{"main", sideTopic} {
					s.checkComplete(from, p, to, topic, heard[p][keyOf(from, to, topic)])
				}
			}
		}
	}
	if s.Failed() && s.verbose {
		for _, p := range s.all {
			s.Logf("%s has read\n\t%s", p.Self().Name, strings.ReplaceAll(strings.Join(p.story(), "\n\t"), heavy, "…"))
			if p.side != nil {
				s.Logf("and in %s\n\t%s", sideTopic, strings.ReplaceAll(strings.Join(p.side.story(), "\n\t"), heavy, "…"))
			}
		}
	}
}

// strand counts those pages as gone that have lost all links, to nodes and to those
// that have such, when the node that served them was gone: a page can dial nobody
// else.
func (s *simulation) strand() {
	home := make(map[mesh.Member]bool)
	for _, p := range s.alive {
		if !p.isPage() || s.serves(p) {
			home[p.Self().Member] = true
		}
	}
	for _, p := range slices.Clone(s.alive) {
		me := p.Self().Member
		if home[me] || slices.ContainsFunc(p.Members(), func(q mesh.Peer) bool { return home[q.Member] }) {
			continue
		}
		s.note("%s is stranded", p.Self().Name)
		s.remove(p)
	}
}

// read replays what a node has read.
func (s *simulation) read(p *player) map[streamKey]*hearing {
	heard := make(map[streamKey]*hearing)
	s.readTopic(p, "main", p.events(), heard)
	if p.side != nil {
		s.readTopic(p, sideTopic, p.side.events(), heard)
	}
	return heard
}

// count replaces the sequence of a message by its number in the topic.
func (s *simulation) count(p *player, topic string, m mesh.Message) mesh.Message {
	to := mesh.Member{}
	if m.Private {
		to = p.Self().Member
	}
	for _, from := range s.all {
		if from.Self().Member != m.From.Member {
			continue
		}
		if from.group != p.group {
			s.Errorf("%s has read a message of %s, who knows another secret", p.Self().Name, m.From.Name)
		}
		list := from.said[to]
		if m.Seq > uint64(len(list)) || list[m.Seq-1].topic != topic {
			s.Errorf("%s: message %d of %s in %s, which it has not said there", p.Self().Name, m.Seq, m.From.Name, topic)
			break
		}
		m.Seq = list[m.Seq-1].nth
	}
	return m
}

// readTopic replays what a node has read in a topic: messages between joined and
// left, in order, each once.
func (s *simulation) readTopic(p *player, topic string, events []mesh.Event, heard map[streamKey]*hearing) {
	here := make(map[mesh.Member]bool)
	of := func(from mesh.Member, private bool) *hearing {
		key := streamKey{from, private, topic}
		if heard[key] == nil {
			heard[key] = &hearing{texts: make(map[uint64]string)}
		}
		return heard[key]
	}
	name := p.Self().Name
	gap := make(map[mesh.Member]uint64)
	for _, ev := range events {
		switch ev := ev.(type) {
		case mesh.Joined:
			if here[ev.Peer.Member] {
				s.Errorf("%s: %s joined twice", name, ev.Peer.Name)
			}
			here[ev.Peer.Member] = true
			if slices.ContainsFunc(s.all, func(q *player) bool { return q.Self().Member == ev.Peer.Member && q.group != p.group }) {
				s.Errorf("%s: %s joined, who knows another secret", name, ev.Peer.Name)
			}
		case mesh.Left:
			if !here[ev.Peer.Member] {
				s.Errorf("%s: %s left before it joined", name, ev.Peer.Name)
			}
			here[ev.Peer.Member] = false
		case mesh.Gap:
			if !s.small {
				s.Errorf("%s: gap of %d from %s", name, ev.Count, ev.From.Name)
			}
			gap[ev.From.Member] += ev.Count
		case mesh.Message:
			seq := ev.Seq
			ev = s.count(p, topic, ev)
			if ev.History {
				s.readPast(name, of(ev.From.Member, ev.Private), ev, here[ev.From.Member])
				of(ev.From.Member, ev.Private).texts[seq] = string(ev.Data)
				continue
			}
			if !here[ev.From.Member] {
				s.Errorf("%s: message of %s, who is not here", name, ev.From.Name)
			}
			h := of(ev.From.Member, ev.Private)
			if h.next == 0 {
				if ev.Seq <= h.past {
					s.Errorf("%s: message %d of %s after history up to %d", name, ev.Seq, ev.From.Name, h.past)
				}
				h.first, h.next = ev.Seq, ev.Seq
				gap[ev.From.Member] = 0
			}
			if missing := ev.Seq - h.next; missing != 0 {
				if missing > gap[ev.From.Member] { // also when it is negative
					s.Errorf("%s: message %d of %s, want %d", name, ev.Seq, ev.From.Name, h.next)
				}
				gap[ev.From.Member] -= missing
				h.gaps += missing
			}
			h.next = ev.Seq + 1
			h.texts[seq] = string(ev.Data)
		}
	}
	for who, last := range gap { // a Gap does not say of which stream
		of(who, false).gaps += last
		of(who, true).gaps += last
	}
}

// readPast replays a message of somebody's history: in order, once, and nothing
// before what was read already.
func (s *simulation) readPast(name string, h *hearing, m mesh.Message, here bool) {
	if m.Seq <= h.past || m.Private && here {
		s.Errorf("%s: history %d of %s after %d", name, m.Seq, m.From.Name, h.past)
	}
	if h.next != 0 && (m.Seq != h.next || here) {
		s.Errorf("%s: history %d of %s, whose next message is %d", name, m.Seq, m.From.Name, h.next)
	}
	if h.next != 0 {
		h.next++
	}
	h.past = m.Seq
}

// checkView holds that a node sees all others that are alive and know its secret, and
// nobody else.
func (s *simulation) checkView(p *player) {
	want := -1
	for _, q := range s.alive {
		if q.group == p.group {
			want++
		}
	}
	if got := p.Members(); len(got) != want {
		s.Errorf("%s sees %q, want %d members", p.Self().Name, names(got), want)
	}
	if p.side == nil || p.sideShut {
		return
	}
	want = -1
	for _, q := range s.alive {
		if q.group == p.group && q.side != nil && !q.sideShut {
			want++
		}
	}
	if got := p.side.topic.Members(); len(got) != want {
		s.Errorf("%s sees %q in %s, want %d members", p.Self().Name, names(got), sideTopic, want)
	}
}

// checkLinks holds that all have links of their own that can have them: two pages
// whose browsers tell no address cannot.
func (s *simulation) checkLinks() {
	for _, p := range s.alive {
		for _, m := range p.Members() {
			i := slices.IndexFunc(s.alive, func(q *player) bool { return q.Self().Member == m.Member })
			if m.Via != nil && (i < 0 || !p.hides || !s.alive[i].hides) {
				s.Errorf("%s reaches %s through %s", p.Self().Name, m.Name, m.Via.Name)
			}
		}
	}
}

// checkReceipt holds that a receipt is settled and true.
func (s *simulation) checkReceipt(from *player, to mesh.Member, m said, heard map[*player]map[streamKey]*hearing) {
	if from.mayFault {
		return
	}
	err := settled(m.receipt)
	var un *mesh.UndeliveredError
	if err != nil && !errors.As(err, &un) {
		s.Errorf("%s: receipt of %d: %v", from.Self().Name, m.receipt.Seq(), err)
		return
	}
	unconfirmed := make(map[mesh.Member]bool)
	if un != nil {
		for _, p := range un.Left {
			unconfirmed[p.Member] = true
			if !s.small && !from.sawLeave(p.Member) {
				s.Errorf("%s: receipt of %d says that %s left, which it did not", from.Self().Name, m.receipt.Seq(), p.Name)
			}
		}
	}
	for _, p := range s.all {
		if !contains(m.receipt.To(), p.Self().Member) || unconfirmed[p.Self().Member] {
			continue
		}
		if p.mayFault || m.topic == sideTopic && p.sideShut {
			continue // its node had it; killed while it gathered history, its program has not
		}
		h := heard[p][keyOf(from, to, m.topic)]
		if s.small && h != nil && h.gaps > 0 && h.texts[m.receipt.Seq()] == "" {
			continue // its node had it; its program, which read too slowly, got a gap
		}
		if h == nil || h.texts[m.receipt.Seq()] != m.text {
			s.Errorf("%s: receipt of %d says that %s has it, which it has not", from.Self().Name, m.receipt.Seq(), p.Self().Name)
		}
	}
}

func (p *player) sawLeave(m mesh.Member) bool {
	for _, ev := range p.events() {
		if left, ok := ev.(mesh.Left); ok && left.Peer.Member == m {
			return true
		}
	}
	return false
}

func contains(list []mesh.Peer, m mesh.Member) bool {
	for _, p := range list {
		if p.Member == m {
			return true
		}
	}
	return false
}

// checkComplete holds that who is still here has everything that was said
// since it was first counted as present, as it was said.
func (s *simulation) checkComplete(from, p *player, to mesh.Member, topic string, h *hearing) {
	if topic == sideTopic && (p.side == nil || p.sideShut) {
		return
	}
	list := from.said[to]
	if h == nil {
		h = &hearing{}
	}
	for i, m := range list {
		if m.topic != topic {
			continue
		}
		seq := uint64(i + 1)
		text, ok := h.texts[seq]
		if ok && text != m.text {
			s.Errorf("%s: message %d of %s was altered", p.Self().Name, seq, from.Self().Name)
		}
		stayed := !from.mayFault && isAlive(s.alive, from)
		if !ok && stayed && !s.small && (contains(m.receipt.To(), p.Self().Member) || h.next != 0 && m.nth >= h.first) {
			s.Errorf("%s: message %d of %s is missing", p.Self().Name, seq, from.Self().Name)
		}
	}
}

func isAlive(alive []*player, p *player) bool {
	for _, q := range alive {
		if q == p {
			return true
		}
	}
	return false
}
