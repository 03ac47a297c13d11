package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

func (a *app) lsCommand() *cobra.Command {
	var flags movingFlags
	cmd := &cobra.Command{
		Use:   "ls [NAME[:PATH]]",
		Short: "Show what others share",
		Long: `Show what is on the shelves of all who are in the room, of NAME (or an ID), or
in PATH on one of them. A path starts with the name of a shelf, and may have
patterns: * and ? stand for any characters, [a-z] for one of some; of what they
match it is shown what it is, not what is in it.

In a pipe it writes what lanyap get takes, one a line.`,
		Example: `  lanyap ls
  lanyap ls bo:music/jazz
  lanyap ls 'bo:music/*/*.mp3'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("name one place, such as bo:music", "%q: there is more than one place", args[1])
			}
			return nil
		},
	}
	flags.networkFlags.register(cmd.Flags())
	cmd.Flags().BoolVar(&flags.json, "json", false, "write one JSON object a line")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", movingTimeout, "how long (`D`) others may take to come")
	flags.progress = "none"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var place transfer.Place
		if len(args) > 0 {
			var err error
			if place, err = parsePlace(args[0]); err != nil {
				return err
			}
		}
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.ls(ctx, &flags, place) })(cmd, args)
	}
	return withExits(cmd, exitsOfShelves)
}

// parsePlace reads NAME or NAME:PATH. Who has a colon in the name has to be named
// by the ID.
func parsePlace(text string) (transfer.Place, error) {
	name, path, _ := strings.Cut(text, ":")
	place := transfer.Place{Name: name, Path: strings.Trim(path, "/")}
	if name == "" {
		return place, usage("write whose it is: bo, or bo:music/jazz", "%q does not begin with a name", text)
	}
	return place, nil
}

func (a *app) ls(ctx context.Context, flags *movingFlags, place transfer.Place) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	face := transfer.NewPlain(transfer.PlainConfig{Out: a.stdout, Notices: a.stderr})
	s, err := a.share(ctx, flags, face, false)
	if err != nil {
		return err
	}
	listed, err := transfer.List(ctx, transfer.ListConfig{Node: s.node, Shelves: s.sharer, Place: place, Timeout: flags.timeout})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	switch {
	case flags.json:
		return a.lsJSON(listed)
	case a.isTerminal(a.stdout):
		return a.lsTable(listed)
	}
	for _, l := range listed {
		for _, e := range l.Entries {
			if _, err := fmt.Fprintln(a.stdout, placeOf(l, e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeOf is what lanyap get takes for an entry. A name that would not be read as
// it is gives way to the ID.
func placeOf(l transfer.Listed, e share.Entry) string {
	name := safe.Line(l.Peer.Name)
	if name != l.Peer.Name || name == "" || strings.Contains(name, ":") {
		name = l.Peer.ID.String()
	}
	return name + ":" + pathOf(e)
}

func pathOf(e share.Entry) string {
	path := safe.Line(e.Path)
	if e.Dir {
		path += "/"
	}
	return path
}

func (a *app) lsTable(listed []transfer.Listed) error {
	table := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	// A table keeps the error of a write for Flush.
	for _, l := range listed {
		for _, e := range l.Entries {
			size, at := "", ""
			if !e.Dir {
				size = transfer.Bytes(e.Size)
			}
			if !e.Time.IsZero() {
				at = e.Time.Local().Format("2006-01-02 15:04")
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t  %s\n", size, at, placeOf(l, e))
		}
	}
	return table.Flush()
}

func (a *app) lsJSON(listed []transfer.Listed) error {
	out := output.NewJSONWriter(a.stdout)
	for _, l := range listed {
		for _, e := range l.Entries {
			kind := "file"
			if e.Dir {
				kind = "folder"
			}
			err := out.Write(struct {
				output.Head
				From    output.Person `json:"from"`
				Path    string        `json:"path"`
				Kind    string        `json:"kind"`
				Size    int64         `json:"size"`
				Changed *time.Time    `json:"changed,omitempty"`
			}{output.NewHead("entry"), output.NewPerson(l.Peer), e.Path, kind, e.Size, timeOrNil(e.Time)})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
