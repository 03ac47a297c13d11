package chat

import (
	"context"
	"errors"
	"io"

	"github.com/lanyap/lanyap/mesh"
)

// PromptConfig is what [NewPrompt] needs.
type PromptConfig struct {
	Members *Room
	Files   Files                                                    // nil: none are moved
	Page    func() []string                                          // see [Config]
	Invite  func() []string                                          // see [Config]
	Draw    func(url string) string                                  // the code of an address, empty where there is no room for it; nil: nowhere
	Ask     func(ctx context.Context, p mesh.Peer) ([]string, error) // see [Verifier]; nil: nobody can be verified
	Face    Face
}

// NewPrompt returns an input at which somebody types the lines of in on a
// terminal that has no input line of ours. Commands are done at once, whether
// or not anybody is here, and shown by the face.
func NewPrompt(in Input, cfg PromptConfig) Input {
	tell := func(text string) { _ = cfg.Face.Show(Answer{Text: text}) }
	p := prompt{typed: newTyped()}
	go p.read(in, &interpreter{room: cfg.Members, files: cfg.Files, page: cfg.Page, invite: cfg.Invite, draw: cfg.Draw, ask: cfg.Ask, tell: tell, show: tell}, cfg.Face)
	return p
}

type prompt struct{ *typed }

func (p prompt) Next(ctx context.Context) (Utterance, error) { return p.next(ctx) }

func (p prompt) Ended() <-chan struct{} { return p.ended }

// read lives for as long as somebody may type.
func (p prompt) read(in Input, commands *interpreter, face Face) {
	defer p.end()
	for {
		u, err := in.Next(context.Background())
		said := &u
		if err == nil {
			said, err = commands.enter(u.Text)
		}
		var mistake *MistakeError
		switch {
		case errors.As(err, &mistake):
			_ = face.Show(Warning{Text: mistake.Text, Hint: mistake.Hint})
		case errors.Is(err, errQuit), errors.Is(err, io.EOF):
			return
		case err != nil:
			p.fail(err)
			return
		case said != nil && !p.add(*said):
			_ = face.Show(Warning{Text: "too much is waiting to be said; not sent", Hint: "try again when somebody is here"})
		}
	}
}
