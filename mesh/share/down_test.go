package share_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// Who is being given many files when a shelf is taken down is told that it is gone, or,
// if its Sharer closes, that it may come back; and not that they cannot be read.
func TestShelfThatIsTakenDownWhileItIsRead(t *testing.T) {
	const files = 100
	dir := folder(t, filepath.Join(t.TempDir(), "many"), files, 100)
	for range 50 {
		for want, down := range map[proto.Code]func(*person, *share.Shelf){
			proto.Unknown: func(_ *person, shelf *share.Shelf) { shelf.Close() },
			proto.Closing: func(bo *person, _ *share.Shelf) { bo.sharer.Close() },
		} {
			inBubble(t, func(t *testing.T) {
				bo, c := withCrook(t, share.Config{})
				shelf, err := bo.sharer.Share(dir)
				if err != nil {
					t.Fatal(err)
				}
				l := c.dial(bo)
				l.say(proto.AppendPath(nil, proto.Open, "many"))
				l.hear(proto.Offer)
				time.AfterFunc(time.Second, func() { down(bo, shelf) })
				time.AfterFunc(time.Second, func() { l.say(proto.AppendRuns(nil, proto.Get, bits.Run{Count: files})) })
				kind, payload, _ := l.hear(proto.Failed)
				if kind != proto.Bye {
					t.Fatalf("told with %v of a file", kind)
				}
				if code, err := proto.ParseCode(payload); code != want || err != nil {
					t.Errorf("told %v, %v, want %v", code, err, want)
				}
			})
		}
	}
}
