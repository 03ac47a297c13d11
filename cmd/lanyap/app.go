package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// app is one run of the program with everything that it touches.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	env     func(string) (string, bool)
	network mesh.Network // nil: this machine's; tests put one in memory here

	// joinMesh is mesh.Join; tests make it fail.
	joinMesh func(context.Context, mesh.Config) (*mesh.Node, error)

	// openSharer is share.Open; tests put a double here.
	openSharer func(*mesh.Node, share.Config) (transfer.Full, error)

	// handle is mesh.Node.Handle; tests put a double here.
	handle func(*mesh.Node, http.Handler) error

	// openTerminal opens the terminal that this program runs on, whatever its standard
	// files are; tests have none.
	openTerminal func() (*os.File, error)

	interrupt func()                   // what Ctrl-C does where the terminal makes no signal of it
	terminal  atomic.Pointer[terminal] // that was taken over

	node    atomic.Pointer[mesh.Node] // that this run joined with last
	private atomic.Bool               // it has a secret

	twins   []string // flags that the environment has set
	started bool     // a command runs: errors are no longer about the command line
}

// terminal is a face that has taken over the terminal.
type terminal interface {
	Log(line string) bool // reports whether it still has it
	Abandon()             // gives it back at once
}

// take remembers who has taken over the terminal.
func (a *app) take(t terminal) { a.terminal.Store(&t) }

// newApp returns a run of the program with these standard files.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr,
		env: os.LookupEnv, joinMesh: mesh.Join, openSharer: openSharer, handle: (*mesh.Node).Handle,
		openTerminal: openTerminal, interrupt: func() {},
	}
	if f, ok := stdin.(*os.File); ok {
		a.stdin = &patientFile{File: f}
	}
	if f, ok := stdout.(*os.File); ok {
		a.stdout = &patientFile{File: f}
	}
	if f, ok := stderr.(*os.File); ok {
		a.stderr = &patientFile{File: f}
	}
	return a
}

// run executes the command line args and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	err := secretInArgs(args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if failed := writeError(a.stdout); failed != nil && (err == nil || !a.started) {
		err, a.started = failed, true // of help or a completion script
	}
	if err != nil && !a.started {
		err = a.misuse(root, args, err)
	}
	if f := (*failure)(nil); errors.As(err, &f) && f.code == exitUsage {
		err = &failure{f.code, a.blame(f.text), a.blame(f.hint)}
	}
	return a.report(err)
}

// misuse makes a failure of an error that cobra found in the command line.
func (a *app) misuse(root *cobra.Command, args []string, err error) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return f
	}
	path := root.Name()
	if cmd, _, findErr := root.Find(args); findErr == nil {
		path = cmd.CommandPath()
	}
	return usage(path+" --help shows what there is", "%s", strings.Split(err.Error(), "\n")[0])
}

// command returns the tree of commands. `lanyap` alone is `lanyap chat`, so
// the root takes the flags of chat.
func (a *app) command() *cobra.Command {
	root := a.chatCommand()
	root.Use = "lanyap"
	root.Short = "Talk to everybody on this network"
	root.Long = `Lanyap finds the others on this network by itself and puts you into one room:
no server, no account, no internet, nothing to configure.

Without a command it chats; see "lanyap chat --help".`
	root.Example = `  lanyap
  lanyap say backup done
  lanyap send holiday.zip --to bo
  lanyap peers --json`
	var version bool
	root.Flags().BoolVarP(&version, "version", "v", false, "show the version")
	chat := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if version {
			return a.action(func(context.Context) error { return a.version(false) })(cmd, args)
		}
		return chat(cmd, args)
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usage(suggestion(root, args[0]), "unknown command %q", args[0])
	}
	root.SuggestionsMinimumDistance = 2
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.applyEnv(cmd.Flags()) }
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(a.chatCommand(), a.sayCommand(), a.sendCommand(), a.receiveCommand(), a.shareCommand(), a.pageCommand(), a.inviteCommand(), a.lsCommand(), a.getCommand(), a.peersCommand(), a.doctorCommand(), a.knownCommand(), a.verifyCommand(), a.trustCommand(), a.blockCommand(), a.idCommand(), a.versionCommand())
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		// cobra's own takes any shell it does not know for a call for help.
		completion.Args = cobra.NoArgs
		completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	complete(root)
	return root
}

// action wraps what a command does, to tell its errors from those of its
// command line.
func (a *app) action(do func(ctx context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		a.started = true
		return do(cmd.Context())
	}
}
