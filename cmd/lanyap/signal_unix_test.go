//go:build !windows

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

func TestUntilSignal(t *testing.T) {
	codes := map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143}
	if !signal.Ignored(syscall.SIGHUP) { // it is where nohup runs the tests
		codes[syscall.SIGHUP] = 129
	}
	for number, code := range codes {
		ctx, finish := untilSignal(t.Context())
		if err := syscall.Kill(os.Getpid(), number); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		var came *signalError
		if !errors.As(context.Cause(ctx), &came) || came.code() != code {
			t.Errorf("%v: cause %v, want code %d", number, context.Cause(ctx), code)
		}
		if got := finish(exitOK); got != code {
			t.Errorf("%v: exit %d, want %d", number, got, code)
		}
	}
}

// TestLateSignal has the signal come when nobody looks at the context any more.
func TestLateSignal(t *testing.T) {
	seen := make(chan os.Signal, 1)
	signal.Notify(seen, syscall.SIGTERM)
	defer signal.Stop(seen)
	for range 200 {
		_, finish := untilSignal(t.Context())
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-seen
		if got := finish(exitOK); got != 143 {
			t.Fatalf("exit %d, want 143", got)
		}
	}
	if _, finish := untilSignal(t.Context()); finish(exitNobody) != exitNobody {
		t.Error("without a signal the exit code changes")
	}
}
