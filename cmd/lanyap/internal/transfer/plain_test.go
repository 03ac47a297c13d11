package transfer

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

func TestPlain(t *testing.T) {
	one := offered("one", bo, zip).deal()
	sending := one
	sending.Incoming = false
	evil := one
	evil.Peer.Name, evil.Items = "\x1b[2J* cy", []share.Item{{Name: "a\x1b]0;x\a b\u202e", Files: 1}}
	tests := []struct {
		ev           Event
		out, notices string
	}{
		{Ready{Self: ana, Room: "lan"}, "", ""},
		{Offered{Deal: sending}, "", "* offered to bo: holiday.zip, 1.0 MiB\n"},
		{Asked{Deal: one}, "", "bo (" + bo.ID.Short() + ") offers holiday.zip, 1.0 MiB\ntake it? y yes, n no\n"},
		{Asked{Deal: evil}, "", "␛[2J* cy (" + bo.ID.Short() + `) offers "a␛]0;x␇ b<U+202E>", 1.0 MiB` + "\ntake it? y yes, n no\n"},
		{Received{one, share.Landed{Path: "in/x\x1b[2J"}}, "in/x␛[2J\n", ""},
		{Completed{Deal: sending, At: share.Progress{Bytes: 2 << 20, Skipped: 1 << 20, Files: 3}, Took: time.Second}, "",
			"* bo has holiday.zip: 2.0 MiB, 3 files, verified, in 1 s (1.0 MiB/s); 1.0 MiB of it was there already\n"},
		{Completed{Deal: Deal{Text: "x", Peer: bo}}, "", "* bo has the text\n"},
		{Removed{}, "", "* there is nothing to remove\n"},
		{Removed{[]share.Partial{{Name: "bo", Dir: "in", Items: []share.Item{zip}, Size: 2048, Have: 1024}}}, "", "* removed holiday.zip from bo: 1.0 KiB of 2.0 KiB, in in\n"},
		{Warning{Text: "a", Hint: "b"}, "", "error: a\nhint: b\n"},
		{half(one), "", ""},
	}
	for _, tt := range tests {
		var out, notices bytes.Buffer
		NewPlain(PlainConfig{Out: &out, Notices: &notices}).Show(tt.ev)
		if out.String() != tt.out || notices.String() != tt.notices {
			t.Errorf("%T: %q and %q, want %q and %q", tt.ev, out.String(), notices.String(), tt.out, tt.notices)
		}
	}
}

// TestProgressLines holds that a line comes with each phase, and every five
// seconds.
func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, notices bytes.Buffer
		face := NewPlain(PlainConfig{Out: &out, Notices: &notices, Lines: true})
		p := half(offered("one", bo, slides).deal())
		show := func(phase share.Phase, seconds int) {
			p.At.Phase = phase
			for range 4 * seconds {
				face.Show(p)
				time.Sleep(tick)
			}
		}
		show(share.Connecting, 1)
		show(share.Asking, 4)
		show(share.Moving, 12)
		show(share.Waiting, 1)
		show(share.Verifying, 1)
		want := strings.Join([]string{
			"connecting", "waiting for the answer",
			"50 %, 512 KiB of 1.0 MiB, 6 of 12 files, 10 MiB/s, 4 s left",
			"50 %, 512 KiB of 1.0 MiB, 6 of 12 files, 10 MiB/s, 4 s left",
			"50 %, 512 KiB of 1.0 MiB, 6 of 12 files, 10 MiB/s, 4 s left",
			"at 50 %, vanished; waiting for 4 s more", "50 %, verifying", "",
		}, "\n")
		if got := strings.ReplaceAll(notices.String(), "* bo, slides/: ", ""); got != want {
			t.Errorf("lines\n%swant\n%s", got, want)
		}
	})
}

func TestQuietPlain(t *testing.T) {
	one := offered("one", bo, zip).deal()
	var out, notices bytes.Buffer
	face := NewPlain(PlainConfig{Out: &out, Notices: &notices, Quiet: true})
	for _, ev := range []Event{Ready{Self: ana, Dir: "."}, Accepted{one}, half(one), Received{one, share.Landed{Path: "x"}}, Completed{Deal: one}, Warning{Text: "n"}, Warning{Text: "a", Hint: "b"}} {
		face.Show(ev)
	}
	if out.String() != "x\n" || notices.String() != "error: a\nhint: b\n" {
		t.Errorf("%q and %q", out.String(), notices.String())
	}
}

func TestLineKeys(t *testing.T) {
	keys := LineKeys(strings.NewReader("yes\n  no\n\n語\n"))
	var got string
	for key := range keys {
		got += string(key)
	}
	if got != "yn語" {
		t.Errorf("keys %q", got)
	}
}
