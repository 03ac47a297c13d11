package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

func (a *app) shareCommand() *cobra.Command {
	var flags movingFlags
	var page pageFlags
	var readers []string
	cmd := &cobra.Command{
		Use:   "share DIR…",
		Short: "Let others browse and fetch folders",
		Long: `Put folders on a shelf, where everybody in the room, or those whom --for names,
can look around with lanyap ls and fetch with lanyap get, until you end it. They
can read everything in them, also what is put there later and what is hidden,
and change nothing. Symbolic links that lead elsewhere are not there.

A name in --for means whoever bears it at the start, and is printed with the ID.`,
		Example: `  lanyap share ~/music
  lanyap share slides photos --for bo`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name a folder: lanyap share ~/music", "there is nothing to share")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	flags.register(cmd.Flags(), "how long (`D`) those whom --for names may take to come")
	page.register(cmd.Flags())
	cmd.Flags().StringArrayVar(&readers, "for", nil, "let `NAME` alone read it, or an ID; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if slices.Contains(readers, "") {
			return usage("name somebody whom lanyap peers lists, or leave it out", "--for is empty")
		}
		if err := checkShelves(args); err != nil {
			return err
		}
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.shareDirs(ctx, &flags, page, args, readers) })(cmd, args)
	}
	return withExits(cmd, exitsOfSharing)
}

// checkShelves says what keeps folders from being shelves, before anybody is
// waited for. A shelf is called as its folder is.
func checkShelves(dirs []string) error {
	names := make(map[string]string)
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return usage("name folders that are here", "%s: there is no such folder", dir)
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		name := filepath.Base(abs)
		if other, twice := names[name]; twice {
			return usage("share them one after the other, or the folder that both are in", "%s and %s have the same name", other, dir)
		}
		names[name] = dir
	}
	return nil
}

func (a *app) shareDirs(ctx context.Context, flags *movingFlags, pageFlags pageFlags, dirs, readers []string) error {
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
	page, err := a.servePage(s.node, flags.networkFlags, pageFlags)
	if err != nil {
		s.close()
		return err
	}
	return transfer.Share(ctx, transfer.ShareConfig{
		Node:    leaving{s.node, page},
		Room:    flags.room,
		Private: flags.private(),
		Shelves: s.sharer,
		Dirs:    dirs,
		For:     readers,
		Timeout: flags.timeout,
		Face:    face,
		Notes:   s.notes,
		Page:    page.urls(),
	})
}
