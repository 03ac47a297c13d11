package mesh

import (
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// TestAnswerSkipsWhatWasDropped has the archive forget the beginning of an
// answer before it is written: the rest comes once, in order.
func TestAnswerSkipsWhatWasDropped(t *testing.T) {
	id := peer.NewIdentity()
	origins := []Member{{ID: id.ID(), Instance: lower}, {ID: id.ID(), Instance: upper}}
	now := time.Now()
	n := &Node{archive: newArchive(maxHistory, limitsFor(1<<30)), wall: time.Now}
	for seq := uint64(1); seq <= 10; seq++ {
		for i, who := range origins {
			c := uint64(wall(now)) + 2*seq + uint64(i)
			frame := wire.AppendMessage(nil, n.room, wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: wireMember(who), Seq: seq, Clock: c}, id.Sign)
			f, _, err := wire.Next(frame)
			if err != nil {
				t.Fatal(err)
			}
			n.archive.add(&item{origin: who, seq: seq, clock: c, at: now, frame: f.Payload}, who.ID, now)
		}
	}
	l := &link{}
	l.answer = answer{told: make(map[Member]bool), due: true}
	l.answer.cursors = n.archive.answer(wire.Ask{Limit: maxHistory}, Member{}, n.orderLocked())
	for range 5 {
		n.archive.drop(n.archive.shelves[origins[0]])
	}
	got := make(map[Member][]uint64)
	var keys []uint64
	for p := n.appendAnswer(l, nil, now); len(p) > 0; {
		f, rest, err := wire.Next(p)
		if err != nil {
			t.Fatal(err)
		}
		p = rest
		if f.Type != wire.TypePast {
			continue
		}
		_, msg, err := wire.ParsePast(f.Payload)
		if err != nil {
			t.Fatal(err)
		}
		got[memberOf(msg.Origin)] = append(got[memberOf(msg.Origin)], msg.Seq)
		keys = append(keys, msg.Clock)
	}
	if want := []uint64{6, 7, 8, 9, 10}; !slices.Equal(got[origins[0]], want) {
		t.Errorf("of who was dropped from come %d, want %d", got[origins[0]], want)
	}
	if want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(got[origins[1]], want) {
		t.Errorf("of the other come %d, want %d", got[origins[1]], want)
	}
	if !slices.IsSorted(keys) {
		t.Errorf("they come in the order of the clocks %d", keys)
	}
}
