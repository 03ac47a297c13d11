package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Verifier has two people compare words; see package verify.
type Verifier interface {
	// Open has it told by show who asks.
	Open(show func(p mesh.Peer, words []string))
	Ask(ctx context.Context, p mesh.Peer) (words []string, err error)
	Close()
}

// Asked says that somebody wants to find out whether the two know each other, and
// what both read.
type Asked struct {
	Peer  mesh.Peer
	Words []string
	How   string // what to do if both read the same
}

func (Asked) event() {}

// Twice says that two hosts have somebody's key.
type Twice struct {
	Peer mesh.Peer
	At   [2]string
}

func (Twice) event() {}

// toCompare returns what people are told of words.
func toCompare(who string, words []string, how string) string {
	return fmt.Sprintf("* read this to %s, not in this chat; whoever reads something else is somebody else:\n*   %s\n* the same? then %s", who, strings.Join(words, " "), how)
}

// slash is what to enter when the words are the same.
func slash(id peer.ID) string { return "/trust " + id.Short() }

// askLimit is how long it is waited for somebody to be shown words.
const askLimit = 20 * time.Second

// verify shows words to compare with somebody who is here, once that has them, too.
func (c *interpreter) verify(arg string) error {
	name, _, ok := cutName(arg)
	if !ok {
		return &MistakeError{Text: "there is no name", Hint: "write /verify bo"}
	}
	p, err := c.room.FindShown(name)
	if err != nil {
		return whoMistake(err)
	}
	if c.ask == nil {
		return &MistakeError{Text: "nobody can be verified in this chat", Hint: "use lanyap verify"}
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), askLimit)
		defer cancel()
		words, err := c.ask(ctx, p)
		if err != nil {
			c.tell("* " + notVerified(c.room.LabelGone(p), err))
			return
		}
		c.tell(toCompare(c.room.LabelGone(p), words, slash(p.ID)))
	}()
	return nil
}

// notVerified says why there are no words to compare.
func notVerified(who string, err error) string {
	switch {
	case errors.Is(err, mesh.ErrNoService):
		return who + " runs nothing that can verify: it takes lanyap chat, or lanyap verify"
	case errors.Is(err, mesh.ErrIndirect):
		return who + " is reached through others, and can be verified only over a link of the two alone"
	case errors.Is(err, mesh.ErrNoMember):
		return who + " is no longer here"
	case errors.Is(err, context.DeadlineExceeded):
		return who + " does not answer"
	}
	return who + " " + err.Error()
}

// person is somebody who is here or known.
type person struct {
	id   peer.ID
	name string
	here *mesh.Peer
	byID bool // its ID was typed, whole or in short
}

func (p person) label() string {
	return cmp.Or(safe.Name(p.name), p.id.Short())
}

// whom returns whom a command means, and whether it takes something back.
func (c *interpreter) whom(command, arg string) (p person, remove bool, err error) {
	arg, remove = strings.CutPrefix(arg, "--remove")
	arg = strings.TrimSpace(arg)
	name, rest, ok := cutName(arg)
	if ok && rest == "--remove" {
		remove, rest = true, ""
	}
	if !ok || rest != "" {
		return person{}, false, &MistakeError{Text: "there is no name, or more than one", Hint: fmt.Sprintf("write /%s bo, or /%s \"Ana B\"; with --remove before the name it is taken back", command, command)}
	}
	found, err := c.room.FindShown(name)
	if err == nil && c.isShortOfAnother(name, found.ID) {
		return person{}, false, errSeveralKnown(name)
	}
	if err == nil {
		byID := name == found.ID.String() || name == found.ID.Short()
		return person{found.ID, found.Name, &found, byID}, remove, nil
	}
	if errors.Is(err, people.ErrAmbiguous) {
		return person{}, false, whoMistake(err)
	}
	if c.room.book == nil {
		return person{}, false, whoMistake(err)
	}
	switch list := c.room.book.Find(name); {
	case len(list) == 1:
		return person{id: list[0].ID, name: list[0].Name}, remove, nil
	case len(list) > 1:
		return person{}, false, errSeveralKnown(name)
	}
	return person{}, false, whoMistake(err)
}

// isShortOfAnother reports whether the short form of the ID of somebody else who is
// known is what was typed. That one may have left a moment ago, and who is meant here
// have taken it for a name, or made an ID that begins alike.
func (c *interpreter) isShortOfAnother(typed string, id peer.ID) bool {
	return c.room.book != nil && slices.ContainsFunc(c.room.book.Find(typed), func(p known.Person) bool {
		return p.ID != id && p.ID.Short() == typed
	})
}

func errSeveralKnown(name string) error {
	return &MistakeError{Text: fmt.Sprintf("%q is more than one who is known", safe.Line(name)), Hint: "name the whole ID; lanyap known --json lists them"}
}

// whoMistake makes a mistake of whoever typed out of a name that means nobody.
func whoMistake(err error) error {
	if errors.Is(err, people.ErrAmbiguous) {
		return &MistakeError{Text: err.Error(), Hint: "name one of these"}
	}
	return &MistakeError{Text: err.Error(), Hint: "/who lists who is here; a name with spaces goes into double quotes"}
}

// trust enters that whoever types has made sure who somebody is.
func (c *interpreter) trust(arg string) error {
	p, remove, err := c.whom("trust", arg)
	if err != nil {
		return err
	}
	switch {
	case p.id == c.room.self.ID:
		return &MistakeError{Text: "that is you", Hint: "name somebody else"}
	case remove:
		return c.noted(c.room.book.Distrust(p.id), p.label()+" is not verified any more")
	case p.here != nil && p.here.Web:
		return &MistakeError{Text: p.label() + " is in a browser, whose key goes with its tab", Hint: "people are known by lanyap on their machines"}
	}
	if p.here != nil && !p.byID {
		if v := c.room.book.Judge(*p.here); v.Like != nil {
			return &MistakeError{
				Text: fmt.Sprintf("%s is not %s (%s)", c.room.Label(*p.here), safe.Name(v.Like.Name), v.Like.ID.Short()),
				Hint: fmt.Sprintf("compare words with /verify %s; if you are sure who that is, write %s", p.id.Short(), slash(p.id)),
			}
		}
	}
	return c.noted(c.room.book.Trust(p.id, p.name), p.label()+" ("+p.id.Short()+") is verified now")
}

// block hides somebody from now on.
func (c *interpreter) block(arg string) error {
	p, remove, err := c.whom("block", arg)
	if err != nil {
		return err
	}
	if p.id == c.room.self.ID {
		return &MistakeError{Text: "that is you", Hint: "name somebody else"}
	}
	if remove {
		err := c.room.book.Unblock(p.id)
		c.room.unblock(p.id)
		return c.noted(err, p.label()+" is not blocked any more")
	}
	err = c.room.book.Block(p.id, p.name)
	c.room.block(p.id)
	if c.files != nil {
		c.files.DeclineBlocked()
	}
	return c.noted(err, p.label()+" ("+p.id.Short()+") is blocked: you will not see what it says or offers; it still reads what you say to all")
}

// noted tells what was noted, or that it is not for long.
func (c *interpreter) noted(err error, text string) error {
	switch {
	case err == nil:
		c.tell("* " + text)
		return nil
	case errors.Is(err, known.ErrFull):
		return &MistakeError{Text: err.Error(), Hint: "lanyap known lists them; take some back with lanyap trust --remove"}
	}
	return &MistakeError{Text: text + ", but not for longer than this chat: " + err.Error(), Hint: "see to it that the state directory can be written, and enter it again"}
}
