package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
)

// protocolVersion is the one that nodes advertise; nodes of different versions
// do not link.
const protocolVersion = 1

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Args:  cobra.NoArgs,
		RunE:  a.action(func(context.Context) error { return a.version(asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write a JSON object")
	return cmd
}

// build is what the toolchain wrote into the binary.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Built    string `json:"committed,omitempty"` // time of the revision
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Protocol int    `json:"protocol"`
}

func readBuild() build {
	b := build{
		Version:  "(devel)",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Protocol: protocolVersion,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, b.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Built = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (a *app) version(asJSON bool) error {
	b := readBuild()
	if asJSON {
		return output.NewJSONWriter(a.stdout).Write(struct {
			output.Head
			build
		}{output.NewHead("version"), b})
	}
	_, err := fmt.Fprintln(a.stdout, b)
	return err
}

// String returns the lines that `lanyap version` prints.
func (b build) String() string {
	text := "lanyap " + b.Version
	if b.Revision != "" {
		text += fmt.Sprintf("\nrevision %s of %s", b.Revision, b.Built)
		if b.Modified {
			text += ", modified"
		}
	}
	return text + fmt.Sprintf("\n%s %s\nprotocol %d", b.Go, b.Platform, b.Protocol)
}
