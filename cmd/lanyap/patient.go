package main

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// patientFile is a standard file that waits where it is told to come again.
// Another program that has the same pipe or terminal may have made it
// non-blocking: that is a property of the open file, not of who opened it
// (fcntl(2), O_NONBLOCK), and may be so from any moment on. ssh and Node.js are
// known for it.
type patientFile struct {
	*os.File
	failed atomic.Pointer[error] // the first error of a write, nil: none
}

// tryAgainAfter is short enough for 6 MB/s through a pipe of 64 KiB.
const tryAgainAfter = 10 * time.Millisecond

func (f *patientFile) Write(p []byte) (n int, err error) {
	for {
		some, err := f.File.Write(p[n:])
		n += some
		if err == nil || !errors.Is(err, syscall.EAGAIN) {
			f.note(err)
			return n, err
		}
		time.Sleep(tryAgainAfter)
	}
}

// note remembers an error for those who write and do not look, as cobra does.
func (f *patientFile) note(err error) {
	if err != nil {
		f.failed.CompareAndSwap(nil, &err)
	}
}

// writeError returns the first error of writing to w, if it is a patientFile.
func writeError(w io.Writer) error {
	if f, ok := w.(*patientFile); ok {
		if err := f.failed.Load(); err != nil {
			return *err
		}
	}
	return nil
}

func (f *patientFile) Read(p []byte) (int, error) {
	for {
		n, err := f.File.Read(p)
		if n > 0 || !errors.Is(err, syscall.EAGAIN) {
			return n, err
		}
		time.Sleep(tryAgainAfter)
	}
}

// fileOf returns the file that v is, or stands before.
func fileOf(v any) (*os.File, bool) {
	switch f := v.(type) {
	case *os.File:
		return f, true
	case *patientFile:
		return f.File, true
	}
	return nil, false
}
