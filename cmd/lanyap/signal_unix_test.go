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
		ctx, stop := untilSignal(t.Context())
		if err := syscall.Kill(os.Getpid(), number); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		var came *signalError
		if !errors.As(context.Cause(ctx), &came) || came.code() != code {
			t.Errorf("%v: cause %v, want code %d", number, context.Cause(ctx), code)
		}
		stop()
	}
}
