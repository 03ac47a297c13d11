package landing

import (
	"errors"
	"io/fs"
)

// What can go wrong. Errors of this package wrap one of these where one fits,
// and beside it what the operating system said.
var (
	ErrHeld        = errors.New("another process is receiving it")
	ErrDestination = errors.New("not a directory that can be received into")
	ErrNoSpace     = errors.New("no space left on the disk")
	ErrQuota       = errors.New("the disk quota is used up")
	ErrTooLarge    = errors.New("the file is larger than may be written here")
	ErrReadOnly    = errors.New("may not be written to")
	ErrInTheWay    = errors.New("something of another kind is in the way") // a folder where a file belongs, the reverse, or a link where a folder belongs
	ErrMismatch    = errors.New("the bytes do not fit their hash")
	ErrRoot        = errors.New("the pieces do not add up to the file's root")
	ErrLost        = errors.New("what was received is gone or was changed")
	ErrUnverified  = errors.New("what an earlier run left has to be verified first")
	ErrClosed      = errors.New("closed")
)

// Error says where something went wrong.
type Error struct {
	Path  string // as the user knows it: in the destination, or in the state directory
	Kind  error  // one of this package's errors, or nil
	Cause error  // what was said to it, or nil
}

// Error says what went wrong, and where.
func (e *Error) Error() string {
	text := "landing: " + e.Path + ": "
	if e.Kind == nil {
		return text + e.Cause.Error()
	}
	if e.Cause == nil {
		return text + e.Kind.Error()
	}
	return text + e.Kind.Error() + " (" + e.Cause.Error() + ")"
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	var all []error
	for _, err := range []error{e.Kind, e.Cause} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// failed is what became of path. It keeps an error that says where already.
func failed(path string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &Error{Path: path, Kind: Kind(err), Cause: bare(err)}
}

// bare is err without the path that the standard library puts into it: it is
// relative to a directory that the user was never told of.
func bare(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}

// Kind returns which of this package's errors what the operating system said is,
// or nil.
func Kind(err error) error {
	for _, k := range []struct {
		codes []error
		kind  error
	}{
		{noSpace, ErrNoSpace},
		{quota, ErrQuota},
		{tooLarge, ErrTooLarge},
		{readOnly, ErrReadOnly},
		{notDirectory, ErrInTheWay},
	} {
		for _, code := range k.codes {
			if errors.Is(err, code) {
				return k.kind
			}
		}
	}
	return nil
}
