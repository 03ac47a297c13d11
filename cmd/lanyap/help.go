package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is what every terminal has.
const helpWidth = 80

// usageTemplate is cobra's with the flags wrapped, and with what holds for all
// of them and is in no flag's own text.
var usageTemplate = fmt.Sprintf(`Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped %d | trimTrailingWhitespaces}}{{end}}{{with index .Annotations "exit"}}

Environment:
  Each flag has a twin: --iface is LANYAP_IFACE, and a dash becomes _; the flag
  goes first. LANYAP_SECRET holds the secret of a private room itself, which no
  flag does. LANYAP_STATE_DIR is where your identity is kept, and LANYAP_LOG
  (debug, info, warn, error) writes a log to standard error.

Exit codes:
{{.}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" explains a command.{{end}}
`, helpWidth)

// Exit codes as the help of a command lists them.
const (
	exitsOfTalking = `  0  all is well
  1  something failed, or something could not be said
  2  the command line is wrong
  3  nobody is there, or nobody has what was said
  4  some did not come, or did not confirm, in time
  5  all who were found refused us: they have another secret
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfSending = `  0  all who were to get it have it
  1  something failed
  2  the command line is wrong, or a name is that of two
  3  nobody is there, or somebody who was named is not, or does not receive
  5  somebody refused it, or all refused us: they have another secret
  6  somebody does not have all of it; the same command again goes on
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfReceiving = `  0  it is here
  1  something failed, or a command did
  2  the command line is wrong
  3  nobody offered anything in time
  5  all who were found refused us: they have another secret
  6  not all of it is here; the same offer again goes on
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfSharing = `  1  something failed
  2  the command line is wrong, or a name is that of two
  3  somebody whom --for names is not there
  5  all who were found refused us: they have another secret
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfServing = `  1  something failed
  2  the command line is wrong
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfShelves = `  0  there is something
  1  something failed
  2  the command line is wrong, or a name is that of two
  3  nobody is there, or there is nothing that you may read
  5  all who were found refused us: they have another secret
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfGetting = `  0  it is here
  1  something failed
  2  the command line is wrong, or a name is that of two
  3  whoever was named is not there, or there is nothing that you may read
  5  all who were found refused us: they have another secret
  6  not all of it is here; the same command again goes on
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfPeers = `  0  somebody is here
  1  something failed
  2  the command line is wrong
  3  nobody is here
  5  all who were found refused us: they have another secret
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfKnown = `  0  all is well
  1  something failed
  2  the command line is wrong, or a name is that of two
  3  nobody is known by that name
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfVerifying = `  0  all is well
  1  something failed, or nobody said whether the words are the same
  2  the command line is wrong, or a name is that of two
  3  whoever was named is not there, or cannot be verified
  5  the words are not the same, or that one was asked a moment ago
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
	exitsOfDoctor = `  0  all is well
  1  something was found, or failed
  2  the command line is wrong
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM`
)

// withExits has the help of a command list its exit codes.
func withExits(cmd *cobra.Command, list string) *cobra.Command {
	cmd.Annotations = map[string]string{"exit": list}
	return cmd
}

// helpCommand is cobra's, but for its success where there is no such command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			if len(args) == 0 {
				for _, c := range root.Commands() {
					if c.IsAvailableCommand() {
						names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage(suggestion(root, args[0]), "unknown command %q", strings.Join(args, " "))
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// otherNames are what people call commands elsewhere.
var otherNames = map[string][]string{
	"chat":    {"talk", "listen", "join", "room"},
	"say":     {"echo", "tell", "msg", "message", "write", "broadcast"},
	"send":    {"put", "push", "cp", "copy", "scp", "upload", "offer"},
	"receive": {"accept", "inbox", "take"},
	"share":   {"serve", "shelf", "publish", "host"},
	"invite":  {"private", "secret", "link", "add", "room-create", "create"},
	"page":    {"web", "browser", "http", "www", "site", "phone", "qr"},
	"ls":      {"dir", "list", "browse", "shelves", "shares"},
	"get":     {"pull", "fetch", "download", "clone"},
	"peers":   {"who", "w", "users", "members", "nodes", "status"},
	"doctor":  {"check", "diagnose", "test", "debug", "ping"},
	"id":      {"whoami", "key", "identity"},
	"verify":  {"fingerprint", "authenticate", "compare"},
	"trust":   {"untrust", "pair"},
	"block":   {"ban", "mute", "ignore", "kick", "unblock"},
	"known":   {"contacts", "friends", "people"},
}

func suggestion(root *cobra.Command, word string) string {
	for name, others := range otherNames {
		if slices.Contains(others, word) {
			return fmt.Sprintf("did you mean lanyap %s?", name)
		}
	}
	if close := root.SuggestionsFor(word); len(close) > 0 {
		return fmt.Sprintf("did you mean lanyap %s?", close[0])
	}
	return "lanyap --help lists the commands"
}
