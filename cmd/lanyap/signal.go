package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signalError is the cause of the context once a signal has come.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return e.signal.String() }

// code is the exit code by which shells tell that a signal ended a program.
func (e *signalError) code() int { return 128 + int(e.signal) }

// lastCall is how long the program may take to go after a signal. Leaving takes
// less than two seconds; what takes longer waits for somebody who does not
// read, such as a terminal that was stopped by Ctrl-S.
const lastCall = 3 * time.Second

// signals ends a context with the first signal that asks the program to go, and
// the program with a second one, or when it has not gone after lastCall.
type signals struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	force  func(code int) // ends the program at once

	came    chan os.Signal
	done    chan struct{} // closed by finish
	watched chan struct{} // closed when nobody looks at came any more
}

// untilSignal starts to watch for signals.
//
// A hang-up counts unless it is ignored, as nohup(1) has it. A broken pipe is
// no signal but an error of the write, so that a program whose reader is gone
// still says goodbye.
func untilSignal(parent context.Context, force func(code int)) *signals {
	signal.Ignore(syscall.SIGPIPE)
	number := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		number = append(number, syscall.SIGHUP)
	}
	s := newSignals(parent, force)
	signal.Notify(s.came, number...)
	return s
}

func newSignals(parent context.Context, force func(code int)) *signals {
	s := &signals{
		force:   force,
		came:    make(chan os.Signal, 2),
		done:    make(chan struct{}),
		watched: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(parent)
	go s.watch()
	return s
}

func (s *signals) watch() {
	defer close(s.watched)
	select {
	case first := <-s.came:
		s.end(first)
	case <-s.done:
		return
	}
	limit := time.NewTimer(lastCall)
	defer limit.Stop()
	select {
	case <-s.came:
	case <-limit.C:
	case <-s.done:
		return
	}
	s.force(s.code(exitFailure))
}

// interrupt is what Ctrl-C does where the terminal makes no signal of it.
func (s *signals) interrupt() {
	select {
	case s.came <- os.Interrupt:
	default:
	}
}

// end ends the context. Both of os's signals are one of syscall's on every
// system.
func (s *signals) end(sig os.Signal) {
	number, _ := sig.(syscall.Signal)
	s.cancel(&signalError{signal: number})
}

// finish ends the watch and returns the exit code: the given one, or that of a
// signal, also of one that came too late for anybody to look at the context.
func (s *signals) finish(code int) int {
	signal.Stop(s.came) // what has come is in the channel after that
	close(s.done)
	<-s.watched
	select {
	case late := <-s.came:
		s.end(late)
	default:
		s.cancel(nil)
	}
	return s.code(code)
}

// code returns the exit code of the signal that came, or the given one.
func (s *signals) code(otherwise int) int {
	if came := (*signalError)(nil); errors.As(context.Cause(s.ctx), &came) {
		return came.code()
	}
	return otherwise
}
