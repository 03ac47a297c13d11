package share

import (
	"os"
	"sync"
)

// stateDir is where state is kept, made when it is first needed.
type stateDir struct {
	given string

	mu     sync.Mutex // guards what follows
	temp   string     // made for want of one that was given
	closed bool
}

func (d *stateDir) path() (string, error) {
	if d.given != "" {
		return d.given, os.MkdirAll(d.given, 0o700)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return "", ErrClosed // nobody would remove it
	case d.temp != "":
		return d.temp, nil
	}
	temp, err := os.MkdirTemp("", "lanyap-share-")
	if err == nil {
		d.temp = temp
	}
	return temp, err
}

// close removes what is temporary.
func (d *stateDir) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.temp == "" {
		return nil
	}
	return os.RemoveAll(d.temp)
}
