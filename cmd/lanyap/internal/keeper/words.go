package keeper

import (
	"errors"
	"syscall"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/mesh/share"
)

// reason returns an error as a sentence for people who see nothing else of it.
func reason(err error) error {
	switch {
	case errors.Is(err, errNoRoom):
		return err
	case errors.Is(err, share.ErrNoSpace), errors.Is(err, syscall.ENOSPC):
		return errors.New("the disk of the machine that keeps it is full")
	case errors.Is(err, share.ErrClosed):
		return errClosing
	}
	return errors.New(output.Reason(err))
}
