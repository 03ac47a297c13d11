package transfer

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe/safetest"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// TestHostileTextOfOffers: neither what others are called, nor what they call their
// files, nor why it came to nothing does anything to a terminal.
func TestHostileTextOfOffers(t *testing.T) {
	for _, c := range safetest.All() {
		deal := Deal{
			ID: "x", Incoming: true, Peer: mesh.Peer{Name: c.Text}, Count: 2, Files: 2,
			Items: []share.Item{{Name: c.Text, Files: 1}, {Name: c.Text, Dir: true}},
		}
		words := deal
		words.Items, words.Text = nil, c.Text
		err := errors.New("share: the other side: " + c.Text)
		for _, ev := range []Event{
			Ready{Self: deal.Peer, Room: c.Text, Dir: c.Text}, Offered{Deal: deal}, Offered{Deal: words}, Asked{Deal: deal}, Asked{Deal: words},
			Accepted{deal}, Refused{Deal: deal, Reason: err}, Withdrawn{Deal: deal, Reason: err}, Progress{Deal: deal},
			Received{Deal: deal, Item: share.Landed{Path: c.Text}}, Received{Deal: words}, Completed{Deal: deal}, Failed{Deal: deal, Err: err},
			Omitted{[]share.Omission{{Path: c.Text, Reason: c.Text}}}, Removed{[]share.Partial{{Name: c.Text, Dir: c.Text, Items: deal.Items}}},
			Warning{Text: c.Text}, Warning{Text: c.Text, Hint: c.Text},
		} {
			var out bytes.Buffer
			if err := NewPlain(PlainConfig{Out: &out, Notices: &out, Lines: true}).Show(ev); err != nil {
				t.Fatal(err)
			}
			if err := safetest.Check(out.String(), ""); err != nil {
				t.Errorf("%s: %T: %v", c.Name, ev, err)
			}
			_, isReceived := ev.(Received) // a text is the answer, and has its lines
			if strings.Contains(out.String(), "\nana: ") && !isReceived {
				t.Errorf("%s: %T has a line %q", c.Name, ev, out.String())
			}
		}
	}
}
