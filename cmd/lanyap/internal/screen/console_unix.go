//go:build unix

package screen

import (
	"os"
	ossignal "os/signal"
	"syscall"
	"time"
)

// prepareOutput makes a terminal take control sequences.
func prepareOutput(*os.File) (restore func(), err error) { return func() {}, nil }

// Watch calls resized when the terminal has another size, and resumed when this
// process goes on after it was stopped, until stop is called.
func Watch(resized, resumed func()) (stop func()) {
	came := make(chan os.Signal, 1)
	ossignal.Notify(came, syscall.SIGWINCH, syscall.SIGCONT)
	over := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-came:
				if s == syscall.SIGCONT {
					resumed()
				}
				resized() // which may have happened while we were stopped, too
			case <-over:
				return
			}
		}
	}()
	return func() {
		ossignal.Stop(came)
		close(over)
	}
}

// stopLimit is how long it takes at most until a process has been stopped. One
// that nobody could set going again, such as the first of a container, is not.
const stopLimit = 100 * time.Millisecond

// Stop stops this process and those that were started with it, as Ctrl-Z
// does.
func Stop() {
	_ = syscall.Kill(0, syscall.SIGTSTP)
	time.Sleep(stopLimit)
}
