package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/mesh"
)

// sayFlags are the flags of `lanyap say`.
type sayFlags struct {
	networkFlags
	to      string
	json    bool
	wait    int
	timeout time.Duration
}

func (a *app) sayCommand() *cobra.Command {
	var flags sayFlags
	cmd := &cobra.Command{
		Use:   "say TEXT…",
		Short: "Say one thing and go",
		Long: `Say one message to all who are in the room, or to one of them, wait until they
have it, and go. The words are joined by spaces; - is standard input, all of it
as one message. Words that begin with a dash come after --.

It prints nothing, and the exit code tells what became of it.`,
		Example: `  lanyap say backup done
  lanyap say --to bo@shelf --timeout 30s the printer is yours
  df -h | lanyap say --room team -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("write it behind: lanyap say hello; or lanyap say - to say what is on standard input", "there is nothing to say")
			}
			return nil
		},
	}
	flags.networkFlags.register(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "say it to `NAME` alone, or to an ID; wait until that one is there")
	f.BoolVar(&flags.json, "json", false, "write one JSON object a line, as lanyap chat does")
	f.IntVar(&flags.wait, "wait", 0, "speak as soon as `N` others are there, whoever else is")
	f.DurationVar(&flags.timeout, "timeout", chatTimeout, "how long (`D`) others may take to come, and to confirm at the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(cmd); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.say(ctx, flags, args) })(cmd, args)
	}
	return withExits(cmd, exitsOfTalking)
}

func (s *sayFlags) check(cmd *cobra.Command) error {
	changed := cmd.Flags().Changed
	switch {
	case changed("to") && s.to == "":
		return usage("name somebody whom lanyap peers lists, or leave it out to say it to all", "--to is empty")
	case s.to != "" && changed("wait"):
		return usage("leave --wait out: --to waits for the one it names", "--to and --wait exclude each other")
	}
	if err := checkWait(cmd.Flags(), s.wait, s.timeout); err != nil {
		return err
	}
	return s.networkFlags.check()
}

func (a *app) say(ctx context.Context, flags sayFlags, args []string) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	text, err := a.textOf(args)
	if err != nil {
		return err
	}
	u := chat.Utterance{Text: text}
	if flags.to != "" {
		u.To = &flags.to
	}
	// It is gone before anybody could ask for what it heard.
	node, err := a.join(ctx, flags.networkFlags, mesh.Config{Topic: chat.Topic, History: -1, KeepHistory: -1})
	if err != nil {
		return err
	}
	book := a.book(flags.networkFlags)
	defer book.Close() // what could not be written was told
	book.Self(node.Self(), node.Addrs())
	room := chat.NewRoom(node.Self())
	room.Know(book)
	face := chat.NewMistakes(a.stderr)
	if flags.json {
		face = chat.NewJSON(a.stdout, a.stderr, book.Judge)
	}
	return chat.Run(ctx, chat.Config{
		Node:    chat.Over(node),
		Room:    flags.room,
		Private: flags.private(),
		Members: room,
		Face:    face,
		Input:   chat.NewUtterance(u),
		Source:  chat.FromFile,
		Wait:    flags.wait,
		For:     flags.to,
		Timeout: flags.timeout,
		Brief:   true,
	})
}

// textOf returns what the arguments say.
func (a *app) textOf(args []string) (string, error) {
	text := strings.Join(args, " ")
	if len(args) == 1 && args[0] == "-" {
		if _, err := sourceOf(a.stdin); err != nil {
			return "", err
		}
		whole, err := io.ReadAll(io.LimitReader(a.stdin, mesh.MaxBody+5)) // a mark and a line end may go
		if err != nil {
			return "", fmt.Errorf("standard input: %w", err)
		}
		if text, err = chat.ReadText(whole); err != nil {
			return "", err
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return "", usage("write it behind: lanyap say hello", "there is nothing to say")
	case len(text) > mesh.MaxBody:
		return "", &failure{exitFailure, fmt.Sprintf("a message has at most %d bytes, this is longer; not sent", mesh.MaxBody), "say it in parts, or have lanyap chat say it line by line"}
	}
	return strings.ToValidUTF8(text, "\ufffd"), nil
}
