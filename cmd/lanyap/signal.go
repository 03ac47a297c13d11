package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// signalError is the cause of the context once a signal has come.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return e.signal.String() }

// code is the exit code by which shells tell that a signal ended a program.
func (e *signalError) code() int { return 128 + int(e.signal) }

// untilSignal returns a context that ends with the first signal that asks the
// program to go. Signals after it do nothing: leaving takes less than two
// seconds. finish ends the watch and returns the exit code: the given one, or
// that of a signal that came too late for anybody to look at the context.
//
// A hang-up counts unless it is ignored, as nohup(1) has it. A broken pipe is
// no signal but an error of the write, so that a program whose reader is gone
// still says goodbye.
func untilSignal(parent context.Context) (ctx context.Context, finish func(code int) int) {
	signal.Ignore(syscall.SIGPIPE)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	came := make(chan os.Signal, 1)
	signal.Notify(came, signals...)

	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	watched := make(chan struct{})
	end := func(s os.Signal) {
		number, _ := s.(syscall.Signal) // both of os's signals are one on every system
		cancel(&signalError{signal: number})
	}
	go func() {
		defer close(watched)
		select {
		case s := <-came:
			end(s)
		case <-done:
		}
	}()
	return ctx, func(code int) int {
		signal.Stop(came) // what has come is in the channel after that
		close(done)
		<-watched
		select {
		case s := <-came:
			end(s)
		default:
			cancel(nil)
		}
		if s := (*signalError)(nil); errors.As(context.Cause(ctx), &s) {
			return s.code()
		}
		return code
	}
}
