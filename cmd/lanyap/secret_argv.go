package main

import (
	"slices"
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
)

// secretNames are what people call a flag that takes a secret.
var secretNames = []string{"secret", "passphrase", "password", "passwd", "pass", "psk", "key"}

// secretHome is where a secret, or an invite, belongs.
const secretHome = "into a file for --secret-file, into the variable " + secretVariable + ", or type it with --ask-secret"

// secretInArgs says that no flag takes a secret, if args look as if one did, and that an
// invite is none of them. Cobra would take what follows such a flag, or the invite, for
// something else, and repeat it.
func secretInArgs(args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") {
		return nil // a shell asks what could be meant
	}
	before := ""
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		flag, value, dashed := cutFlag(arg)
		switch {
		case dashed && slices.Contains(secretNames, flag):
			return usage("write it "+secretHome, "no flag takes a secret: everybody on this machine sees what is on a command line, and shells keep it")
		case !dashed:
			flag, value = before, arg
		}
		if isInvite(value) && flag != "text" && (args[0] != "say" || takesNone(flag)) {
			return errInvite("the command line")
		}
		before = flag
		if !dashed || value != "" {
			before = ""
		}
	}
	return nil
}

// cutFlag takes a flag apart; value is empty if it is the next argument, or none.
func cutFlag(arg string) (name, value string, dashed bool) {
	name, dashed = strings.CutPrefix(arg, "-")
	name, value, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
	return name, value, dashed
}

// takesNone reports whether a flag takes something that people take an invite for.
func takesNone(flag string) bool {
	return slices.Contains([]string{"room", "join", "secret-file"}, flag)
}

// isInvite reports whether s has the secret of a room in it, as invites have.
func isInvite(s string) bool { return passphrase.IsInvite(s) && strings.Contains(s, "secret=") }

// errInvite says that an invite is in the wrong place, and does not repeat it.
func errInvite(where string) error {
	return usage("write it "+secretHome, "an invite is in %s: it has the secret in it, and belongs elsewhere", where)
}
