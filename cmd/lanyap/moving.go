package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// movingFlags are those of all commands that send or fetch files.
type movingFlags struct {
	networkFlags
	json     bool
	quiet    bool
	progress string
	limit    string
	timeout  time.Duration

	upload int64 // limit, in bytes a second; 0: none
}

// movingTimeout is how long others may take to come, or to come back, by default:
// long enough to plug a cable in again.
const movingTimeout = 30 * time.Second

func (m *movingFlags) register(flags *pflag.FlagSet, timeout string) {
	m.networkFlags.register(flags)
	flags.BoolVar(&m.json, "json", false, "write one JSON object a line")
	flags.BoolVarP(&m.quiet, "quiet", "q", false, "tell of mistakes only")
	flags.StringVar(&m.progress, "progress", "auto", "`HOW` to show progress: auto (bars on a terminal), plain (a line every few seconds) or none")
	flags.StringVar(&m.limit, "limit", "", "upload at most `RATE`, such as 5M (MiB a second) or 20Mbit")
	flags.DurationVar(&m.timeout, "timeout", movingTimeout, timeout)
}

func (m *movingFlags) check() error {
	switch {
	case m.progress != "auto" && m.progress != "plain" && m.progress != "none":
		return usage("use --progress auto, --progress plain or --progress none", "--progress %q is not known", m.progress)
	case m.timeout <= 0:
		return usage("give a time such as 30s or 2m", "--timeout %v is no time to wait", m.timeout)
	}
	if m.limit != "" {
		var err error
		if m.upload, err = transfer.ParseRate(m.limit); err != nil {
			return usage("write --limit 5M for 5 MiB a second, or --limit 20Mbit", "--limit %q is no rate", m.limit)
		}
	}
	return m.networkFlags.check()
}

// sharing is a node that moves files, with what it is shown on.
type sharing struct {
	node    *mesh.Node
	sharer  transfer.Full
	book    *known.Book
	forgets bool // what is cut off is not kept
	notes   []transfer.Warning
}

// watch has it shown what is wrong with the book of who is known, until the end.
func (s *sharing) watch(face transfer.Face) (end func()) {
	s.book.Watch(func(text string) { _ = face.Show(transfer.Warning{Text: text}) })
	return func() { _ = s.book.Close() } // which was told
}

// close ends it before anybody was told anything.
func (s *sharing) close() {
	_ = s.sharer.Close()
	_ = s.node.Close()
}

// share joins and opens a Sharer. What happens meanwhile is shown on face.
func (a *app) share(ctx context.Context, flags *movingFlags, face transfer.Face, receive bool) (*sharing, error) {
	dir, err := a.sharingDir(flags.networkFlags)
	if err != nil {
		return nil, err
	}
	logger, err := a.logger()
	if err != nil {
		return nil, err
	}
	node, err := a.join(ctx, flags.networkFlags, mesh.Config{Topic: transfer.Topic, History: -1, KeepHistory: -1})
	if err != nil {
		return nil, err
	}
	sharer, err := a.openSharer(node, share.Config{StateDir: dir, UploadLimit: flags.upload, Receive: receive, Logger: logger})
	if err != nil {
		_ = node.Close() // nobody was told anything
		return nil, err
	}
	tellOfOtherSecret(ctx, node, func(addr netip.Addr) {
		// If it can be shown nothing, that ends the command elsewhere.
		_ = face.Show(transfer.OtherSecret{Addr: addr, Private: flags.private()})
	})
	s := &sharing{node: node, sharer: sharer, book: a.book(flags.networkFlags), forgets: dir == ""}
	s.book.Self(node.Self(), node.Addrs())
	if err := node.DiscoveryErr(); err != nil {
		s.notes = append(s.notes, transfer.Warning{Text: fmt.Sprintf("nobody is found by multicast DNS: %v; lanyap doctor tells what to do", err)})
	}
	return s, nil
}

// sharingDir is where it is kept what is unfinished. Who has an identity for this
// run alone keeps nothing for another.
func (a *app) sharingDir(flags networkFlags) (string, error) {
	if dir, set := a.env("LANYAP_STATE_DIR"); flags.ephemeral && !(set && dir != "") {
		return "", nil
	}
	return a.stateDir()
}

// openSharer is share.Open for the program.
func openSharer(node *mesh.Node, cfg share.Config) (transfer.Full, error) {
	s, err := share.Open(node, cfg)
	if err != nil {
		return nil, err
	}
	return transfer.Over(s), nil
}

// movingFace is where it is shown what becomes of files.
type movingFace struct {
	transfer.Face
	keys     <-chan rune // nil: nobody can be asked
	out, err io.Writer   // for what commands print
	close    func()
}

// faceOf returns the face that flags ask for. With ask a person at the terminal
// is asked by it.
func (a *app) faceOf(flags *movingFlags, ask bool) (*movingFace, error) {
	lines := flags.progress == "plain" && !flags.quiet
	screen := a.isTerminal(a.stderr)
	ask = ask && a.canBeAsked()
	switch {
	case flags.json:
		f := &movingFace{Face: transfer.NewJSON(a.stdout, a.stderr, flags.progress != "none"), out: a.stderr, err: a.stderr, close: func() {}}
		if ask {
			f.keys = transfer.LineKeys(a.stdin)
		}
		return f, nil
	case !screen:
		f := &movingFace{Face: transfer.NewPlain(transfer.PlainConfig{Out: a.stdout, Notices: a.stderr, Quiet: flags.quiet, Lines: lines}), out: a.stdout, err: a.stderr, close: func() {}}
		if ask {
			f.keys = transfer.LineKeys(a.stdin)
		}
		return f, nil
	}
	noColor, _ := a.env("NO_COLOR")
	out, _ := fileOf(a.stderr)
	cfg := transfer.ScreenConfig{
		Out:       out,
		Paint:     a.stderr,
		NoColor:   noColor != "",
		Quiet:     flags.quiet,
		Bars:      flags.progress == "auto" && !flags.quiet,
		Lines:     lines,
		Interrupt: a.interrupt,
	}
	if ask {
		cfg.In, _ = fileOf(a.stdin)
	}
	if !a.isTerminal(a.stdout) {
		cfg.Arrived = a.stdout
	}
	face, err := transfer.NewScreen(cfg)
	if err != nil {
		return nil, err
	}
	a.take(face)
	f := &movingFace{Face: face, keys: face.Keys(), out: a.stdout, err: face.Output(), close: face.Close}
	if cfg.Arrived == nil {
		f.out = face.Output()
	}
	return f, nil
}

// canBeAsked reports whether somebody sees questions and can answer them.
func (a *app) canBeAsked() bool {
	in, isIn := fileOf(a.stdin)
	out, isOut := fileOf(a.stderr)
	return isIn && isOut && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}
