package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh/share"
)

// sendFlags are the flags of `lanyap send`.
type sendFlags struct {
	movingFlags
	to   []string
	text string
	as   string
}

func (a *app) sendCommand() *cobra.Command {
	var flags sendFlags
	cmd := &cobra.Command{
		Use:   "send PATH…",
		Short: "Send files and folders",
		Long: `Send files and folders to all who are in the room, or to those whom --to names,
and go when each of them has all of it or has refused it. They are asked first.
- is standard input, as a file that --as names; --text sends a text instead.

Who receives has lanyap receive running, or lanyap. What was cut off goes on
where it stopped when the same is sent again. Symbolic links and special files
in a folder are left out, and named.`,
		Example: `  lanyap send holiday.zip --to bo
  lanyap send slides notes.txt
  tar c src | lanyap send - --as src.tar --to bo@shelf`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	flags.movingFlags.register(cmd.Flags(), "how long (`D`) others may take to come, and to come back")
	f := cmd.Flags()
	f.StringArrayVar(&flags.to, "to", nil, "send it to `NAME`, or to an ID; may be repeated")
	f.StringVar(&flags.text, "text", "", "send the text `T` instead of files")
	f.StringVar(&flags.as, "as", "", "send what is on standard input as `FILE` (default stdin)")
	cmd.Args = func(cmd *cobra.Command, args []string) error { return nil } // see check
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(cmd, args); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.send(ctx, flags, args) })(cmd, args)
	}
	return withExits(cmd, exitsOfSending)
}

// maxFileName is how long the name of a file is on most systems, in bytes.
const maxFileName = 255

func (s *sendFlags) check(cmd *cobra.Command, args []string) error {
	texts := cmd.Flags().Changed("text")
	piped := slices.Contains(args, "-")
	switch {
	case texts && len(args) > 0:
		return usage("send them one after the other", "--text and files exclude each other")
	case !texts && len(args) == 0:
		return usage("name files or folders: lanyap send holiday.zip; - is standard input", "there is nothing to send")
	case texts && strings.TrimSpace(s.text) == "":
		return usage("write --text 'meet at 5'", "--text is empty")
	case len(s.text) > share.MaxText:
		return usage("send it as a file: lanyap send - --as text.txt", "--text is %d bytes long, at most %d are allowed", len(s.text), share.MaxText)
	case slices.Contains(s.to, ""):
		return usage("name somebody whom lanyap peers lists, or leave it out to send it to all", "--to is empty")
	case piped && len(args) > 1:
		return usage("send them one after the other", "- and other files exclude each other")
	case s.as != "" && !piped:
		return usage("leave it out, or write - for standard input", "--as names what comes from standard input")
	case strings.ContainsAny(s.as, `/\`) || s.as == "." || s.as == ".." || len(s.as) > maxFileName || !clean(s.as):
		return usage("give it a name alone, such as --as notes.txt", "--as %q is no name of a file", s.as)
	}
	return s.movingFlags.check()
}

func (a *app) send(ctx context.Context, flags sendFlags, args []string) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	content, err := a.contentOf(ctx, flags, args)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	defer content.Close()
	face, err := a.faceOf(&flags.movingFlags, false)
	if err != nil {
		return err
	}
	defer face.close()
	s, err := a.share(ctx, &flags.movingFlags, face, false)
	if err != nil {
		return err
	}
	defer s.watch(face)()
	return transfer.Send(ctx, transfer.SendConfig{
		Node:    s.node,
		Room:    flags.room,
		Private: flags.private(),
		Sharer:  s.sharer,
		Content: content,
		To:      flags.to,
		Book:    s.book,
		Timeout: flags.timeout,
		Face:    face,
		Notes:   s.notes,
	})
}

// contentOf returns what is to be sent.
func (a *app) contentOf(ctx context.Context, flags sendFlags, args []string) (*share.Content, error) {
	if len(args) == 0 {
		return share.Text(strings.ToValidUTF8(flags.text, "\ufffd")), nil
	}
	if args[0] == "-" {
		source, err := sourceOf(a.stdin)
		if err != nil {
			return nil, err
		}
		if source == chat.FromNothing {
			return nil, usage("give it a pipe or a file: tar c src | lanyap send - --as src.tar", "there is no standard input")
		}
		content, err := share.Spool(ctx, cmp.Or(flags.as, "stdin"), untilDone(ctx, a.stdin))
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return content, nil
	}
	for _, path := range args {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, usage("name files or folders that are here", "%s: there is no such file", path)
		}
	}
	content, err := share.Collect(ctx, args...)
	if err != nil {
		return nil, &failure{exitFailure, output.Reason(err), "nothing was sent; name files and folders that can be read, each name once"}
	}
	return content, nil
}

// untilDone returns what r gives until ctx ends, also while a read waits, which
// cannot be called back.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err) // nil: the end
	}()
	return out
}
