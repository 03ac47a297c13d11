package transfer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// Ways in which it ends without having moved anything; test with errors.Is.
var (
	ErrNobody  = errors.New("nobody else is in the room")
	ErrNoOffer = errors.New("nobody offered anything")
	ErrCommand = errors.New("a command failed") // each was shown as a Warning
)

// errAbsent is why somebody who was named did not get anything.
var errAbsent = errors.New("is not in the room")

// errInterrupted is why a transfer ends that we end.
var errInterrupted = errors.New("interrupted")

// Why this side declines an offer by itself.
var (
	errNotFrom    = errors.New("not one of those whom --from names")
	errNotTrusted = errors.New("not verified, and --trusted takes from nobody else")
	errTwoOfName  = errors.New("there is another member of that name, and --from names no ID")
	errNoAnswer   = errors.New("there is nobody to ask any more")
)

// AmbiguousError says that a name is that of several people.
type AmbiguousError struct {
	Name  string
	Found []mesh.Peer // one for each ID
}

func (e *AmbiguousError) Error() string {
	list := make([]string, len(e.Found))
	for i, p := range e.Found {
		list[i] = p.ID.String()
	}
	return fmt.Sprintf("%q is the name of %d people: %s", safe.Line(e.Name), len(list), strings.Join(list, " and "))
}

// VanishedError says that the other side of a transfer was waited for in vain.
type VanishedError struct{ After time.Duration }

func (e *VanishedError) Error() string {
	return "vanished, and did not come back within " + e.After.String()
}

// Is makes it [share.ErrIncomplete].
func (e *VanishedError) Is(target error) bool { return target == share.ErrIncomplete }

// FaceError says that what happens can no longer be shown.
type FaceError struct{ Cause error }

func (e *FaceError) Error() string { return "output: " + e.Cause.Error() }

// Unwrap returns the error of the write.
func (e *FaceError) Unwrap() error { return e.Cause }

// Outcome is what became of what was offered to one, or by one.
type Outcome struct {
	Name string     // by which it was named; empty: Peer is known
	Peer *mesh.Peer // nil: it was not there
	Err  error      // nil: all is well
}

// who returns whom it is about, for people.
func (o Outcome) who() string {
	if o.Peer == nil {
		return fmt.Sprintf("%q", safe.Line(o.Name))
	}
	return people.Name(*o.Peer)
}

// UnsentError says who does not have all that was to be sent, and why.
type UnsentError struct{ Outcomes []Outcome }

// maxNamed is how many people an error names.
const maxNamed = 8

