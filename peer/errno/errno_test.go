package errno_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/lanyap/lanyap/peer/errno"
)

// TestErrnos has the system itself say what is wrong, whatever numbers it has
// for it.
func TestErrnos(t *testing.T) {
	tests := []struct {
		name string
		is   func(error) bool
		err  error
	}{
		{"a port that is taken", errno.IsInUse, takenPort(t)},
		{"a port at which nobody listens", errno.IsRefused, deadPort(t)},
		{"a connection that was reset", errno.IsReset, resetConn(t)},
		{"a pipe that nobody reads", errno.IsClosedPipe, deadPipe(t)},
		{"a pipe in memory that nobody reads", errno.IsClosedPipe, io.ErrClosedPipe},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.is(fmt.Errorf("wrapped: %w", tt.err)) {
				t.Errorf("%v is not recognized", tt.err)
			}
			if tt.is(nil) || tt.is(errors.New("another")) || tt.is(os.ErrNotExist) {
				t.Error("so is everything else")
			}
		})
	}
}

func listenTCP(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func takenPort(t *testing.T) error {
	_, err := net.Listen("tcp", listenTCP(t).Addr().String())
	return err
}

func deadPort(t *testing.T) error {
	l := listenTCP(t)
	l.Close()
	_, err := net.Dial("tcp", l.Addr().String())
	return err
}

func resetConn(t *testing.T) error {
	l := listenTCP(t)
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	far.(*net.TCPConn).SetLinger(0) // close by RST
	far.Close()
	_, err = near.Read(make([]byte, 1))
	return err
}

func deadPipe(t *testing.T) error {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	_, err = w.Write([]byte("x"))
	return err
}
