package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

// NewOrders returns an input that has what in asks for about files done by files,
// whether or not anybody is here to talk to, and passes on what is to be said. An
// order waits for what was to be said before it, and for patience at most until
// they are here whom something is to be sent to. It ends with ctx.
func NewOrders(ctx context.Context, in Input, files Files, patience time.Duration) Input {
	o := &orders{Input: in, files: files, patience: patience, said: make(chan answer)}
	go o.read(ctx)
	return o
}

type orders struct {
	Input
	files    Files
	patience time.Duration
	said     chan answer
}

// answer is what an Input returned.
type answer struct {
	u   Utterance
	err error
}

// read lives for as long as the input, or ctx.
func (o *orders) read(ctx context.Context) {
	for {
		u, err := o.Input.Next(ctx)
		if err == nil && u.Order != nil {
			if err = o.obey(ctx, u); err == nil {
				continue
			}
		}
		select {
		case o.said <- answer{u, err}:
		case <-ctx.Done():
			return
		}
		if mistake := (*MistakeError)(nil); err != nil && !errors.As(err, &mistake) {
			return
		}
	}
}

func (o *orders) obey(ctx context.Context, u Utterance) error {
	var err error
	switch order := u.Order; {
	case order.Send != "":
		to := ""
		if u.To != nil {
			to = *u.To
		}
		err = o.send(ctx, order.Send, to)
	case order.Get != "":
		err = o.files.Get(order.Get, order.Dir)
	default:
		err = o.files.Decline(order.Decline)
	}
	if err == nil {
		return nil
	}
	hint := "name an offer by the offer of its event"
	switch {
	case errors.Is(err, people.ErrAmbiguous), errors.Is(err, people.ErrUnknown), errors.Is(err, transfer.ErrNobody):
		hint = "name somebody who is here, or an ID; both are in the joined events and in lanyap peers --json"
	case !errors.Is(err, transfer.ErrNoSuchOffer):
		hint = "try it again"
	}
	return &MistakeError{Text: fmt.Sprint(err), Hint: hint, Ref: u.Ref}
}

// lookEvery is how often it is looked whether somebody has come.
const lookEvery = 20 * time.Millisecond

// send waits for whoever is to get it.
func (o *orders) send(ctx context.Context, path, to string) error {
	for deadline := time.Now().Add(o.patience); ; {
		err := o.files.Send(path, to)
		away := errors.Is(err, people.ErrUnknown) || errors.Is(err, transfer.ErrNobody)
		if !away || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(lookEvery)
	}
}

// Next implements [Input].
func (o *orders) Next(ctx context.Context) (Utterance, error) {
	select {
	case a := <-o.said:
		return a.u, a.err
	case <-ctx.Done():
		return Utterance{}, ctx.Err()
	}
}
