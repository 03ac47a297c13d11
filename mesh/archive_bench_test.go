package mesh

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// fullArchive holds 90,000 short messages of 8 members, all of 15 minutes.
func fullArchive() (*archive, []wire.Holding) {
	a := newArchive(maxHistory, limitsFor(1<<30))
	now := time.Now()
	var list []wire.Holding
	for i := range 8 {
		who := Member{ID: [32]byte{byte(i)}, Instance: [8]byte{byte(i)}}
		list = append(list, wire.Holding{Member: wireMember(who), From: 1})
		for seq := range uint64(90_000 / 8) {
			a.add(&item{origin: who, seq: seq + 1, clock: uint64(wall(now)) + seq, at: now, frame: make([]byte, 150)}, who.ID, now)
		}
	}
	return a, list
}

// BenchmarkAnswer is what an ask for everything does under the node's lock.
func BenchmarkAnswer(b *testing.B) {
	a, list := fullArchive()
	order := order{now: time.Now(), wall: time.Now()}
	for b.Loop() {
		a.answer(wire.Ask{Limit: maxHistory, Holdings: list}, Member{}, order)
	}
}

// BenchmarkAdd is what a message does to an archive that is full.
func BenchmarkAdd(b *testing.B) {
	a, _ := fullArchive()
	now := time.Now()
	who := Member{ID: [32]byte{200}, Instance: [8]byte{200}}
	frame := make([]byte, 150)
	for seq := uint64(1); b.Loop(); seq++ {
		a.add(&item{origin: who, seq: seq, at: now, frame: frame}, who.ID, now)
	}
}
