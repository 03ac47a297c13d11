package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/errno"
)

// Exit codes; scripts rely on them.
const (
	exitOK         = 0
	exitFailure    = 1
	exitUsage      = 2
	exitNobody     = 3
	exitTimedOut   = 4
	exitRefused    = 5
	exitIncomplete = 6
)

// failure is an error as its user is told: what is wrong, what to do next, and
// the exit code.
type failure struct {
	code int
	text string
	hint string
}

func (f *failure) Error() string { return f.text }

func usage(hint, format string, args ...any) error {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, args...), hint: hint}
}

const doctorHint = "lanyap doctor looks for the usual causes"

// report tells the user of err, if there is anything to tell, and returns the
// exit code.
func (a *app) report(err error) int {
	var told *failure
	var signalled *signalError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &signalled):
		return signalled.code()
	case errno.IsClosedPipe(err):
		return exitOK // whoever read our output has had enough
	case errors.As(err, &told):
	default:
		told = explain(err)
	}
	told = a.shutOut(told, err)
	// If standard error is closed, the exit code still tells.
	_, _ = fmt.Fprintln(a.stderr, output.Mistake(told.text, told.hint))
	return told.code
}

// explain finds what to tell a user of an error of the packages below.
func explain(err error) *failure {
	var mistake *chat.MistakeError
	var few *chat.TooFewError
	var absent *chat.AbsentError
	var pending *chat.PendingError
	var face *chat.FaceError
	var path *fs.PathError
	var broken *transfer.FaceError
	if f := explainMoving(err); f != nil {
		return f
	}
	f := &failure{code: exitFailure, text: output.Reason(err), hint: doctorHint}
	switch {
	case errors.As(err, &mistake):
		f.hint = mistake.Hint
	case errors.Is(err, chat.ErrNobody), errors.Is(err, transfer.ErrNobody):
		f.code = exitNobody
		f.hint = "start lanyap on another machine of this network, or name one with --join HOST; " + doctorHint
	case errors.Is(err, chat.ErrUnheard):
		f.code = exitNobody
		f.hint = "those who were there have left; --wait N says nothing before N others are there"
	case errors.As(err, &absent):
		f.code = exitNobody
		f.hint = "name somebody whom lanyap peers lists, as it stands there; or wait longer with --timeout"
	case errors.As(err, &few):
		f.code = exitTimedOut
		f.hint = "wait longer with --timeout, or for fewer with --wait"
	case errors.As(err, &pending):
		f.code = exitTimedOut
		f.text, f.hint = unconfirmed(pending)
	case errors.Is(err, chat.ErrUnsaid):
		f.hint = "see the errors above; everything else was said"
	case errors.As(err, &face), errors.As(err, &broken), errors.Is(err, syscall.ENOSPC) && errors.As(err, &path) && path.Path == os.Stdout.Name():
		f.hint = "nothing can be written to standard output; is the disk full?"
	case errors.Is(err, mesh.ErrHistory):
		f.hint = "not all that was said is in that file; make room on its disk, or name another with --history-file"
	case errors.Is(err, peer.ErrIdentity):
		f.hint = "mend or remove that file (removing it makes you a new person), name another place with LANYAP_STATE_DIR, or use --ephemeral"
	case outOfFiles(err):
		f.hint = moreFilesHint
	case errno.IsInUse(err):
		f.hint = "choose another --port, or leave it out: a free one is found"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f.hint = "make that place writable, name another with LANYAP_STATE_DIR, or use --ephemeral"
	case errors.Is(err, context.DeadlineExceeded):
		f.code = exitTimedOut
	}
	return f
}

// unconfirmed says who may not have what was said, and what to do about it.
func unconfirmed(e *chat.PendingError) (text, hint string) {
	who := names(e.Peers)
	hint = "they may be cut off or suspended; wait longer with --timeout"
	if len(e.Missing) > 0 {
		who = strings.TrimPrefix(who+", "+places(e.Missing), ", ")
		hint = "lanyap peers says what keeps nodes apart; --wait N speaks to the first N others and asks for no more"
	}
	if who == "" {
		return e.Error(), hint // all who had not confirmed have just left
	}
	return "no confirmation from " + who, hint
}

// maxPlaces is how many who are missing are named. One member can make up any
// number of others.
const maxPlaces = 8

func places(missing []mesh.Sighting) string {
	var list []string
	for _, s := range missing[:min(len(missing), maxPlaces)] {
		list = append(list, place(s))
	}
	if more := len(missing) - maxPlaces; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// names lists peers for people, with their short IDs, since names are not
// unique.
func names(peers []mesh.Peer) string {
	list := make([]string, len(peers))
	for i, p := range peers {
		list[i] = fmt.Sprintf("%s (%s)", safe.Name(p.Name), p.ID.Short())
	}
	return strings.Join(list, ", ")
}

// moreFilesHint is what to do where a process may not open as many files, and
// sockets, as a node needs: some 20, and one for each member.
const moreFilesHint = "let it open more files: ulimit -n 1024, or LimitNOFILE= in a service unit"

func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
