package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// chatFlags are the flags of `lanyap chat`.
type chatFlags struct {
	networkFlags
	historyFlags
	pageFlags
	plain   bool
	json    bool
	input   string
	listen  bool
	quiet   bool
	wait    int
	timeout time.Duration
}

// chatTimeout is how long others may take to come and to confirm, by default.
const chatTimeout = 10 * time.Second

func (a *app) chatCommand() *cobra.Command {
	var flags chatFlags
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Say and read messages",
		Long: `Say and read messages in a room.

On a terminal you type lines and read what others say; Enter sends, Ctrl-D
leaves, /help lists commands. In a pipe each line of input is a message to all,
said once somebody else is there; at its end lanyap waits until all have it, and
leaves. With nothing to say (--listen, or input from /dev/null) it runs until it
is told to stop by a signal.

A terminal shows first what was said in the last 24 hours, with its time, as far
as those who are here still have it; elsewhere only --history N does. What you
hear you keep for those who come later (--keep-history); --history-file keeps it
when nobody is here.`,
		Example: `  lanyap chat --room team --name ana
  uptime | lanyap chat --wait 3 --timeout 30s
  lanyap chat --listen --json | jq -r 'select(.type=="message").text'`,
		Args: cobra.NoArgs,
	}
	flags.networkFlags.register(cmd.Flags())
	flags.historyFlags.register(cmd.Flags())
	flags.pageFlags.register(cmd.Flags())
	f := cmd.Flags()
	f.BoolVar(&flags.plain, "plain", false, "write lines of text even on a terminal")
	f.BoolVar(&flags.json, "json", false, "write one JSON object a line")
	f.StringVar(&flags.input, "input", "lines", "what a line of input is: `lines|json`, text or an object {\"text\":…, \"to\":…, \"ref\":…}")
	f.BoolVar(&flags.listen, "listen", false, "say nothing, run until signalled")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "do not tell who comes and goes")
	f.IntVar(&flags.wait, "wait", 0, "speak as soon as `N` others are there, whoever else is")
	f.DurationVar(&flags.timeout, "timeout", chatTimeout, "how long (`D`) others may take to come, and to confirm at the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(cmd.Flags()); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.chat(ctx, flags) })(cmd, args)
	}
	return withExits(cmd, exitsOfTalking)
}

func (c *chatFlags) check(flags *pflag.FlagSet) error {
	switch {
	case c.plain && c.json:
		return usage("choose one of them", "--plain and --json exclude each other")
	case c.input != "lines" && c.input != "json":
		return usage("use --input lines or --input json", "--input %q is not known", c.input)
	}
	if err := checkWait(flags, c.wait, c.timeout); err != nil {
		return err
	}
	if err := c.historyFlags.check(flags); err != nil {
		return err
	}
	return c.networkFlags.check()
}

// checkWait looks at --wait and --timeout.
func checkWait(flags *pflag.FlagSet, wait int, timeout time.Duration) error {
	switch {
	case flags.Changed("wait") && wait < 1:
		return usage("give a number of others, from 1", "--wait %d waits for nobody", wait)
	case timeout <= 0:
		return usage("give a time such as 30s or 2m", "--timeout %v is no time to wait", timeout)
	}
	return nil
}

