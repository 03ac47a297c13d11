package share

import (
	"errors"
	"fmt"
)

// Errors to test for with errors.Is. The same fault has the same error on both
// sides.
var (
	ErrClosed       = errors.New("share: closed")
	ErrNobody       = errors.New("share: nobody of that ID is here")
	ErrNotReceiving = errors.New("share: does not receive")                        // no program of that ID takes offers
	ErrBusy         = errors.New("share: has too many offers to decide about")     // of ours, or of all
	ErrDeclined     = errors.New("share: declined")                                // the receiver said no
	ErrTaken        = errors.New("share: taken by another program of the same ID") // to an offer that is no longer one
	ErrWithdrawn    = errors.New("share: the offer was withdrawn")
	ErrCanceled     = errors.New("share: canceled") // by either side, after it was accepted
	ErrIncomplete   = errors.New("share: incomplete")
	ErrChanged      = errors.New("share: changed while it was sent")
	ErrUnreadable   = errors.New("share: cannot be read by its sender")
	ErrMismatch     = errors.New("share: is not what its sender announced") // size, hash or root
	ErrNoSpace      = errors.New("share: no space left at the receiver")    // disk full, or quota
	ErrOffset       = errors.New("share: does not go on where the file ends so far")
	ErrTooMuch      = errors.New("share: more than the file was to have")
	ErrReadOnly     = errors.New("share: receiver cannot write there")
	ErrInUse        = errors.New("share: another process is receiving this")
	ErrNotFound     = errors.New("share: not on a shelf that we may read")
	ErrLimit        = errors.New("share: more than this program takes")
	ErrProtocol     = errors.New("share: does not keep to the protocol")
)

// Failure is one file that did not arrive, and why.
type Failure struct {
	Path string // relative, slashes
	Err  error  // ErrChanged, ErrUnreadable, ErrMismatch, …
}

func (f Failure) Error() string { return fmt.Sprintf("%s: %v", f.Path, f.Err) }

func (f Failure) Unwrap() error { return f.Err }

// IncompleteError says that a transfer has ended and not all of it arrived. It is
// [ErrIncomplete], and what its Failures and its Cause are.
type IncompleteError struct {
	Failures []Failure // at most 64 of them
	Failed   int       // how many files in all
	Cause    error     // why it ended early; nil: it went on to the end without those files
}

func (e *IncompleteError) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("%v: %v", ErrIncomplete, e.Cause)
	case e.Failed == 1 && len(e.Failures) == 1:
		return fmt.Sprintf("%v: %v", ErrIncomplete, e.Failures[0])
	default:
		return fmt.Sprintf("%v: %d files did not arrive", ErrIncomplete, e.Failed)
	}
}

// Unwrap makes errors.Is find ErrIncomplete, the cause and what failed.
func (e *IncompleteError) Unwrap() []error {
	errs := []error{ErrIncomplete}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	for _, f := range e.Failures {
		errs = append(errs, f)
	}
	return errs
}
