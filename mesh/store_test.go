package mesh

import (
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/store"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// TestStoredNameIsHeldToTheRules holds that a history file brings in no name
// that a link would not: what was said stays, its sender is shown by ID.
func TestStoredNameIsHeldToTheRules(t *testing.T) {
	id := peer.NewIdentity()
	room := wire.NewRoomKey("lan")
	salt := peer.NewSalt()
	who := wire.Member{ID: id.ID(), Instance: id.ID().Instance(salt)}
	frame := wire.AppendMessage(nil, room, wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: who, Seq: 1, Body: []byte("hi")}, id.Sign)
	for name, taken := range map[string]bool{"ana": true, "ana\nbo: yes": false, "\x1b[2J": false, "\u202eana": false} {
		record := wire.AppendRecord(nil, room, wire.Record{Member: who, Salt: salt, Name: name}, id.Sign)
		a := &ask{records: make(map[Member][]byte)}
		it := unstored(store.Entry{Frame: append(wire.AppendRecordFrame(nil, record), frame...)}, a)
		if it == nil {
			t.Errorf("%q: the message is gone", name)
		}
		if _, ok := a.records[memberOf(who)]; ok != taken {
			t.Errorf("%q is taken: %v, want %v", name, ok, taken)
		}
	}
}
