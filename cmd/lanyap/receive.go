package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

// receiveFlags are the flags of `lanyap receive`.
type receiveFlags struct {
	movingFlags
	pageFlags
	from     []string
	yes      bool
	trusted  bool
	loop     bool
	conflict string
	exec     string
	clean    bool
}

func (a *app) receiveCommand() *cobra.Command {
	var flags receiveFlags
	cmd := &cobra.Command{
		Use:     "receive [DIR]",
		Aliases: []string{"recv"},
		Short:   "Receive files and folders",
		Long: `Receive what others send, into DIR or the current directory, and go when the
first of it is here. You are asked before anything lands, unless --yes takes it
all, or --trusted what comes from people who were verified. Names are chosen
freely: --from is sure of somebody only by an ID.

Without a terminal nobody can be asked: --trusted takes what verified people
send, --from what those send whom it names, and --yes what all send. Files of
people who were not verified are not executable.

An item appears under its name when all of it is here and verified; its path is
printed then, and --exec runs a command with LANYAP_PATH, LANYAP_KIND (file,
folder or text), LANYAP_SIZE, LANYAP_SENDER and LANYAP_SENDER_ID in its
environment. What was cut off is kept for a week, and goes on when the same is
offered again.`,
		Example: `  lanyap receive
  lanyap receive ~/inbox --from bo --loop
  lanyap receive --yes --loop --exec 'mv "$LANYAP_PATH" /srv/'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("name one directory for all that comes", "%q: there is more than one directory", args[1])
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	flags.movingFlags.register(cmd.Flags(), "how long (`D`) a sender who vanished is waited for; if given, also how long to wait for the first offer")
	flags.pageFlags.register(cmd.Flags())
	f := cmd.Flags()
	f.StringArrayVar(&flags.from, "from", nil, "take offers of `NAME` alone, or of an ID; may be repeated")
	f.BoolVarP(&flags.yes, "yes", "y", false, "take offers without a question")
	f.BoolVar(&flags.trusted, "trusted", false, "take what verified people offer, without a question, and nothing else")
	f.BoolVar(&flags.loop, "loop", false, "go on after the first, until signalled")
	f.StringVar(&flags.conflict, "conflict", "rename", "`HOW` to go on where a name is taken: rename (land beside it), skip or overwrite")
	f.StringVar(&flags.exec, "exec", "", "run the shell command `CMD` for each item that is here")
	f.BoolVar(&flags.clean, "clean", false, "remove what is left of transfers that were cut off, and go")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(args); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error {
			if flags.clean {
				return a.cleanPartials(flags)
			}
			return a.receive(ctx, flags, args, cmd.Flags().Changed("timeout"))
		})(cmd, args)
	}
	return withExits(cmd, exitsOfReceiving)
}

// conflicts are the values of --conflict.
var conflicts = map[string]share.Conflict{"rename": share.Rename, "skip": share.Skip, "overwrite": share.Overwrite}

func (r *receiveFlags) check(args []string) error {
	if _, known := conflicts[r.conflict]; !known {
		return usage("use --conflict rename, --conflict skip or --conflict overwrite", "--conflict %q is not known", r.conflict)
	}
	switch {
	case slices.Contains(r.from, ""):
		return usage("name somebody whom lanyap peers lists, or leave it out", "--from is empty")
	case r.yes && r.trusted:
		return usage("choose one of them", "--yes and --trusted exclude each other")
	case r.clean && len(args) > 0:
		return usage("leave the directory out: it removes them all", "--clean and a directory exclude each other")
	}
	return r.movingFlags.check()
}

func (a *app) receive(ctx context.Context, flags receiveFlags, args []string, wait bool) error {
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("make it first: mkdir -p DIR", "%s: there is no such directory", dir)
	}
	if !flags.yes && !flags.trusted && len(flags.from) == 0 && !a.canBeAsked() {
		return usage("--trusted takes what verified people send, --from NAME what one sends, --yes what all send", "nobody can be asked: there is no terminal")
	}
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	face, err := a.faceOf(&flags.movingFlags, !flags.yes && !flags.trusted)
	if err != nil {
		return err
	}
	defer face.close()
	s, err := a.share(ctx, &flags.movingFlags, face, true)
	if err != nil {
		return err
	}
	defer s.watch(face)()
	page, err := a.servePage(s.node, flags.networkFlags, flags.pageFlags)
	if err != nil {
		s.close()
		return err
	}
	cfg := transfer.ReceiveConfig{
		Node:        leaving{s.node, page},
		Room:        flags.room,
		Private:     flags.private(),
		Sharer:      s.sharer,
		Destination: share.Destination{Dir: dir, Conflict: conflicts[flags.conflict]},
		From:        flags.from,
		Trusted:     flags.trusted,
		Book:        s.book,
		Yes:         flags.yes,
		Keys:        face.keys,
		Loop:        flags.loop,
		Forgets:     s.forgets,
		Timeout:     flags.timeout,
		Face:        face,
		Notes:       s.notes,
		Page:        page.urls(),
	}
	if wait {
		cfg.Wait = flags.timeout
	}
	if flags.exec != "" {
		cfg.Command = &transfer.Command{Line: flags.exec, Stdout: face.out, Stderr: face.err}
	}
	return transfer.Receive(ctx, cfg)
}

// cleanPartials removes what is unfinished, and says what that was.
func (a *app) cleanPartials(flags receiveFlags) error {
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	removed, err := share.Clean(dir, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("partials: %w", err)
	}
	face, err := a.faceOf(&flags.movingFlags, false)
	if err != nil {
		return err
	}
	defer face.close()
	return face.Show(transfer.Removed{What: removed})
}
