package main

import (
	"slices"
	"strings"
)

// secretNames are what people call a flag that takes a secret.
var secretNames = []string{"secret", "passphrase", "password", "passwd", "pass", "psk", "key"}

// secretInArgs says that no flag takes a secret, if args look as if one did. Cobra would
// take what follows it for something else, and repeat it.
func secretInArgs(args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") {
		return nil // a shell asks what could be meant
	}
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		name, dashed := strings.CutPrefix(arg, "-")
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if dashed && slices.Contains(secretNames, name) {
			return usage("write it into a file for --secret-file, into the variable "+secretVariable+", or type it with --ask-secret",
				"no flag takes a secret: everybody on this machine sees what is on a command line, and shells keep it")
		}
	}
	return nil
}
