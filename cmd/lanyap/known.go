package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/verify"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// book returns who is known. Who has an identity for this run alone leaves no trace of
// whom it met.
func (a *app) book(flags networkFlags) *known.Book {
	dir, err := a.stateDir()
	if err != nil {
		dir = "" // which was an error already where it matters
	}
	return known.Open(known.Config{Dir: dir, ReadOnly: flags.ephemeral})
}

// verifier has the people of a chat compare words.
type verifier struct {
	node *mesh.Node
	book *known.Book
	stop func()
}

// Open implements [chat.Verifier].
func (v *verifier) Open(show func(p mesh.Peer, words []string)) {
	stop, err := verify.Serve(v.node, func(p mesh.Peer) bool { return v.book.Blocked(p.ID) }, show)
	if err == nil { // or the node is closed
		v.stop = stop
	}
}

// Ask implements [chat.Verifier].
func (v *verifier) Ask(ctx context.Context, p mesh.Peer) ([]string, error) {
	return verify.Ask(ctx, v.node, p)
}

// Close implements [chat.Verifier].
func (v *verifier) Close() {
	if v.stop != nil {
		v.stop()
	}
}

func (a *app) knownCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "known",
		Short: "Show whom you have met",
		Long: `Show whom you have met here, by the name that each had last: who is verified, who
was merely seen, and who is blocked.

People are told apart by their ID, which nobody else can have; a name anybody can.
Who was here before is known again by itself. Whose name is that of somebody else
who is known, or looks like it, is shown as changed wherever it appears.`,
		Args: cobra.NoArgs,
		RunE: a.action(func(context.Context) error { return a.known(asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object a line")
	return withExits(cmd, exitsOfKnown)
}

// standingOf is how somebody stands in the list of who is known.
func standingOf(p known.Person) string {
	switch {
	case p.Blocked:
		return "blocked"
	case !p.Verified.IsZero():
		return string(known.Verified)
	}
	return string(known.Seen)
}

func (a *app) known(asJSON bool) error {
	book, err := a.knownBook()
	if err != nil {
		return err
	}
	defer book.Close()
	if asJSON {
		out := output.NewJSONWriter(a.stdout)
		for _, p := range book.People() {
			if err := out.Write(newKnownJSON(p)); err != nil {
				return err
			}
		}
		return nil
	}
	list := book.People()
	if len(list) == 0 {
		_, _ = fmt.Fprintln(a.stderr, "* you have met nobody yet")
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	// A table keeps the error of a write for Flush.
	_, _ = fmt.Fprintln(table, "NAME\tID\t\tLAST MET")
	for _, p := range list {
		last := "-"
		if !p.Last.IsZero() {
			last = p.Last.Local().Format(time.DateOnly)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", nameOf(p), p.ID.Short(), standingOf(p), last)
	}
	return table.Flush()
}

// nameOf is what somebody is called who is known, never empty.
func nameOf(p known.Person) string {
	return cmp.Or(safe.Name(cmp.Or(p.Name, p.As)), p.ID.Short())
}

type knownJSON struct {
	output.Head
	ID       peer.ID `json:"id"`
	Name     string  `json:"name"`
	Known    string  `json:"known"`
	Blocked  bool    `json:"blocked,omitempty"`
	First    string  `json:"first,omitempty"`
	Last     string  `json:"last,omitempty"`
	Verified string  `json:"verified,omitempty"`
	As       string  `json:"as,omitempty"`
}

func newKnownJSON(p known.Person) knownJSON {
	out := knownJSON{Head: output.NewHead("known"), ID: p.ID, Name: cmp.Or(p.Name, p.As), Known: string(known.Seen), Blocked: p.Blocked, As: p.As}
	if !p.Verified.IsZero() {
		out.Known, out.Verified = string(known.Verified), output.Time(p.Verified)
	}
	if !p.First.IsZero() {
		out.First = output.Time(p.First)
	}
	if !p.Last.IsZero() {
		out.Last = output.Time(p.Last)
	}
	return out
}

// knownBook opens the book for a command that is about nothing else; what is wrong
// with its file is told.
func (a *app) knownBook() (*known.Book, error) {
	dir, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	book := known.Open(known.Config{Dir: dir})
	book.Watch(func(text string) { _, _ = fmt.Fprintln(a.stderr, "* "+safe.Line(text)) })
	return book, nil
}

func (a *app) trustCommand() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "trust NAME|ID",
		Short: "Remember that you are sure who somebody is",
		Long: `Remember that you are sure who has an ID: since you have compared words with
lanyap verify, or that one has read out to you what lanyap id prints. Give a name if
one alone whom you have met has it, or the ID.

Whoever is verified is shown as such. lanyap receive --trusted takes what they send
without a question, and from them alone files keep that they can be executed.`,
		Example: `  lanyap trust bo
  lanyap trust --remove bo`,
		Args:              onePerson,
		ValidArgsFunction: a.completeKnown,
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take it back")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.action(func(context.Context) error { return a.note(args[0], noteTrust, remove) })(cmd, args)
	}
	return withExits(cmd, exitsOfKnown)
}

func (a *app) blockCommand() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "block NAME|ID",
		Short: "Neither see nor hear somebody again",
		Long: `Neither see nor hear somebody again: what that one says, has said or offers is not
shown, offers are declined, no file is offered to it, and it cannot ask to be
verified. In the room it stays: it reads what you say to all. For a room without
it take one with a secret.

Another ID costs nothing, so who wants to can come back by another name.`,
		Example: `  lanyap block mallory
  lanyap block --remove mallory`,
		Args:              onePerson,
		ValidArgsFunction: a.completeKnown,
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take it back")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.action(func(context.Context) error { return a.note(args[0], noteBlock, remove) })(cmd, args)
	}
	return withExits(cmd, exitsOfKnown)
}

