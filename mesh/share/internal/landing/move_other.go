//go:build !linux && !darwin && !windows

package landing

import (
	"errors"
	"os"
)

// renameNew says that there is no such call.
func renameNew(_ *os.Root, _ string, _ *os.Root, _ string) error {
	return errors.ErrUnsupported
}
