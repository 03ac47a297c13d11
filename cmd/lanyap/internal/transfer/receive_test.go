package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// receiver is a run of Receive.
type receiver struct {
	t      *testing.T
	node   *fakeNode
	offers chan *fakeOffer
	keys   chan rune
	face   *recorder
	cancel context.CancelCauseFunc
	ended  chan error
}

// receives starts Receive; it asks.
func receives(t *testing.T, change func(*ReceiveConfig)) *receiver {
	t.Helper()
	r := &receiver{
		t: t, node: &fakeNode{self: ana, present: []mesh.Peer{bo, cy}}, offers: make(chan *fakeOffer),
		keys: make(chan rune), face: &recorder{}, ended: make(chan error, 1),
	}
	cfg := ReceiveConfig{
		Node: r.node, Room: "lan", Sharer: &fakeSharer{offers: r.offers}, Destination: share.Destination{Dir: "inbox", Conflict: share.Skip},
		Keys: r.keys, Timeout: 30 * time.Second, Face: r.face,
	}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r.cancel = cancel
	go func() { r.ended <- Receive(ctx, cfg) }()
	synctest.Wait()
	return r
}

// gets has something offered.
func (r *receiver) gets(o *fakeOffer) *fakeOffer {
	r.offers <- o
	synctest.Wait()
	return o
}

// press presses a key when the question has been read.
func (r *receiver) press(key rune) {
	time.Sleep(deafFor)
	r.hit(key)
}

func (r *receiver) hit(key rune) {
	r.keys <- key
	synctest.Wait()
}

// running fails the test if it has ended.
func (r *receiver) running() {
	r.t.Helper()
	synctest.Wait()
	select {
	case err := <-r.ended:
		r.t.Fatalf("ended with %v", err)
	default:
	}
}

func (r *receiver) wantEnd(want error) {
	r.t.Helper()
	if err := <-r.ended; !errors.Is(err, want) {
		r.t.Errorf("ended with %v, want %v", err, want)
	}
	if !r.node.left || !r.node.closed {
		r.t.Error("the node is still open")
	}
}

// asked returns whose offer is asked about now.
func (r *receiver) asked() string {
	all := of[Asked](r.face)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].ID
}

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

// TestQuestions holds that offers are asked about one after the other, and that
// only y says yes.
func TestQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		r.press('y') // before there is a question
		one, two, three, four := offered("one", bo, zip), offered("two", cy, zip), offered("three", bo, zip), offered("four", cy, zip)
		for _, o := range []*fakeOffer{one, two, three, four} {
			r.gets(o)
		}
		if got := r.asked(); got != "one" {
			t.Errorf("asked about %s", got)
		}
		for _, key := range "\r\n xq0\x1b" {
			r.press(key)
		}
		one.wantDecided(t, "")
		close(one.withdrawn)
		synctest.Wait()
		if got := r.asked(); got != "two" {
			t.Errorf("asked about %s", got)
		}
		three.why = share.ErrTaken
		close(three.withdrawn)
		synctest.Wait()
		r.press('N')
		two.wantDecided(t, "declined")
		if got := r.asked(); got != "four" {
			t.Errorf("asked about %s", got)
		}
		r.press('Y')
		four.wantDecided(t, "accepted")
		one.wantDecided(t, "")
		r.wantEnd(nil)
		wantWords(t, r.face.notices(), "* declined holiday.zip, 1.0 MiB, from cy", "taken by another program of yours")
	})
}

// TestKeyForAnotherQuestion holds that a key which was meant for a question that
// has just gone does not answer the next.
func TestKeyForAnotherQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		one, two, three := r.gets(offered("one", bo, zip)), r.gets(offered("two", cy, zip)), r.gets(offered("three", cy, zip))
		close(one.withdrawn)
		synctest.Wait()
		r.hit('y')
		two.wantDecided(t, "")
		r.press('n')
		r.hit('n')
		two.wantDecided(t, "declined")
		three.wantDecided(t, "")
		r.press('y')
		three.wantDecided(t, "accepted")
		r.wantEnd(nil)
	})
}

// TestDeclinedIsNotTheFirst holds that it goes on waiting after a no.
func TestDeclinedIsNotTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		r.gets(offered("one", bo, zip))
		r.press('n')
		time.Sleep(time.Hour)
		r.running()
		r.gets(offered("two", bo, zip))
		r.press('y')
		r.wantEnd(nil)
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

