package main

import (
	"errors"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

// explainMoving finds what to tell a user of an error about files that are sent
// or fetched; nil of others.
func explainMoving(err error) *failure {
	var unsent *transfer.UnsentError
	var unreceived *transfer.UnreceivedError
	var ambiguous *transfer.AmbiguousError
	var place *transfer.PlaceError
	switch {
	case errors.As(err, &ambiguous):
		return &failure{exitUsage, err.Error(), "name the ID instead; nothing was moved"}
	case errors.Is(err, transfer.ErrNoOffer):
		return &failure{exitNobody, err.Error(), "wait longer with --timeout, or leave it out; they send with lanyap send"}
	case errors.Is(err, transfer.ErrCommand):
		return &failure{exitFailure, err.Error(), "see above; all that was sent is here"}
	case errors.Is(err, transfer.ErrNoShelves):
		return &failure{exitNobody, err.Error(), "they share with lanyap share DIR; --for NAME shares with some alone"}
	case errors.As(err, &place):
		f := &failure{text: err.Error()}
		if f.code, f.hint = ends(err); f.code == exitNobody && place.Path != "" && transfer.KindOf(err) == transfer.Missing {
			f.hint = "lanyap ls " + place.Name + " shows what there is"
		}
		return f
	case errors.As(err, &unsent):
		f := &failure{text: err.Error()}
		f.code, f.hint = ends(err)
		return f
	case errors.As(err, &unreceived):
		f := &failure{text: err.Error()}
		f.code, f.hint = ends(err)
		if unreceived.Lost && f.code == exitIncomplete {
			f.hint = "without --ephemeral what has come is kept, and goes on when it is sent again"
		}
		return f
	}
	return nil
}

// ends returns the exit code of something that did not arrive, and what to do
// about it.
func ends(err error) (code int, hint string) {
	switch kind := transfer.KindOf(err); {
	case errors.Is(err, share.ErrNoSpace):
		return codes[kind], "make room there, or name another directory; then the same again goes on where it stopped"
	case errors.Is(err, share.ErrReadOnly):
		return codes[kind], "make that directory writable, or name another; then send it again"
	case errors.Is(err, share.ErrInUse):
		return codes[kind], "the other process goes on with it; end that first to have it here"
	case errors.Is(err, share.ErrChanged):
		return codes[kind], "send it again when nobody writes to it; what has arrived is not sent twice"
	default:
		return codes[kind], hints[kind]
	}
}

var codes = map[transfer.Kind]int{
	transfer.Broken:       exitFailure,
	transfer.Incomplete:   exitIncomplete,
	transfer.Absent:       exitNobody,
	transfer.NotReceiving: exitNobody,
	transfer.Declined:     exitRefused,
	transfer.Missing:      exitNobody,
}

var hints = map[transfer.Kind]string{
	transfer.Broken:       doctorHint,
	transfer.Incomplete:   "what has arrived is kept: the same command again goes on from there",
	transfer.Absent:       "name somebody whom lanyap peers lists, as it stands there; or wait longer with --timeout",
	transfer.NotReceiving: "have them run lanyap receive, or lanyap, and send it again",
	transfer.Declined:     "ask them, and send it again",
	transfer.Missing:      "lanyap ls shows who shares what; they share with lanyap share DIR",
}
