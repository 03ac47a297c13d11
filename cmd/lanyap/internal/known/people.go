package known

import (
	"maps"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Meeting is what there is to say of somebody who has come.
type Meeting struct {
	Verdict
	Was   string           // the name by which it was met before, if that was another
	Twice []netip.AddrPort // on which two hosts its key is in use; told once a day of each
}

// Meet enters that p is here, until Part.
func (b *Book) Meet(p mesh.Peer) Meeting {
	if b == nil {
		return Meeting{Verdict: Verdict{Standing: New}}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	now := b.now()
	at := &attendance{Peer: p, came: now}
	var meeting Meeting
	if p.ID != b.self.ID && !p.Web {
		met := b.table.Meet(now, p.ID, p.Name)
		at.fresh = met.New || b.freshLocked(p.ID)
		meeting.Was = met.Was
		if met.News && b.keepsLocked() && len(b.pending) < maxPending {
			b.pending = append(b.pending, func(t *Table) error { t.Meet(now, p.ID, p.Name); return nil })
			b.saveSoonLocked()
		}
	}
	meeting.Twice = b.twiceLocked(p)
	b.present[p.Member] = at
	meeting.Verdict = b.judgeLocked(p)
	return meeting
}

// maxPending is how many changes wait for the file of those that nobody asked for: where
// it cannot be written, on a disk that is full, strangers who come and go make no more.
const maxPending = Limit

func (b *Book) saveSoonLocked() {
	if b.closed || b.timer != nil {
		return
	}
	b.timer = time.AfterFunc(saveAfter, func() { _ = b.save() }) // which tells
}

func (b *Book) freshLocked(id peer.ID) bool {
	for m, at := range b.present {
		if m.ID == id && at.fresh {
			return true
		}
	}
	return false
}

// twiceLocked returns on which two hosts p's key is in use.
func (b *Book) twiceLocked(p mesh.Peer) []netip.AddrPort {
	if p.Web || b.isToldLocked(p.ID) {
		return nil
	}
	var other netip.AddrPort
	if p.ID == b.self.ID {
		other = elsewhere(p.Addr, b.here...)
	}
	for _, at := range b.present {
		if at.ID == p.ID && at.Instance != p.Instance && !other.IsValid() {
			other = elsewhere(p.Addr, at.Addr)
		}
	}
	if !other.IsValid() || !b.mayTellLocked(p.ID) {
		return nil
	}
	b.twice[p.ID] = b.now()
	return []netip.AddrPort{other, p.Addr}
}

const (
	// twiceAgain is after how long it is told again that two hosts have a key.
	twiceAgain = 24 * time.Hour
	// maxTwice is of how many keys it is told in that time that nobody has made sure
	// of: who makes up thousands fills neither memory nor screens.
	maxTwice = 32
)

func (b *Book) isToldLocked(id peer.ID) bool {
	told, is := b.twice[id]
	return is && b.now().Sub(told) < twiceAgain
}

// mayTellLocked reports whether there is room to tell of one more.
func (b *Book) mayTellLocked(id peer.ID) bool {
	maps.DeleteFunc(b.twice, func(id peer.ID, _ time.Time) bool { return !b.isToldLocked(id) })
	p, _ := b.table.Person(id)
	return len(b.twice) < maxTwice || id == b.self.ID || !p.Verified.IsZero()
}

// elsewhere returns an address of another host than the one at; invalid if one of
// them is at's, or if it cannot be told: a host has addresses of both families.
func elsewhere(at netip.AddrPort, others ...netip.AddrPort) (other netip.AddrPort) {
	here := at.Addr().Unmap().WithZone("")
	if !at.IsValid() || here.IsLoopback() {
		return netip.AddrPort{}
	}
	for _, o := range others {
		ip := o.Addr().Unmap().WithZone("")
		switch {
		case ip == here:
			return netip.AddrPort{}
		case o.IsValid() && !ip.IsLoopback() && ip.Is4() == here.Is4():
			other = o
		}
	}
	return other
}

// Part enters that a member has left.
func (b *Book) Part(m mesh.Member) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.present, m)
}

// Remain enters that of those who were here all have left but these. It is for programs
// that do not hear of each who leaves.
func (b *Book) Remain(these []mesh.Peer) {
	if b == nil {
		return
	}
	remain := make(map[mesh.Member]bool, len(these))
	for _, p := range these {
		remain[p.Member] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.present, func(m mesh.Member, _ *attendance) bool { return !remain[m] })
}

// Judge says how well p is known, who may not be here.
func (b *Book) Judge(p mesh.Peer) Verdict {
	if b == nil {
		return Verdict{Standing: New}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	return b.judgeLocked(p)
}

func (b *Book) judgeLocked(p mesh.Peer) Verdict {
	if p.ID == b.self.ID {
		return Verdict{Standing: Verified}
	}
	came := b.now()
	if at := b.present[p.Member]; at != nil {
		came = at.came
	}
	return b.table.Judge(came, p.ID, p.Name, b.freshLocked(p.ID))
}

// Trusts reports whether the user has made sure who has that ID, or has it: then it
// may do what others may not, by whatever name it comes.
func (b *Book) Trusts(id peer.ID) bool {
	p, own := b.look(id)
	return own || !p.Verified.IsZero() && !p.Blocked
}

// Blocked reports whether the user does not want to hear of that ID.
func (b *Book) Blocked(id peer.ID) bool {
	p, own := b.look(id)
	return !own && p.Blocked
}

func (b *Book) look(id peer.ID) (p Person, own bool) {
	if b == nil {
		return Person{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	p, _ = b.table.Person(id)
	return p, id == b.self.ID
}

// Trust enters that the user is sure who has that ID. An error is [ErrFull], or says
// that it is not in the file: then it counts until the program ends.
func (b *Book) Trust(id peer.ID, name string) error {
	now := b.now()
	return b.edit(func(t *Table) error { return t.Trust(now, id, name) })
}

// Distrust takes that back.
func (b *Book) Distrust(id peer.ID) error {
	return b.edit(func(t *Table) error { t.Distrust(id); return nil })
}

// Block enters that the user does not want to hear of that ID, with errors as those
// of Trust.
func (b *Book) Block(id peer.ID, name string) error {
	now := b.now()
	return b.edit(func(t *Table) error { return t.Block(now, id, name) })
}

// Unblock takes that back.
func (b *Book) Unblock(id peer.ID) error {
	return b.edit(func(t *Table) error { t.Unblock(id); return nil })
}

// Person returns whoever has that ID.
func (b *Book) Person(id peer.ID) (Person, bool) {
	if b == nil {
		return Person{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	return b.table.Person(id)
}

// Find returns whom a user means, see [Table.Find].
func (b *Book) Find(who string) []Person {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	return b.table.Find(who)
}

// People returns all who are known, see [Table.People].
func (b *Book) People() []Person {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshLocked()
	return b.table.People()
}
