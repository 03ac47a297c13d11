package chat

import (
	"context"
	"io"
	"strings"
)

// NewUtterance returns an input that is one thing to say.
func NewUtterance(u Utterance) Input {
	in := &one{u: &u, ended: make(chan struct{})}
	close(in.ended)
	return in
}

type one struct {
	u     *Utterance // nil: taken
	ended chan struct{}
}

func (o *one) Next(context.Context) (Utterance, error) {
	if o.u == nil {
		return Utterance{}, io.EOF
	}
	u := *o.u
	o.u = nil
	return u, nil
}

func (o *one) Ended() <-chan struct{} { return o.ended }

// ReadText returns the message that a whole input is, without the line end
// behind it, or a *MistakeError if it is no text.
func ReadText(whole []byte) (string, error) {
	whole, err := unmarked(whole)
	if err != nil {
		return "", err
	}
	u, err := parseText(whole)
	if err != nil {
		return "", &MistakeError{Text: "the input " + err.Error() + "; not sent", Hint: textHint}
	}
	return strings.TrimSuffix(strings.TrimSuffix(u.Text, "\n"), "\r"), nil
}
