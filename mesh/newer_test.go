package mesh_test

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// TestNewerMember has a member of a version to come in the room, which speaks in
// kinds, topics and frames that nobody knows here: that is held, confirmed and
// passed on, and not shown.
func TestNewerMember(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.stranger("newer", ana)
		tail := func(frame []byte) []byte { // a frame with a field more
			frame = append(frame, "later"...)
			n := len(frame) - wire.FrameHeader
			frame[1], frame[2], frame[3] = byte(n>>16), byte(n>>8), byte(n)
			return frame
		}
		l.WriteMessage(append([]byte{200, 0, 0, 1, 7}, tail(l.record(1, "main", "holograms"))...)) // a frame before all others
		l.WriteMessage(tail(wire.AppendHave(nil, wire.Have{Next: 1, PrivateNext: 1, Held: 1, Here: 1})))
		x := l.tale()
		l.WriteMessage(x.says("hi"))
		var unknown [][]byte
		for _, kind := range []byte{3, 4, 255} {
			x.next.Kind = kind
			unknown = append(unknown, x.says("not for you"))
		}
		x.next.Kind, x.next.Topic = wire.Broadcast, "holograms"
		unknown = append(unknown, x.says("nor this"))
		for _, frame := range unknown {
			l.WriteMessage(append([]byte{99, 0, 0, 2, 1, 2}, frame...))
		}
		x.next.Topic = "main"
		l.WriteMessage(x.says("ho"))
		pass(3 * time.Second) // the history that it says it has does not come
		r.heard(ana, "joined liar", "liar 1: hi", "liar 6: ho")
		l.WriteMessage(tail(wire.AppendBye(nil)))
		pass(time.Second)
		r.unpunished(l)
		l.Close(nil)

		// A newcomer, that knows no more, gets all of it of ana; and one that does
		// from there.
		bo := r.join("bo", func(cfg *mesh.Config) { cfg.Topic = "main" })
		pass(3 * time.Second)
		ana.Close()
		r.heard(bo, "joined ana", "liar 1 earlier: hi", "liar 6 earlier: ho", "lost ana")
		holograms, err := bo.Topic("holograms")
		if err != nil {
			t.Fatal(err)
		}
		for ev, err := range holograms.Events(r.Context()) {
			if m, ok := ev.(mesh.Message); !ok || string(m.Data) != "nor this" || m.Seq != 5 || !m.History {
				t.Errorf("in its topic there is %v, %v", ev, err)
			}
			break
		}
		asker := r.lieFrom("asker", bo)
		var kinds []byte
		asker.on(wire.TypePast, func(p []byte) []byte {
			if _, m, err := wire.ParsePast(p); err == nil {
				kinds = append(kinds, m.Kind)
			}
			return nil
		})
		asker.WriteMessage(append(hello(), wire.AppendAsk(nil, wire.Ask{Limit: 100})...))
		pass(time.Second)
		if want := []byte{1, 3, 4, 255, 1, 1}; string(kinds) != string(want) {
			t.Errorf("kinds %v are passed on, want %v", kinds, want)
		}
	})
}
