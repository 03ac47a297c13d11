package transfer

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh/share"
)

// plainEvery is how long it takes from one line of progress to the next.
const plainEvery = 5 * time.Second

// PlainConfig is what [NewPlain] needs.
type PlainConfig struct {
	Out     io.Writer // paths and texts that have arrived
	Notices io.Writer // everything else
	Quiet   bool      // no notices but mistakes
	Lines   bool      // progress too, a line every few seconds
}

// NewPlain returns a face that writes lines: to Out the path of each item that has
// arrived, and each text.
func NewPlain(cfg PlainConfig) Face { return &plain{cfg: cfg, told: make(map[string]told)} }

type plain struct {
	cfg PlainConfig

	mu   sync.Mutex // held while writing, so that lines stay whole; guards told
	told map[string]told
}

// told is what was last told of a deal's progress.
type told struct {
	at    time.Time
	phase share.Phase
}

func (f *plain) Show(ev Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := notice(ev)
	switch ev := ev.(type) {
	case Received:
		_, err := io.WriteString(f.cfg.Out, arrived(ev)+"\n")
		return err
	case Asked:
		_, _ = fmt.Fprintf(f.cfg.Notices, "%s\n%s\n", question(ev), choices)
		return nil
	case Progress:
		text = f.progress(ev)
	case Completed, Failed:
		delete(f.told, dealOf(ev).ID)
	}
	mistake, isWarning := ev.(Warning)
	if text == "" || f.cfg.Quiet && !(isWarning && mistake.Hint != "") {
		return nil
	}
	// Whoever closed standard error does not want to know.
	_, _ = io.WriteString(f.cfg.Notices, text+"\n")
	return nil
}

// arrived returns what is written of something that has arrived: where it is, or
// what it says.
func arrived(ev Received) string {
	if ev.Text != "" {
		return safe.Text(ev.Text)
	}
	return safe.Line(ev.Item.Path)
}

// progress returns a line if it is time for one: at each new phase, and every few
// seconds while bytes move.
func (f *plain) progress(ev Progress) string {
	before, known := f.told[ev.ID]
	now := time.Now()
	if !f.cfg.Lines || known && before.phase == ev.At.Phase && now.Sub(before.at) < plainEvery {
		return ""
	}
	f.told[ev.ID] = told{now, ev.At.Phase}
	return fmt.Sprintf("* %s, %s: %s", people.Name(ev.Peer), subject(ev.Deal), state(ev))
}

// state returns how far a transfer is.
func state(ev Progress) string {
	switch ev.At.Phase {
	case share.Connecting:
		return "connecting"
	case share.Asking:
		return "waiting for the answer"
	case share.Waiting:
		return fmt.Sprintf("at %d %%, vanished; waiting for %s more", percent(ev.At.BytesDone, ev.At.Bytes), duration(ev.Left))
	case share.Verifying:
		return fmt.Sprintf("%d %%, verifying", percent(ev.At.BytesDone, ev.At.Bytes))
	}
	text := fmt.Sprintf("%d %%, %s of %s", percent(ev.At.BytesDone, ev.At.Bytes), Bytes(ev.At.BytesDone), Bytes(ev.At.Bytes))
	if ev.At.Files > 1 {
		text += fmt.Sprintf(", %s of %s files", Count(ev.At.FilesDone), Count(ev.At.Files))
	}
	if ev.Rate > 0 {
		text += ", " + rate(ev.Rate)
	}
	if ev.Left > 0 {
		text += ", " + duration(ev.Left) + " left"
	}
	return text
}

// question returns what is asked about an offer, without the choices.
func question(ev Asked) string {
	text := whom(ev.Peer, ev.Known) + " offers " + what(ev.Deal)
	if like := ev.Known.Like; like != nil {
		text += "; " + notWho(ev.Peer, like)
	}
	if ev.Partial != nil {
		text += fmt.Sprintf("; %d %% of it is here already", percent(ev.Partial.Have, ev.Partial.Size))
	}
	if ev.Behind > 0 {
		text += fmt.Sprintf(" (%d more after this)", ev.Behind)
	}
	return text
}

const choices = "take it? y yes, n no"

// dealOf returns the deal that an event is about.
func dealOf(ev Event) Deal {
	switch ev := ev.(type) {
	case Completed:
		return ev.Deal
	case Failed:
		return ev.Deal
	}
	return Deal{}
}