func (a *app) chat(ctx context.Context, flags chatFlags) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	source, err := sourceOf(a.stdin)
	if err != nil {
		return err
	}
	if flags.listen {
		source = chat.FromNothing
	}
	node, notes, err := a.joinChat(ctx, flags, a.isPerson(source, flags))
	if err != nil {
		return err
	}
	page, err := a.servePage(node, flags.networkFlags, flags.pageFlags)
	if err != nil {
		_ = node.Close() // nobody was told anything
		return err
	}
	book := a.book(flags.networkFlags)
	defer book.Close() // what could not be written was told
	book.Self(node.Self(), node.Addrs())
	desk, err := a.desk(flags, node, source, book)
	if err != nil {
		page.close()
		_ = node.Close() // nobody was told anything
		return err
	}
	room := chat.NewRoom(node.Self())
	room.Know(book)
	verifier := &verifier{node: node, book: book}
	cfg := chat.Config{
		Verify:  verifier,
		Files:   desk,
		Page:    page.urls,
		Invite:  flags.inviting(page),
		Node:    chatting{chat.Over(node), page},
		Room:    flags.room,
		Private: flags.private(),
		Members: room,
		Source:  source,
		Wait:    flags.wait,
		Timeout: flags.timeout,
		Notes:   notes,
		Quiet:   flags.quiet && !flags.json,
	}
	if source == chat.FromTerminal && !flags.plain && !flags.json && flags.input == "lines" && a.isTerminal(a.stdin) && a.isTerminal(a.stdout) {
		return a.chatOnTerminal(ctx, cfg)
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	switch {
	case flags.json:
		cfg.Face = chat.NewJSON(a.stdout, a.stderr, book.Judge)
	default:
		cfg.Face = chat.NewPlain(a.stdout, a.stderr, room)
	}
	switch {
	case source == chat.FromNothing:
	case flags.input == "json":
		cfg.Input = chat.NewOrders(reading, chat.NewJSONLines(a.stdin), desk, flags.timeout)
	case source == chat.FromTerminal && !flags.json:
		cfg.Input = chat.NewPrompt(chat.NewLines(a.stdin), chat.PromptConfig{Members: room, Files: desk, Page: page.urls, Invite: cfg.Invite, Draw: a.drawQR, Ask: verifier.Ask, Face: cfg.Face})
	default:
		cfg.Input = chat.NewLines(a.stdin)
	}
	return chat.Run(ctx, cfg)
}

// desk returns what moves files in a chat, nil where nobody could ask for it.
func (a *app) desk(flags chatFlags, node *mesh.Node, source chat.Source, book *known.Book) (chat.Files, error) {
	if source == chat.FromNothing || flags.input != "json" && (source != chat.FromTerminal || flags.json) {
		return nil, nil
	}
	dir, err := a.sharingDir(flags.networkFlags)
	if err != nil {
		return nil, err
	}
	logger, err := a.logger()
	if err != nil {
		return nil, err
	}
	sharer, err := a.openSharer(node, share.Config{StateDir: dir, Receive: true, Logger: logger})
	if err != nil {
		return nil, err
	}
	return transfer.NewDesk(transfer.DeskConfig{
		Self:    node.Self(),
		Present: node.Present,
		Sharer:  sharer,
		Book:    book,
		Collect: func(ctx context.Context, path string) (*share.Content, error) { return share.Collect(ctx, path) },
		Dir:     ".",
		Timeout: movingTimeout,
	}), nil
}

// isPerson reports whether somebody sits before the terminal and reads: output
// goes there, and what is said does not come from a program.
func (a *app) isPerson(source chat.Source, flags chatFlags) bool {
	out, ok := fileOf(a.stdout)
	return ok && !flags.json && (source == chat.FromTerminal || source == chat.FromNothing) && term.IsTerminal(int(out.Fd()))
}

// chatOnTerminal chats with an input line. In raw mode the terminal sends no
// signal for Ctrl-C; the face passes it on as one.
func (a *app) chatOnTerminal(ctx context.Context, cfg chat.Config) error {
	noColor, _ := a.env("NO_COLOR")
	in, _ := fileOf(a.stdin)
	out, _ := fileOf(a.stdout)
	face, err := chat.NewTerminal(chat.TerminalConfig{
		In:        in,
		Out:       out,
		Members:   cfg.Members,
		Files:     cfg.Files,
		Page:      cfg.Page,
		Invite:    cfg.Invite,
		Ask:       cfg.Verify.Ask,
		Self:      cfg.Node.Self(),
		NoColor:   noColor != "",
		Paint:     a.stdout,
		Interrupt: a.interrupt,
	})
	if err != nil {
		return err
	}
	a.take(face)
	defer face.Close()
	cfg.Face, cfg.Input = face, face
	return chat.Run(ctx, cfg)
}

// abandon gives back the terminal, where the program ends in the midst of
// something.
func (a *app) abandon() {
	if face := a.terminal.Load(); face != nil {
		(*face).Abandon()
	}
}
