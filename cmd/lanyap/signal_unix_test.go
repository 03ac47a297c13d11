//go:build !windows

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func noForce(t *testing.T) func(int) {
	return func(code int) { t.Errorf("ended by force with %d", code) }
}

func TestUntilSignal(t *testing.T) {
	codes := map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143}
	if !signal.Ignored(syscall.SIGHUP) { // it is where nohup runs the tests
		codes[syscall.SIGHUP] = 129
	}
	for number, code := range codes {
		s := untilSignal(t.Context(), noForce(t))
		if err := syscall.Kill(os.Getpid(), number); err != nil {
			t.Fatal(err)
		}
		<-s.ctx.Done()
		var came *signalError
		if !errors.As(context.Cause(s.ctx), &came) || came.code() != code {
			t.Errorf("%v: cause %v, want code %d", number, context.Cause(s.ctx), code)
		}
		if got := s.finish(exitOK); got != code {
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
		s := untilSignal(t.Context(), noForce(t))
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-seen
		if got := s.finish(exitOK); got != 143 {
			t.Fatalf("exit %d, want 143", got)
		}
	}
	if untilSignal(t.Context(), noForce(t)).finish(exitNobody) != exitNobody {
		t.Error("without a signal the exit code changes")
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forced := make(chan int, 1)
		s := newSignals(t.Context(), func(code int) { forced <- code })
		s.came <- syscall.SIGTERM
		<-s.ctx.Done()
		start := time.Now()
		s.interrupt()
		if code := <-forced; code != 143 || time.Since(start) > 0 {
			t.Errorf("ended with %d after %v, want 143 at once", code, time.Since(start))
		}
	})
}

func TestSignalEndsWhatDoesNotGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forced := make(chan int, 1)
		s := newSignals(t.Context(), func(code int) { forced <- code })
		start := time.Now()
		s.interrupt()
		if code := <-forced; code != 130 || time.Since(start) != lastCall {
			t.Errorf("ended with %d after %v, want 130 after %v", code, time.Since(start), lastCall)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSignals(t.Context(), noForce(t))
		s.interrupt()
		<-s.ctx.Done()
		time.Sleep(lastCall - 1)
		if got := s.finish(exitOK); got != 130 {
			t.Errorf("exit %d, want 130", got)
		}
	})
}
