package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
)

// inviteFlags are the flags of `lanyap invite`.
type inviteFlags struct {
	networkFlags
	valid time.Duration
}

// inviteTime is how long an invite is meant, by default.
const inviteTime = 24 * time.Hour

// mostInviteTime keeps the end of an invite within the years that it can be shown in.
const mostInviteTime = 100 * 365 * 24 * time.Hour

func (a *app) inviteCommand() *cobra.Command {
	var flags inviteFlags
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Make a private room, and let others into it",
		Long: `Let others into a private room: print the command that enters it here, and the
address of a page by which it is entered elsewhere, with a QR code for phones.
The page is served until you end it, or --for is over.

The secret of the room is in the file that --secret-file names, by default one
for each room in the state directory. If it is not there yet, it is made: five
words that nobody can guess.

Elsewhere lanyap takes the whole address wherever it asks for a secret, and the
five words alone. The end of an invite is a courtesy: whoever has read it has
the secret.`,
		Example: `  lanyap invite --room kitchen
  lanyap invite --room team --secret-file ~/team.secret --for 1h`,
		Args: cobra.NoArgs,
	}
	flags.networkFlags.register(cmd.Flags())
	cmd.Flags().DurationVar(&flags.valid, "for", inviteTime, "how long (`D`) the invite is meant")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.invite(ctx, flags) })(cmd, args)
	}
	return withExits(cmd, exitsOfServing)
}

func (i *inviteFlags) check() error {
	if i.valid < time.Second || i.valid > mostInviteTime {
		return usage("give a time such as 30m or 24h", "--for %v is no time for an invite", i.valid)
	}
	return i.networkFlags.check()
}

func (a *app) invite(ctx context.Context, flags inviteFlags) error {
	if err := a.openPrivate(ctx, &flags.networkFlags); err != nil {
		return err
	}
	node, err := a.join(ctx, flags.networkFlags, mesh.Config{Topic: pageTopic})
	if err != nil {
		return err
	}
	page, err := a.servePageOnly(node, flags.networkFlags)
	if err != nil {
		return err
	}
	until := time.Now().Add(flags.valid)
	face := &inviteText{pageText: pageText{a: a, qr: true}, flags: flags.networkFlags, until: until}
	tellOfOtherSecret(ctx, node, func(addr netip.Addr) { face.otherSecret(addr, true) })
	failed := face.ready(node.Self(), flags.networkFlags, nil, page.urls())
	if err := node.DiscoveryErr(); err != nil && failed == nil {
		failed = face.warn(fmt.Sprintf("nobody is found by multicast DNS: %v; lanyap doctor tells what to do", err))
	}
	if failed == nil {
		meant, over := context.WithDeadline(ctx, until)
		failed = follow(meant, page, face)
		over()
	}
	if failed == nil && ctx.Err() == nil {
		face.notice("the invite is over; whoever is in stays in")
	}
	return endServing(ctx, node, page, failed)
}

// openPrivate finds the secret of the room, and makes one where there is none.
func (a *app) openPrivate(ctx context.Context, flags *networkFlags) error {
	path := flags.secretFile
	if origin, _ := a.secretOrigin(flags); origin == "" {
		var err error
		if path, err = a.secretPath(*flags); err != nil {
			return err
		}
		flags.secretFile = path
	} else if flags.secretFile == "" || origin == secretVariable {
		return a.unlock(ctx, flags) // it was given, and is nowhere to be made
	}
	phrase := passphrase.Make()
	switch err := passphrase.CreateFile(path, phrase); {
	case err == nil:
		flags.secret, flags.asked = phrase, true
		_, _ = fmt.Fprintf(a.stderr, "* the secret of room %s is new, and in %s\n", safe.Line(flags.room), safe.Line(path))
		return nil
	case errors.Is(err, fs.ErrExist):
		return a.unlock(ctx, flags)
	case errors.Is(err, fs.ErrNotExist):
		return usage("make it first: mkdir -p "+shellWord(filepath.Dir(path)), "--secret-file %q: there is no such directory", path)
	default:
		return &failure{exitFailure, err.Error(), "name a file that can be written with --secret-file"}
	}
}

// plainName is that of a room that can be the name of a file everywhere.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// secretPath returns the file for the secret of a room that --secret-file does not
// name, in a directory that is there.
func (a *app) secretPath(flags networkFlags) (string, error) {
	dir, err := a.sharingDir(flags)
	switch {
	case err != nil:
		return "", err
	case dir == "":
		return "", usage("name a file with --secret-file, or leave --ephemeral out", "--ephemeral keeps no secret that others could use")
	}
	dir = filepath.Join(dir, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", &failure{exitFailure, err.Error(), "name a file with --secret-file, or another place with LANYAP_STATE_DIR"}
	}
	name := flags.room
	if !plainName.MatchString(name) {
		name = "room-" + roomTag("lanyap secret file", flags.room)
	}
	return filepath.Join(dir, name), nil
}

// inviteText writes the invite to standard output, and what is about it to standard
// error.
type inviteText struct {
	pageText
	flags networkFlags
	until time.Time
}

func (f *inviteText) ready(self mesh.Peer, in networkFlags, _ []netip.AddrPort, urls []string) error {
	f.notice(fmt.Sprintf("you are %s in %s; to enter it here:", people.Name(self), output.RoomName(in.room, true)))
	if _, err := fmt.Fprintln(f.a.stdout, joinLine(in)); err != nil {
		return err
	}
	f.notice("elsewhere, until " + f.until.Local().Format("2006-01-02 15:04") + ", in a browser, or where lanyap --ask-secret asks:")
	return f.moved(urls)
}

func (f *inviteText) moved(urls []string) error {
	return f.pageText.moved(f.flags.invites(urls, f.until))
}

// invites returns the addresses of a page as invites into the room.
func (n *networkFlags) invites(urls []string, until time.Time) []string {
	invite := passphrase.Invite{Room: n.room, Secret: n.secret, Until: until}
	var list []string
	for _, url := range urls {
		list = append(list, invite.URL(url))
	}
	return list
}

// inviting returns what makes invites out of the addresses of a page; nil in an open
// room.
func (n *networkFlags) inviting(page *pages) func() []string {
	if !n.private() {
		return nil
	}
	return func() []string { return n.invites(page.urls(), time.Now().Add(inviteTime)) }
}

// joinLine is the command that enters the room on this machine.
func joinLine(in networkFlags) string {
	line := "lanyap chat --room " + shellWord(in.room)
	if in.secretFile == "" {
		return line + " --ask-secret"
	}
	path, err := filepath.Abs(in.secretFile)
	if err != nil {
		path = in.secretFile
	}
	return line + " --secret-file " + shellWord(path)
}

// plainWord is what shells take as it stands.
var plainWord = regexp.MustCompile(`^[\pL\pN_./:@%+,-]+$`)

// shellWord returns s as one word of a command line.
func shellWord(s string) string {
	switch {
	case plainWord.MatchString(s) && !strings.HasPrefix(s, "-"):
		return s
	case runtime.GOOS == "windows":
		return `"` + s + `"` // no path has quotes there
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
