package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/verify"
	"github.com/lanyap/lanyap/mesh"
)

// verifyTopic is the own topic of a node that verifies: nobody who chats counts it.
const verifyTopic = "verify"

func (a *app) verifyCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "verify NAME|ID",
		Short: "Find out with somebody who that is, by words that both read",
		Long: `Find out who somebody is: both of you are shown six words, and tell each other, by
voice for example, whether they are the same. They are only if nobody sits between
you who pretends to each to be the other. Once you say yes, that one is verified.

The other side has lanyap chat running, or lanyap verify.`,
		Example:           `  lanyap verify bo`,
		Args:              onePerson,
		ValidArgsFunction: a.completeKnown,
	}
	flags.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a JSON object, and ask nothing")
	cmd.Flags().DurationVar(&timeout, "timeout", chatTimeout, "how long (`D`) that one may take to come")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if timeout <= 0 {
			return usage("give a time such as 30s or 2m", "--timeout %v is no time to wait", timeout)
		}
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.verify(ctx, flags, args[0], asJSON, timeout) })(cmd, args)
	}
	return withExits(cmd, exitsOfVerifying)
}

// errUnlike is that a person says that the words are not the same.
var errUnlike = &failure{exitRefused, "the words are not the same: that is somebody else, or there is somebody between you", "block that one with lanyap block, and look who else is in the room with lanyap peers"}

func (a *app) verify(ctx context.Context, flags networkFlags, who string, asJSON bool, timeout time.Duration) error {
	if err := a.unlock(ctx, &flags); err != nil {
		return err
	}
	node, err := a.join(ctx, flags, mesh.Config{Topic: verifyTopic, History: -1, KeepHistory: -1})
	if err != nil {
		return err
	}
	defer func() {
		farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellLimit)
		defer cancel()
		_ = node.Leave(farewell) // whether all took our goodbye is nothing to tell anybody
		_ = node.Close()
	}()
	book := a.book(flags)
	defer book.Close()
	book.Self(node.Self(), node.Addrs())
	// Both may look for each other.
	if stop, err := verify.Serve(node, func(p mesh.Peer) bool { return book.Blocked(p.ID) }, func(mesh.Peer, []string) {}); err == nil {
		defer stop()
	}
	book.Watch(func(text string) { _, _ = fmt.Fprintln(a.stderr, "* "+safe.Line(text)) })
	finding, cancel := context.WithTimeoutCause(ctx, timeout, errTimeUp)
	defer cancel()
	p, words, err := a.words(finding, node, who)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return explainVerify(who, err)
	}
	met := book.Meet(p)
	if asJSON {
		return output.NewJSONWriter(a.stdout).Write(struct {
			output.Head
			Peer  output.Person `json:"peer"`
			Words []string      `json:"words"`
		}{output.NewHead("verify"), output.NewPersonKnown(p, met.Verdict), words})
	}
	return a.compare(ctx, book, p, met.Verdict, words)
}

var errOneself = errors.New("that is you")

// errTimeUp is that somebody did not come in time.
var errTimeUp = errors.New("did not come in time")

// lookForPeople is how often it is looked who has come.
const lookForPeople = 20 * time.Millisecond

// words waits for whoever is meant, and has that one be shown words. Of somebody's
// programs the first answers that can.
func (a *app) words(ctx context.Context, node *mesh.Node, who string) (p mesh.Peer, words []string, err error) {
	// Two may have the name.
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	_, _ = node.Settle(settling)
	cancel()
	for err = people.ErrUnknown; ; {
		present := node.Present()
		persons := people.Persons(present, who)
		if len(persons) == 0 {
			if found, e := people.FindShown(present, who); e == nil {
				persons = []mesh.Peer{found}
			}
		}
		if len(persons) > 1 {
			return p, nil, &transfer.AmbiguousError{Name: who, Found: persons}
		}
		if len(persons) == 1 && persons[0].ID == node.Self().ID {
			return p, nil, errOneself
		}
		for _, p := range present {
			if len(persons) == 0 || p.ID != persons[0].ID {
				continue
			}
			words, e := verify.Ask(ctx, node, p)
			if e == nil {
				return p, words, nil
			}
			if !errors.Is(e, mesh.ErrNoService) || errors.Is(err, people.ErrUnknown) {
				err = e
			}
		}
		if len(persons) > 0 && !errors.Is(err, mesh.ErrNoService) && !errors.Is(err, mesh.ErrNoMember) && !errors.Is(err, mesh.ErrIndirect) {
			return p, nil, err
		}
		select {
		case <-time.After(lookForPeople):
		case <-ctx.Done():
			return p, nil, err
		}
	}
}

