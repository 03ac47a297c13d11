package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
)

// secretVariable holds the secret itself. It is the twin of no flag: what stands in a
// command line is seen by everybody on the machine, and kept by shells.
const secretVariable = envPrefix + "SECRET"

// secretFlags say where the secret of a private room is from.
type secretFlags struct {
	secretFile string
	askSecret  bool

	secret string // in canonical form, once it is known; empty: the room is open
	asked  bool   // [app.unlock] was here
}

func (s *secretFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.secretFile, "secret-file", "", "enter the private room whose secret, or an invite, is in the file `PATH`")
	flags.BoolVar(&s.askSecret, "ask-secret", false, "ask for the secret of a private room, or for an invite, on the terminal")
}

// private reports whether the room is one that only those can enter who know a secret.
func (s *secretFlags) private() bool { return s.secret != "" }

// secretHint is for whoever gave too little.
const secretHint = "five words are enough; lanyap invite makes them"

// unlock finds the secret of the room, if it has one. An invite also says which room
// it is, unless one was named.
func (a *app) unlock(ctx context.Context, n *networkFlags) error {
	n.asked = true
	origin, read := a.secretOrigin(n)
	if read == nil {
		return nil
	}
	text, err := read(ctx)
	if err != nil {
		return err
	}
	if passphrase.IsInvite(text) {
		return n.accept(origin, text)
	}
	n.secret, err = passphrase.Canonical(text)
	return badSecret(origin, err)
}

// secretOrigin returns how people call where the secret is from, and what reads it; nil
// for an open room. What stands on the command line goes before the environment, and
// there the secret itself before a file.
func (a *app) secretOrigin(n *networkFlags) (string, func(context.Context) (string, error)) {
	file := n.secretFile
	fromFile := func(context.Context) (string, error) { return a.secretInFile(file) }
	inEnv, _ := a.env(secretVariable)
	byEnv := slices.Contains(a.twins, "secret-file") || slices.Contains(a.twins, "ask-secret")
	switch {
	case inEnv != "" && (byEnv || file == "" && !n.askSecret):
		return secretVariable, func(context.Context) (string, error) { return inEnv, nil }
	case file != "":
		return "the secret in " + file, fromFile
	case n.askSecret:
		return "the secret", func(ctx context.Context) (string, error) { return a.askForSecret(ctx, n.room) }
	}
	return "", nil
}

// accept takes an invite.
func (n *networkFlags) accept(origin, text string) error {
	invite, err := passphrase.ParseInvite(text)
	if err != nil {
		return badSecret(origin, err)
	}
	room := invite.Room
	if room == "" {
		room = defaultRoom
	}
	switch {
	case invite.Expired(time.Now()):
		return usage("ask for a new one: lanyap invite, or /invite in a chat, makes it", "%s is an invite that ended on %s", origin, invite.Until.Local().Format("2006-01-02 at 15:04"))
	case n.named() && n.room != room:
		return usage(fmt.Sprintf("leave --room out, or write --room %q", safe.Line(room)), "%s is an invite into room %s, not %s", origin, safe.Line(room), safe.Line(n.room))
	}
	n.room, n.secret = room, invite.Secret
	return n.checkRoom()
}

// badSecret says what is wrong with a secret, and never what it is.
func badSecret(origin string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, passphrase.ErrInvite):
		return usage("copy all of it, from http:// to its end", "%s is a part of an invite, or the address of a page without one", origin)
	case errors.Is(err, passphrase.ErrUnclean), errors.Is(err, passphrase.ErrLong):
		return usage("write one line of text, in UTF-8", "%s %v", origin, err)
	}
	return usage(secretHint, "%s %v", origin, err)
}

// secretInFile reads a file that --secret-file names.
func (a *app) secretInFile(path string) (string, error) {
	text, exposed, err := passphrase.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", usage("lanyap invite --secret-file PATH makes one", "--secret-file %q: there is no such file", path)
	case errors.Is(err, fs.ErrPermission):
		return "", &failure{exitFailure, err.Error(), "make it readable for you alone: chmod 600"}
	case errors.Is(err, passphrase.ErrLong):
		return "", badSecret("the secret in "+path, err)
	case err != nil:
		return "", usage("name a file that holds a secret", "--secret-file: %v", err)
	}
	if exposed {
		// Whoever closed standard error does not want to know.
		_, _ = fmt.Fprintf(a.stderr, "warning: others on this machine can read or change the secret; chmod 600 %s\n", safe.Line(path))
	}
	return text, nil
}
