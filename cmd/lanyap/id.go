package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/peer"
)

func (a *app) idCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "id",
		Short: "Show your ID",
		Long: `Show your ID: the public key by which others can tell that it is you. It is
made on first use and kept in the state directory.`,
		Args: cobra.NoArgs,
		RunE: a.action(func(context.Context) error { return a.id(asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a JSON object")
	return cmd
}

func (a *app) id(asJSON bool) error {
	identity, err := a.identity()
	if err != nil {
		return err
	}
	id := identity.ID()
	if asJSON {
		return output.NewJSONWriter(a.stdout).Write(struct {
			output.Head
			ID    peer.ID `json:"id"`
			Short string  `json:"short"`
		}{output.NewHead("id"), id, id.Short()})
	}
	if _, err := fmt.Fprintln(a.stdout, id); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(a.stderr, "* people are shown the short form, %s\n", id.Short())
	return nil
}
