package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
)

// doctorLook is how long the doctor looks for others: time for a dial of each
// to end one way or the other.
const doctorLook = 3 * time.Second

func (a *app) doctorCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why it may not work",
		Long: `Look at this machine and its network for what keeps nodes from finding and
reaching each other, and say what to do about it. It takes a few seconds; the
others do not notice.

It exits with 0 when all is well and with 1 otherwise.`,
		Args: cobra.NoArgs,
	}
	flags.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object a line")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.doctor(ctx, flags, asJSON) })(cmd, args)
	}
	return withExits(cmd, exitsOfDoctor)
}

func (a *app) doctor(ctx context.Context, flags networkFlags, asJSON bool) error {
	if err := a.unlock(ctx, &flags); err != nil {
		return err
	}
	f := a.examine(ctx, flags)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	found := f.diagnose()
	failed := 0
	for _, c := range found {
		if !c.ok() {
			failed++
		}
	}
	if err := a.showChecks(found, asJSON); err != nil {
		return err
	}
	if failed == 0 {
		return nil
	}
	return &failure{exitFailure, fmt.Sprintf("%d of %d checks found something", failed, len(found)), "do what the lines above say, and run lanyap doctor again"}
}

func (a *app) showChecks(found []check, asJSON bool) error {
	out := output.NewJSONWriter(a.stdout)
	for _, c := range found {
		var err error
		switch {
		case asJSON:
			err = out.Write(struct {
				output.Head
				Name string `json:"name"`
				OK   bool   `json:"ok"`
				Text string `json:"text"`
				Todo string `json:"todo"` // empty when ok
			}{output.NewHead("check"), c.name, c.ok(), c.text, c.todo})
		case c.ok():
			_, err = fmt.Fprintf(a.stdout, "ok    %s: %s\n", c.name, safe.Line(c.text))
		default:
			_, err = fmt.Fprintf(a.stdout, "TODO  %s: %s: %s\n", c.name, safe.Line(c.text), safe.Line(c.todo))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// examine collects the facts.
func (a *app) examine(ctx context.Context, flags networkFlags) facts {
	f := facts{now: time.Now(), built: buildTime(readBuild().Built), state: a.examineState(flags.ephemeral)}
	f.ifaces, f.ifacesErr = discovery.Interfaces(flags.ifaces)
	f.busy = busyPorts()
	f.route = defaultRoute(f.ifaces)
	f.strays = strayRoutes(f.ifaces)
	f.firewall = hostFirewall()

	var work sync.WaitGroup
	work.Go(func() { f.reports, f.probeErr = discovery.Probe(ctx, flags.ifaces) })
	work.Go(func() { f.members, f.sightings, f.joinErr = a.look(ctx, flags) })
	work.Wait()
	return f
}

// look joins for a moment, as somebody whom nobody knows, and returns how many
// it reached and whom it did not.
func (a *app) look(ctx context.Context, flags networkFlags) (int, []mesh.Sighting, error) {
	flags.ephemeral = true
	node, err := a.join(ctx, flags, mesh.Config{Observer: true})
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = node.Close() }()
	select {
	case <-time.After(doctorLook):
	case <-ctx.Done():
		return 0, nil, context.Cause(ctx)
	}
	var members []present
	for _, p := range node.Members() {
		members = append(members, present{Peer: p})
	}
	return len(members), outOfReach(node.Sightings(), members), nil
}
