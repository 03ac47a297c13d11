package transfer

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

var (
	zip    = share.Item{Name: "holiday.zip", Files: 1, Size: 1 << 20}
	slides = share.Item{Name: "slides", Dir: true, Files: 12, Size: 1 << 20}
)

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := r.gets(offered("one", bo, zip, slides))
		o.wantDecided(t, "")
		r.press('y')
		o.wantDecided(t, "accepted")
		if o.to != (share.Destination{Dir: "inbox", Conflict: share.Skip, Plain: true}) {
			t.Errorf("it lands in %v", o.to)
		}
		r.wantEnd(nil)
		if got := of[Received](r.face); len(got) != 2 || got[0].Item.Path != "inbox/holiday.zip" || got[1].ID != "one" {
			t.Errorf("received %v", got)
		}
		wantWords(t, r.face.notices(), "* you are ana in room lan; what is sent to you lands in inbox",
			"* taking holiday.zip, slides/, 13 files, 2.0 MiB, from bo ("+bo.ID.Short()+")", "* received 2 items from bo: 2.0 MiB, 13 files, verified, in 2 s (1.0 MiB/s)")
	})
}

// TestSeveralAtOnce holds that it stays until all that was taken is here, and all
// is decided.
func TestSeveralAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		r.gets(offered("one", bo, zip))
		r.press('y')
		two := r.gets(offered("two", cy, zip, slides))
		time.Sleep(10 * time.Second)
		r.running() // it asks
		r.press('y')
		r.wantEnd(nil)
		two.wantDecided(t, "accepted")
		if got := len(of[Completed](r.face)); got != 2 {
			t.Errorf("%d have come", got)
		}
	})
}

func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, func(c *ReceiveConfig) { c.Loop, c.Yes, c.Keys = true, true, nil })
		for i := range 3 {
			r.gets(offered(fmt.Sprint(i), bo, zip)).wantDecided(t, "accepted")
			time.Sleep(time.Minute)
		}
		failing := offered("failing", bo, zip)
		failing.script = func(tr *fakeTransfer) { tr.end(&share.IncompleteError{Cause: share.ErrNoSpace}) }
		r.gets(failing)
		r.running()
		cause := errors.New("signal")
		r.cancel(cause)
		r.wantEnd(cause)
		wantWords(t, r.face.notices(), "holiday.zip from bo: found no space left where it lands; 0 B of 1.0 MiB is kept")
	})
}

func TestReceiveWithoutQuestions(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*ReceiveConfig)
		from    mesh.Peer
		decided string
		why     error
	}{
		{"--yes", func(c *ReceiveConfig) { c.Yes = true }, bo, "accepted", nil},
		{"--yes --from", func(c *ReceiveConfig) { c.Yes, c.From = true, []string{"cy", "bo"} }, bo, "accepted", nil},
		{"--from, without a terminal", func(c *ReceiveConfig) { c.Keys, c.From = nil, []string{"bo"} }, bo, "accepted", nil},
		{"--from an ID", func(c *ReceiveConfig) { c.Yes, c.From = true, []string{bo.ID.String()} }, bo, "accepted", nil},
		{"--from another", func(c *ReceiveConfig) { c.Yes, c.From = true, []string{"cy"} }, bo, "declined", errNotFrom},
		{"--from, asked", func(c *ReceiveConfig) { c.From = []string{"bo"} }, bo, "", nil},
		{"--from somebody who calls himself an ID", func(c *ReceiveConfig) { c.Yes, c.From = true, []string{bo.ID.String()} },
			member(bo.ID.String(), 7), "declined", errNotFrom},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := receives(t, tt.change)
				r.gets(offered("one", tt.from, zip)).wantDecided(t, tt.decided)
				if refused := of[Refused](r.face); tt.why != nil && (len(refused) != 1 || refused[0].Reason != tt.why) {
					t.Errorf("refused: %v, want %v", refused, tt.why)
				}
				r.cancel(nil)
				<-r.ended
			})
		})
	}
}

// TestFromIsOfOne holds that a name is nobody's while two bear it.
func TestFromIsOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, func(c *ReceiveConfig) { c.Yes, c.From, c.Loop = true, []string{"bo"}, true })
		impostor := member("bo", 66)
		r.gets(offered("before", bo, zip)).wantDecided(t, "accepted")
		r.node.join(impostor)
		r.gets(offered("theirs", impostor, zip)).wantDecided(t, "declined")
		r.gets(offered("his", bo, zip)).wantDecided(t, "declined")
		wantWords(t, r.face.notices(), "there is another member of that name, and --from names no ID")
		r.cancel(nil)
		<-r.ended
	})
}

// TestTakenOnce holds that a sender who starts anew is not asked about again, and
// that this is for what was taken alone.
func TestTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, func(c *ReceiveConfig) { c.Loop = true })
		r.gets(offered("one", bo, zip))
		r.press('y')
		again := offered("again", bo, zip)
		again.Partial = &share.Partial{Key: "key of one", Have: 1 << 19, Size: 1 << 20}
		r.gets(again).wantDecided(t, "accepted")
		other := offered("other", cy, zip)
		other.Partial = again.Partial
		r.gets(other).wantDecided(t, "")
		wantWords(t, question(of[Asked](r.face)[1]), "; 50 % of it is here already")
		r.cancel(nil)
		<-r.ended
	})
}

func TestReceiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := receives(t, func(c *ReceiveConfig) { c.Wait = time.Minute })
		r.wantEnd(ErrNoOffer)
		if took := time.Since(began); took.Round(time.Second) != time.Minute {
			t.Errorf("waited for %v", took)
		}
		r = receives(t, func(c *ReceiveConfig) { c.Wait = time.Minute })
		r.gets(offered("one", bo, zip))
		time.Sleep(time.Hour) // somebody thinks about it
		r.running()
		r.press('y')
		r.wantEnd(nil)
	})
}

func TestReceiveFails(t *testing.T) {
	for name, tt := range map[string]struct {
		accept error
		script func(*fakeTransfer)
		want   error
		told   string
	}{
		"vanishes":        {nil, stays(share.Waiting), share.ErrIncomplete, "vanished, and did not come back within 30s; 512 KiB of 1.0 MiB is kept, and goes on when it is sent again"},
		"canceled":        {nil, ends(&share.IncompleteError{Cause: share.ErrCanceled}), share.ErrCanceled, "* holiday.zip from bo: canceled; "},
		"mismatch":        {nil, ends(&share.IncompleteError{Failed: 1, Failures: []share.Failure{{Path: "holiday.zip", Err: share.ErrMismatch}}}), share.ErrMismatch, "lacks 1 file: holiday.zip is not what was announced"},
		"bad destination": {share.ErrReadOnly, nil, share.ErrReadOnly, "* declined holiday.zip, 1.0 MiB, from bo (" + bo.ID.Short() + "): may not be written"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := receives(t, nil)
				o := offered("one", bo, zip)
				o.accept, o.script = tt.accept, tt.script
				r.gets(o)
				r.press('y')
				r.wantEnd(tt.want)
				wantWords(t, r.face.notices(), tt.told)
			})
		})
	}
}

func TestTextIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := offered("one", bo)
		o.Text, o.Size = "meet at 5\x1b[2J", 13
		r.gets(o)
		r.wantEnd(nil)
		got := of[Received](r.face)
		if len(got) != 1 || arrived(got[0]) != "meet at 5␛[2J" {
			t.Errorf("received %v", got)
		}
	})
}