func onePerson(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || args[0] == "":
		return usage("lanyap known lists whom you have met", "there is no name")
	case len(args) > 1:
		return usage("name one after the other; a name with spaces goes into quotes", "%q: there is more than one name", args[1])
	}
	return nil
}

// noting is what can be noted of somebody.
type noting int

const (
	noteTrust noting = iota
	noteBlock
)

// note notes something of somebody, or takes it back.
func (a *app) note(who string, what noting, remove bool) error {
	book, err := a.knownBook()
	if err != nil {
		return err
	}
	defer book.Close()
	p, err := a.whom(book, who)
	if err != nil {
		return err
	}
	if own, err := a.identity(); err == nil && own.ID() == p.ID {
		return usage("name somebody else", "that is you")
	}
	var text string
	label := nameOf(p)
	if label != p.ID.Short() {
		label += " (" + p.ID.Short() + ")"
	}
	switch {
	case what == noteTrust && remove:
		text, err = "%s is not verified any more", book.Distrust(p.ID)
	case what == noteTrust:
		text, err = "%s is verified now", book.Trust(p.ID, p.Name)
	case remove:
		text, err = "%s is not blocked any more", book.Unblock(p.ID)
	default:
		text, err = "%s is blocked", book.Block(p.ID, p.Name)
	}
	if err != nil {
		return notNoted(err)
	}
	_, _ = fmt.Fprintf(a.stderr, "* "+text+"\n", label)
	return nil
}

func notNoted(err error) error {
	if errors.Is(err, known.ErrFull) {
		return &failure{exitFailure, err.Error(), "lanyap known lists them; take some back with lanyap trust --remove or lanyap block --remove"}
	}
	return &failure{exitFailure, "it could not be noted: " + err.Error(), "see to it that the state directory can be written, and has room; LANYAP_STATE_DIR names another"}
}

// whom returns the one whom a name or an ID means. An ID need not be known.
func (a *app) whom(book *known.Book, who string) (known.Person, error) {
	switch found := book.Find(who); {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var list []string
		for _, p := range found {
			last := ""
			if !p.Last.IsZero() {
				last = ", last met " + p.Last.Local().Format(time.DateOnly)
			}
			list = append(list, fmt.Sprintf("%s (%s%s)", p.ID, standingOf(p), last))
		}
		return known.Person{}, usage("name one of these IDs; lanyap verify tells who is who", "%q is the name of %d people: %s", safe.Line(who), len(list), strings.Join(list, " and "))
	}
	if id, err := peer.ParseID(who); err == nil {
		return known.Person{ID: id}, nil
	}
	return known.Person{}, &failure{exitNobody, fmt.Sprintf("%q is nobody whom you have met", safe.Line(who)), "lanyap known lists whom you have met; or give the ID, which lanyap id prints there"}
}

// maxCompleted is how many people a shell is offered.
const maxCompleted = 100

// completeKnown offers whom the user has met.
func (a *app) completeKnown(_ *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
	dir, err := a.stateDir()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	book := known.Open(known.Config{Dir: dir, ReadOnly: true})
	var names []cobra.Completion
	for _, p := range book.People() {
		name := nameOf(p)
		if len(book.Find(name)) != 1 {
			name = p.ID.String()
		}
		if len(names) < maxCompleted && strings.HasPrefix(name, start) && clean(name) {
			names = append(names, cobra.CompletionWithDesc(name, standingOf(p)+" "+p.ID.Short()))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