func (e *UnsentError) Error() string {
	var parts []string
	for _, o := range e.Outcomes[:min(len(e.Outcomes), maxNamed)] {
		parts = append(parts, o.who()+" "+because(o.Err))
	}
	if more := len(e.Outcomes) - maxNamed; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the errors of all.
func (e *UnsentError) Unwrap() []error {
	errs := make([]error, len(e.Outcomes))
	for i, o := range e.Outcomes {
		errs[i] = o.Err
	}
	return errs
}

// UnreceivedError says that something that was accepted did not arrive whole.
type UnreceivedError struct {
	Deal
	Err  error
	Lost bool // what had come is not kept
}

func (e *UnreceivedError) Error() string {
	return fmt.Sprintf("%s from %s: %s", subject(e.Deal), people.Name(e.Peer), because(e.Err))
}

// Unwrap returns why.
func (e *UnreceivedError) Unwrap() error { return e.Err }

// Kind is what a program that sends or receives does about an error.
type Kind int

// The kinds, the worst first.
const (
	Broken       Kind = iota // something failed
	Incomplete               // some of it has arrived; the same again goes on
	Absent                   // somebody is not here
	NotReceiving             // somebody is here, and takes nothing
	Declined                 // somebody said no
	Missing                  // it is not there, or not for us
)

// KindOf returns the kind of an error; of an *[UnsentError] the worst of those
// whom it names.
func KindOf(err error) Kind {
	if unsent := (*UnsentError)(nil); errors.As(err, &unsent) {
		worst := Missing
		for _, o := range unsent.Outcomes {
			worst = min(worst, KindOf(o.Err))
		}
		return worst
	}
	switch {
	case errors.Is(err, share.ErrIncomplete):
		return Incomplete
	case errors.Is(err, errAbsent), errors.Is(err, share.ErrNobody):
		return Absent
	case errors.Is(err, share.ErrNotFound), errors.Is(err, errNoShelf):
		return Missing
	case errors.Is(err, share.ErrNotReceiving):
		return NotReceiving
	case errors.Is(err, share.ErrDeclined), errors.Is(err, share.ErrBusy):
		return Declined
	}
	return Broken
}

// reasons are those of errors for programs and, as what follows the name of
// somebody or something, for people. The first that fits is taken, so causes go
// before what they cause.
var reasons = []struct {
	err        error
	code, text string
}{
	{errAbsent, "nobody", "is not in the room"},
	{share.ErrNobody, "nobody", "is no longer here"},
	{share.ErrNotReceiving, "not_receiving", "does not receive"},
	{share.ErrBusy, "busy", "has too many offers to decide about"},
	{share.ErrDeclined, "declined", "declined"},
	{share.ErrTaken, "taken", "was taken by another program of yours"},
	{share.ErrWithdrawn, "withdrawn", "was withdrawn"},
	{errInterrupted, "interrupted", "interrupted"},
	{share.ErrCanceled, "canceled", "canceled"},
	{share.ErrChanged, "changed", "changed while it was sent"},
	{share.ErrUnreadable, "unreadable", "could not be read where it is"},
	{share.ErrMismatch, "mismatch", "is not what was announced"},
	{share.ErrNoSpace, "no_space", "found no space left where it lands"},
	{share.ErrReadOnly, "read_only", "may not be written where it lands"},
	{share.ErrInUse, "in_use", "is being received by another process"},
	{share.ErrNotFound, "not_found", "is not on a shelf that you may read"},
	{share.ErrLimit, "limit", "is more than a program takes"},
	{share.ErrProtocol, "protocol", "does not keep to the protocol"},
	{errNotFrom, "not_from", errNotFrom.Error()},
	{errNotTrusted, "not_trusted", errNotTrusted.Error()},
	{errTwoOfName, "two_of_name", errTwoOfName.Error()},
	{errNoAnswer, "no_answer", errNoAnswer.Error()},
	{share.ErrIncomplete, "incomplete", "is incomplete"},
}

// code returns the reason of an error for programs.
func code(err error) string {
	if vanished := (*VanishedError)(nil); errors.As(err, &vanished) {
		return "vanished"
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return "failed"
}

// Because returns what became of something that was to be sent or received, as what
// follows the name of whoever it is about.
func Because(err error) string { return because(err) }

// because returns the reason of an error for people. Of files that did not arrive
// the first few are named.
func because(err error) string {
	if vanished := (*VanishedError)(nil); errors.As(err, &vanished) {
		return vanished.Error()
	}
	if part := (*share.IncompleteError)(nil); errors.As(err, &part) && part.Cause == nil && len(part.Failures) > 0 {
		return failures(part)
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.text
		}
	}
	return output.Reason(err)
}

// warning is what people are told of something that did not end a transfer.
func warning(err error) string {
	var failure share.Failure
	var dropped share.Dropped
	switch {
	case errors.As(err, &failure):
		return itemName(failure.Path) + " " + because(failure.Err)
	case errors.As(err, &dropped):
		return people.Name(dropped.Peer) + " was dropped: what it gave " + because(dropped.Err)
	}
	return output.Reason(err)
}

// maxFailures is how many files are named that did not arrive.
const maxFailures = 3

func failures(e *share.IncompleteError) string {
	var parts []string
	for _, f := range e.Failures[:min(len(e.Failures), maxFailures)] {
		parts = append(parts, itemName(f.Path)+" "+because(f.Err))
	}
	if more := e.Failed - len(parts); more > 0 {
		parts = append(parts, "and "+Count(more)+" more")
	}
	return "lacks " + plural(e.Failed, "file") + ": " + strings.Join(parts, ", ")
}