// TestNobodyToAsk holds that what nobody can say yes to is declined, and is not
// taken.
func TestNobodyToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		one, two := r.gets(offered("one", bo, zip)), r.gets(offered("two", cy, zip))
		close(r.keys)
		synctest.Wait()
		one.wantDecided(t, "declined")
		two.wantDecided(t, "declined")
		r.gets(offered("three", cy, zip)).wantDecided(t, "declined")
		r.running()
		r.cancel(nil)
		<-r.ended
	})
}

func TestUndecidedIsDeclinedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := r.gets(offered("one", bo, zip))
		cause := errors.New("signal")
		r.cancel(cause)
		r.wantEnd(cause)
		o.wantDecided(t, "declined")
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

// TestWithdrawnAsItIsTaken holds that an offer that is gone when it is accepted
// is not the first.
func TestWithdrawnAsItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := offered("one", bo, zip)
		o.accept = share.ErrWithdrawn
		r.gets(o)
		r.press('y')
		r.running()
		r.cancel(nil)
		<-r.ended
	})
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

// TestCommand holds that commands learn what arrived from their environment, one
// after the other, and that one that fails is told of.
func TestCommand(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	evil := bo
	evil.Name = "$(touch pwned)`touch pwned`;\n\x1b[2J\x00"
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	t.Setenv("LANYAP_PATH", "of somebody else")
	var out bytes.Buffer
	item := share.Landed{Item: share.Item{Name: "x", Dir: true, Size: 7}, Path: "in box/$(touch pwned)"}
	cmd := &Command{Line: `echo "$LANYAP_PATH|$LANYAP_KIND|$LANYAP_SIZE|$LANYAP_SENDER|$LANYAP_SENDER_ID" >> ` + log + `; cat; echo said`, Stdout: &out}
	if err := cmd.run(t.Context(), Deal{Peer: evil}, item); err != nil {
		t.Error(err)
	}
	if err := cmd.run(t.Context(), Deal{Peer: bo, Text: "some text\n", Size: 10}, share.Landed{}); err != nil {
		t.Error(err)
	}
	got, _ := os.ReadFile(log)
	want := "in box/$(touch pwned)|folder|7|$(touch pwned)`touch pwned`;␊␛[2J␀|" + bo.ID.String() + "\n|text|10|bo|" + bo.ID.String() + "\n"
	if string(got) != want {
		t.Errorf("commands saw %q, want %q", got, want)
	}
	if out.String() != "said\nsome text\nsaid\n" {
		t.Errorf("commands printed %q", out.String())
	}
	for _, pwned := range []string{filepath.Join(dir, "pwned"), "pwned"} {
		if _, err := os.Stat(pwned); err == nil {
			t.Errorf("a name was executed: %s", pwned)
		}
	}
	if err := (&Command{Line: "exit 3"}).run(t.Context(), Deal{}, item); err == nil || !strings.Contains(err.Error(), "3") {
		t.Errorf("a command that fails: %v", err)
	}
	if err := (&Command{Line: "sleep 100 & exit 0", Stdout: &out}).run(t.Context(), Deal{}, item); err != nil {
		t.Errorf("a command that leaves something behind: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Command{Line: "sleep 100"}).run(ctx, Deal{}, item); err == nil {
		t.Error("a command that is ended: no error")
	}
}

func TestFailingCommandIsTold(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	r := &receiver{t: t, node: &fakeNode{self: ana}, offers: make(chan *fakeOffer, 1), face: &recorder{}}
	o := offered("one", bo, zip)
	o.script = func(tr *fakeTransfer) {
		tr.landed <- share.Landed{Item: zip, Path: "p"}
		tr.landed <- share.Landed{Item: zip, Skipped: true} // no command is run for it
		tr.end(nil)
	}
	r.offers <- o
	err := Receive(t.Context(), ReceiveConfig{Node: r.node, Sharer: &fakeSharer{offers: r.offers}, Yes: true, Timeout: time.Second, Command: &Command{Line: "exit 7"}, Face: r.face})
	if !errors.Is(err, ErrCommand) {
		t.Errorf("ends with %v", err)
	}
	if got := of[Warning](r.face); len(got) != 1 || !strings.Contains(got[0].Text, "the command for holiday.zip failed: exit status 7") {
		t.Errorf("warnings %v", got)
	}
}
