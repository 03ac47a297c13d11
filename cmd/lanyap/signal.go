package main

import (
	"context"
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
// seconds.
//
// A hang-up counts unless it is ignored, as nohup(1) has it. A broken pipe is
// no signal but an error of the write, so that a program whose reader is gone
// still says goodbye.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	came := make(chan os.Signal, 1)
	signal.Notify(came, signals...)

	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case s := <-came:
			number, _ := s.(syscall.Signal) // both of os's signals are one on every system
			cancel(&signalError{signal: number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
