package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lanyap/lanyap/discovery"
)

// complete tells shells what the values of a command's flags can be. Without it
// they offer the names of files for each. Who and what is on the network is not
// looked for: that takes longer than who presses Tab is patient.
func complete(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		values := cobra.NoFileCompletions
		switch f.Name {
		case "history-file", "secret-file":
			return // a file
		case "input":
			values = cobra.FixedCompletions([]cobra.Completion{
				cobra.CompletionWithDesc("lines", "each line is a message"),
				cobra.CompletionWithDesc("json", "each line is an object"),
			}, cobra.ShellCompDirectiveNoFileComp)
		case "progress":
			values = cobra.FixedCompletions([]cobra.Completion{
				cobra.CompletionWithDesc("auto", "bars on a terminal"),
				cobra.CompletionWithDesc("plain", "a line every few seconds"),
				cobra.CompletionWithDesc("none", "nothing"),
			}, cobra.ShellCompDirectiveNoFileComp)
		case "conflict":
			values = cobra.FixedCompletions([]cobra.Completion{
				cobra.CompletionWithDesc("rename", "land beside what is there"),
				cobra.CompletionWithDesc("skip", "leave what is there"),
				cobra.CompletionWithDesc("overwrite", "replace what is there"),
			}, cobra.ShellCompDirectiveNoFileComp)
		case "timeout":
			values = cobra.FixedCompletions([]cobra.Completion{"1s", "10s", "30s", "2m"}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
		case "iface":
			values = completeInterfaces
		}
		if f.Value.Type() != "bool" {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, values) // fails for flags that are not there
		}
	})
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
}

func completeInterfaces(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ifaces, err := discovery.Interfaces(nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, i := range ifaces {
		if i.Unused == "" {
			names = append(names, i.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