// settleLimit is how long it may take to meet those who are said to be here.
const settleLimit = 3 * time.Second

func explainVerify(who string, err error) error {
	who = fmt.Sprintf("%q ", safe.Line(who))
	ambiguous := (*transfer.AmbiguousError)(nil)
	switch {
	case errors.As(err, &ambiguous):
		return usage("name one of these IDs; lanyap peers says where each is", "%v", err)
	case errors.Is(err, errOneself):
		return usage("name somebody else", "that is you")
	case errors.Is(err, people.ErrUnknown), errors.Is(err, mesh.ErrNoMember):
		return &failure{exitNobody, who + "is not in the room", "name somebody whom lanyap peers lists, as it stands there; or wait longer with --timeout"}
	case errors.Is(err, mesh.ErrNoService):
		return &failure{exitNobody, who + "runs nothing that can verify", "it takes lanyap chat there, or lanyap verify"}
	case errors.Is(err, mesh.ErrIndirect):
		return &failure{exitNobody, who + "is reached through others, and a link of the two of you alone is needed", doctorHint}
	case errors.Is(err, verify.ErrPage):
		return &failure{exitNobody, who + err.Error(), "people are known by lanyap on their machines"}
	case errors.Is(err, verify.ErrBusy):
		return &failure{exitRefused, who + err.Error(), "try it again in a minute"}
	}
	return &failure{exitFailure, who + output.Reason(err), "try it again; " + doctorHint}
}

// compare shows the words and asks whether they are the same.
func (a *app) compare(ctx context.Context, book *known.Book, p mesh.Peer, v known.Verdict, words []string) error {
	name := people.Name(p)
	if v.Like != nil {
		_, _ = fmt.Fprintf(a.stderr, "* %s (%s) is not the %s (%s) who is known here\n", name, p.ID.Short(), safe.Name(v.Like.Name), v.Like.ID.Short())
	}
	_, _ = fmt.Fprintf(a.stderr, "* %s (%s) is shown the same words, if that is who reads them; ask, by voice for example\n", name, p.ID.Short())
	if _, err := fmt.Fprintln(a.stdout, strings.Join(words, " ")); err != nil {
		return err
	}
	if !a.canBeAsked() {
		_, _ = fmt.Fprintf(a.stderr, "* if they are: lanyap trust %s\n", p.ID)
		return nil
	}
	_, _ = fmt.Fprint(a.stderr, "are they the same? y yes, n no: ")
	yes, err := a.answer(ctx)
	switch {
	case err != nil:
		return err
	case !yes:
		return errUnlike
	}
	if err := book.Trust(p.ID, p.Name); err != nil {
		return notNoted(err)
	}
	_, _ = fmt.Fprintf(a.stderr, "* %s (%s) is verified now\n", name, p.ID.Short())
	return nil
}

// answer reads whether a person says yes: a line that begins with y or n.
func (a *app) answer(ctx context.Context) (yes bool, err error) {
	keys := transfer.LineKeys(a.stdin)
	for {
		select {
		case key, ok := <-keys:
			switch {
			case !ok:
				return false, &failure{exitFailure, "nobody has said whether the words are the same", "answer with y or n"}
			case key == 'y' || key == 'Y':
				return true, nil
			case key == 'n' || key == 'N':
				return false, nil
			}
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}
