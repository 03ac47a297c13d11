//go:build !windows

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// suddenlyNonblocking returns a pipe that was made non-blocking behind the back
// of both ends.
func suddenlyNonblocking(t *testing.T) (r, w *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	for _, fd := range fds {
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestPatientFile(t *testing.T) {
	r, w := suddenlyNonblocking(t)
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, syscall.EAGAIN) {
		t.Fatalf("the pipe is no test: %v", err)
	}
	sent := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // sixteen times what a pipe holds
	written := make(chan error, 1)
	go func() {
		_, err := (&patientFile{File: w}).Write(sent)
		w.Close()
		written <- err
	}()
	got, err := io.ReadAll(&patientFile{File: r})
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("read %d bytes and %v, want %d", len(got), err, len(sent))
	}
	if err := <-written; err != nil {
		t.Errorf("write: %v", err)
	}
}

// TestOutputThatIsBusy has the program's standard output refuse to block.
func TestOutputThatIsBusy(t *testing.T) {
	r, w := suddenlyNonblocking(t)
	fill := make([]byte, 4096)
	for {
		if _, err := w.Write(fill); err != nil {
			break
		}
	}
	code := make(chan int, 1)
	go func() { code <- newApp(nil, w, io.Discard).run(t.Context(), []string{"version"}); w.Close() }()
	out, err := io.ReadAll(&patientFile{File: r})
	if got := <-code; got != exitOK || err != nil || !bytes.Contains(out, []byte("lanyap ")) {
		t.Errorf("exit %d, and %d bytes were printed with %v", got, len(out), err)
	}
}
