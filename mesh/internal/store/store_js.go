package store

import (
	"errors"
	"fmt"
)

// Store is an open file, of which a browser has none.
type Store struct{}

// Open returns an error that is [errors.ErrUnsupported].
func Open(path, _ string, _ Options) (*Store, error) {
	return nil, fmt.Errorf("history file %s: %w in a browser", path, errors.ErrUnsupported)
}

// Load returns nothing.
func (*Store) Load() ([]Entry, error) { return nil, nil }

// Add keeps nothing.
func (*Store) Add(Entry) {}

// Close does nothing.
func (*Store) Close() error { return nil }
