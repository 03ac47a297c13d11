package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

func (a *app) getCommand() *cobra.Command {
	var flags movingFlags
	var conflict string
	cmd := &cobra.Command{
		Use:   "get NAME:PATH [DEST]",
		Short: "Fetch what others share",
		Long: `Fetch files and folders from the shelf of NAME (or an ID) into DEST or the
current directory. A path is what lanyap ls shows, and may have patterns, in
quotes.

It appears under its name when all of it is here and verified; its path is
printed then. What is there already is not fetched again, and what was cut off
goes on where it stopped.`,
		Example: `  lanyap get bo:music/jazz
  lanyap get 'bo:photos/2024-*/*.jpg' ~/photos`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage("name what lanyap ls shows: lanyap get bo:music/jazz", "there is nothing to get")
			case len(args) > 2:
				return usage("fetch them one after the other, or write a pattern: 'bo:music/*.mp3'", "%q: there is more than one directory", args[2])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags.register(cmd.Flags(), "how long (`D`) NAME may take to come, and to come back")
	cmd.Flags().StringVar(&conflict, "conflict", "rename", "if a name is taken: `rename|skip|overwrite`, land beside it, leave it there, or replace it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		place, err := parsePlace(args[0])
		if err != nil {
			return err
		}
		if place.Path == "" {
			return usage("lanyap ls "+place.Name+" shows what there is", "%q names nothing on a shelf", args[0])
		}
		if _, known := conflicts[conflict]; !known {
			return usage("use --conflict rename, --conflict skip or --conflict overwrite", "--conflict %q is not known", conflict)
		}
		if err := flags.check(); err != nil {
			return err
		}
		dest := share.Destination{Dir: ".", Conflict: conflicts[conflict]}
		if len(args) > 1 {
			dest.Dir = args[1]
		}
		if info, err := os.Stat(dest.Dir); err != nil || !info.IsDir() {
			return usage("make it first: mkdir -p DIR", "%s: there is no such directory", dest.Dir)
		}
		return a.action(func(ctx context.Context) error { return a.get(ctx, &flags, place, dest) })(cmd, args)
	}
	return withExits(cmd, exitsOfGetting)
}

func (a *app) get(ctx context.Context, flags *movingFlags, place transfer.Place, dest share.Destination) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	face, err := a.faceOf(flags, false)
	if err != nil {
		return err
	}
	defer face.close()
	s, err := a.share(ctx, flags, face, false)
	if err != nil {
		return err
	}
	defer s.watch(face)()
	return transfer.Get(ctx, transfer.GetConfig{
		Node:        s.node,
		Room:        flags.room,
		Private:     flags.private(),
		Shelves:     s.sharer,
		Place:       place,
		Destination: dest,
		Timeout:     flags.timeout,
		Forgets:     s.forgets,
		Book:        s.book,
		Face:        face,
		Notes:       s.notes,
	})
}
