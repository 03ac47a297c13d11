package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
)

// pageTopic is the own topic of a node that does nothing but serve pages: nobody who
// chats counts it.
const pageTopic = "page"

// serveFlags are the flags of `lanyap page`.
type serveFlags struct {
	networkFlags
	historyFlags
	qr   bool
	json bool
}

func (a *app) pageCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "page",
		Short: "Serve the page by which browsers join, and nothing else",
		Long: `Serve the page by which phones and other browsers join the room, until you end
it: for a box in the corner that always runs. It chats with nobody and takes no
files itself, keeps what was said for those who come later, and files for the
browsers that are here by it while these send and fetch them.

lanyap chat, receive and share serve the same page. A browser that has joined
goes on without whoever served it, but for its files.

The addresses are printed on standard output, one a line, and again when they
have changed.`,
		Example: `  lanyap page --qr
  lanyap page --room team --port 80 --history-file /var/lib/lanyap/`,
		Args: cobra.NoArgs,
	}
	flags.networkFlags.register(cmd.Flags())
	flags.registerKeeping(cmd.Flags())
	cmd.Flags().BoolVar(&flags.qr, "qr", false, "draw the address as a QR code")
	cmd.Flags().BoolVar(&flags.json, "json", false, "write one JSON object a line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(cmd.Flags()); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.page(ctx, flags) })(cmd, args)
	}
	return withExits(cmd, exitsOfServing)
}

func (s *serveFlags) check(flags *pflag.FlagSet) error {
	if s.qr && s.json {
		return usage("choose one of them", "--qr and --json exclude each other")
	}
	if err := s.historyFlags.check(flags); err != nil {
		return err
	}
	return s.networkFlags.check()
}

const (
	// lookForAddresses is how often it is looked whether a machine has other
	// addresses than before. A box may be switched on before its network is.
	lookForAddresses = 2 * time.Second

	// farewellLimit is how long leaving takes at most.
	farewellLimit = time.Second
)

func (a *app) page(ctx context.Context, flags serveFlags) error {
	if err := a.unlock(ctx, &flags.networkFlags); err != nil {
		return err
	}
	cfg := mesh.Config{Topic: pageTopic, KeepHistory: orNone(flags.keep), HistoryFile: flags.path(flags.room)}
	if flags.keep == 0 {
		cfg.History = -1 // nobody would see it
	}
	node, notes, err := a.joinKeeping(ctx, flags.networkFlags, cfg)
	if err != nil {
		return err
	}
	page, err := a.servePageOnly(node, flags.networkFlags)
	if err != nil {
		return err
	}
	var face pageFace = &pageText{a: a, qr: flags.qr}
	if flags.json {
		face = &pageJSON{output.NewJSONWriter(a.stdout)}
	}
	tellOfOtherSecret(ctx, node, func(addr netip.Addr) { face.otherSecret(addr, flags.private()) })
	failed := face.ready(node.Self(), flags.networkFlags, node.Addrs(), page.urls())
	for _, note := range notes {
		if failed == nil {
			failed = face.warn(note)
		}
	}
	if failed == nil {
		failed = follow(ctx, page, face)
	}
	return endServing(ctx, node, page, failed)
}

// endServing leaves, and returns how it ended.
func endServing(ctx context.Context, node *mesh.Node, page *pages, failed error) error {
	page.close()
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellLimit)
	defer cancel()
	_ = node.Leave(farewell) // whether all took our goodbye is nothing to tell anybody
	closed := node.Close()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed != nil:
		return failed
	}
	return closed
}

// follow shows where the page is whenever that has changed, until ctx ends.
func follow(ctx context.Context, page *pages, face pageFace) error {
	ticker := time.NewTicker(lookForAddresses)
	defer ticker.Stop()
	for known := page.urls(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if urls := page.urls(); !slices.Equal(urls, known) {
			known = urls
			if err := face.moved(urls); err != nil {
				return err
			}
		}
	}
}

// pageFace is where `lanyap page` says what there is.
type pageFace interface {
	ready(self mesh.Peer, in networkFlags, addrs []netip.AddrPort, urls []string) error
	moved(urls []string) error
	warn(text string) error
	otherSecret(addr netip.Addr, private bool)
}

// pageText writes the addresses to standard output, and what is about them to
// standard error.
type pageText struct {
	a  *app
	qr bool
}

func (f *pageText) ready(self mesh.Peer, in networkFlags, _ []netip.AddrPort, urls []string) error {
	f.notice(fmt.Sprintf("you are %s in %s; browsers join at", people.Name(self), output.RoomName(in.room, in.private())))
	return f.moved(urls)
}

func (f *pageText) moved(urls []string) error {
	if len(urls) == 0 {
		f.notice("no address is here at which a browser could open the page")
		return nil
	}
	text := strings.Join(urls, "\n") + "\n"
	if f.qr {
		width, color := f.a.canvas(f.a.stdout)
		if code, ok := qr.Draw(urls[0], width, color); ok {
			text = code + "\n" + text
		}
	}
	_, err := io.WriteString(f.a.stdout, text)
	return err
}

func (f *pageText) warn(text string) error {
	f.notice(safe.Line(text))
	return nil
}

func (f *pageText) otherSecret(addr netip.Addr, private bool) {
	_, _ = fmt.Fprintln(f.a.stderr, "warning: "+output.OtherSecret(addr, private)) // as with notice
}

func (f *pageText) notice(text string) {
	// Whoever closed standard error does not want to know.
	_, _ = fmt.Fprintln(f.a.stderr, "* "+text)
}

type pageJSON struct{ out *output.JSONWriter }

func (f *pageJSON) ready(self mesh.Peer, in networkFlags, addrs []netip.AddrPort, urls []string) error {
	return f.out.Write(struct {
		output.Head
		output.Person
		Room    string           `json:"room"`
		Private bool             `json:"private,omitempty"`
		Addrs   []netip.AddrPort `json:"addrs"`
		Page    []string         `json:"page"`
	}{output.NewHead("ready"), output.NewPerson(self), in.room, in.private(), append([]netip.AddrPort{}, addrs...), append([]string{}, urls...)})
}

func (f *pageJSON) moved(urls []string) error {
	return f.out.Write(struct {
		output.Head
		Page []string `json:"page"`
	}{output.NewHead("page"), append([]string{}, urls...)})
}

func (f *pageJSON) warn(text string) error {
	return f.out.Write(struct {
		output.Head
		Text string `json:"text"`
	}{output.NewHead("warning"), text})
}

func (f *pageJSON) otherSecret(addr netip.Addr, private bool) {
	_ = f.warn(output.OtherSecret(addr, private)) // if nothing can be written, the next of moved says so
}

// servePageOnly is servePage for commands that do nothing else: the node of one that
// can serve none is closed.
func (a *app) servePageOnly(node *mesh.Node, flags networkFlags) (*pages, error) {
	page, err := a.servePage(node, flags, pageFlags{})
	if err == nil && page == nil {
		err = &failure{exitFailure, "this node can serve no page", doctorHint}
	}
	if err != nil {
		_ = node.Close() // nobody was told anything
		return nil, err
	}
	return page, nil
}
