package mesh

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/lanyap/lanyap/mesh/internal/store"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// openStore opens the history file that the Config names, if it names one. An
// observer has no history.
func (n *Node) openStore(cfg Config) error {
	if cfg.HistoryFile == "" || cfg.Observer {
		return nil
	}
	if n.archive.history == 0 {
		return historyError{fmt.Errorf("mesh: history file %s: nothing is to be kept", cfg.HistoryFile)}
	}
	s, err := store.Open(cfg.HistoryFile, historyOf(cfg), store.Options{
		Log:     n.log,
		Author:  authorOf,
		Changed: n.historyChanged,
		Wall:    n.wall,
	})
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("%w: %s", ErrHistoryHeld, cfg.HistoryFile)
	}
	if err != nil {
		return historyError{err}
	}
	n.store = s
	entries, err := s.Load()
	if err != nil {
		return historyError{err}
	}
	a := &ask{records: make(map[Member][]byte)}
	for _, e := range entries {
		if it := unstored(e, a); it != nil {
			a.got = append(a.got, it)
		}
	}
	n.loading = true // what comes from the file is not written to it again
	n.unshown = max(0, len(a.got)-n.wanted)
	n.take(a)
	n.loading = false
	return nil
}

// historyOf returns what a history file says of which room it is. That does not give
// away what is signed in a room with a secret.
func historyOf(cfg Config) string {
	key := roomKey(cfg.Room, cfg.secret)
	if !cfg.secret.IsZero() {
		key = sha256.Sum256(append([]byte("lanyap history\x00"), key[:]...))
	}
	return hex.EncodeToString(key[:])
}

// historyError is an error about the history file.
type historyError struct{ error }

func (historyError) Is(target error) bool { return target == ErrHistory }
func (e historyError) Unwrap() error      { return e.error }

// stored makes an entry of a message: its origin's record, where that is
// known, and the message, each as a frame.
func stored(it *item, record []byte) store.Entry {
	var frame []byte
	if record != nil {
		frame = wire.AppendRecordFrame(frame, record)
	}
	return store.Entry{Received: it.at, Frame: wire.AppendSigned(frame, it.frame)}
}

// authorOf returns whose message an entry is.
func authorOf(frame []byte) (id [32]byte) {
	for len(frame) > 0 {
		f, rest, err := wire.Next(frame)
		if err != nil {
			return id
		}
		if msg, err := wire.ParseMessage(f.Payload); f.Type == wire.TypeMessage && err == nil {
			return msg.Origin.ID
		}
		frame = rest
	}
	return id
}

// historyChanged tells the program that the history file can be written no
// longer. That it can again needs no telling: what waited is in it then.
func (n *Node) historyChanged(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.unkept = err; err != nil {
		n.tellLocked(HistoryFailed{Err: historyError{err}})
	}
}

// unstored reads an entry, and puts the record into a; nil if it does not read
// as one.
func unstored(e store.Entry, a *ask) *item {
	for p := e.Frame; len(p) > 0; {
		f, rest, err := wire.Next(p)
		if err != nil {
			return nil
		}
		p = rest
		switch f.Type {
		case wire.TypeRecord:
			if r, own, _, err := wire.ParseRecord(f.Payload); err == nil {
				a.records[memberOf(r.Member)] = own
			}
		case wire.TypeMessage:
			msg, err := wire.ParseMessage(f.Payload)
			if err != nil || wire.StreamOf(msg.Kind) != wire.Broadcast {
				return nil
			}
			return newItem(&msg, e.Received)
		}
	}
	return nil
}

// closeStore writes what waits for the history file. Its error says that
// something of it could not be written.
func (n *Node) closeStore() error {
	if n.store == nil {
		return nil
	}
	if err := n.store.Close(); err != nil {
		return historyError{err}
	}
	return nil
}
