package screen

import (
	"os"

	"golang.org/x/sys/windows"
)

// prepareOutput makes a console take control sequences.
func prepareOutput(out *os.File) (restore func(), err error) {
	console := windows.Handle(out.Fd())
	var before uint32
	if err := windows.GetConsoleMode(console, &before); err != nil {
		return nil, err
	}
	if err := windows.SetConsoleMode(console, before|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING|windows.DISABLE_NEWLINE_AUTO_RETURN); err != nil {
		return nil, err
	}
	return func() { _ = windows.SetConsoleMode(console, before) }, nil
}

// Watch does nothing: a console says by its input that it was resized, and
// stops no processes.
func Watch(resized, resumed func()) (stop func()) { return func() {} }

// Stop does nothing.
func Stop() {}
