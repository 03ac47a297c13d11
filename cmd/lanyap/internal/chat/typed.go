package chat

import (
	"context"
	"io"
	"sync"
)

// typed is what was entered and is not said yet.
type typed struct {
	arrived chan struct{} // one token: lines has grown
	taken   func()        // called when lines has shrunk; may be nil
	ended   chan struct{}
	once    sync.Once // closes ended

	mu    sync.Mutex // guards the rest
	lines []Utterance
	bytes int
	err   error // behind the lines; nil: io.EOF
}

func newTyped() *typed {
	return &typed{arrived: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (q *typed) end() { q.once.Do(func() { close(q.ended) }) }

// fail ends with an error other than io.EOF.
func (q *typed) fail(err error) {
	q.mu.Lock()
	q.err = err
	q.mu.Unlock()
	q.end()
}

// add appends u and reports whether there was room for it.
func (q *typed) add(u Utterance) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes > 0 && q.bytes+len(u.Text) > ReadAhead {
		return false
	}
	q.bytes += len(u.Text)
	q.lines = append(q.lines, u)
	signal(q.arrived)
	return true
}

// len returns how many lines wait.
func (q *typed) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines)
}

func (q *typed) take() (Utterance, bool) {
	u, ok := q.first()
	if ok && q.taken != nil {
		q.taken()
	}
	return u, ok
}

func (q *typed) first() (Utterance, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 {
		return Utterance{}, false
	}
	u := q.lines[0]
	q.lines = q.lines[1:]
	q.bytes -= len(u.Text)
	return u, true
}

func (q *typed) next(ctx context.Context) (Utterance, error) {
	for {
		if u, ok := q.take(); ok {
			return u, nil
		}
		select {
		case <-q.arrived:
		case <-q.ended:
			// Both may be so at once.
			if u, ok := q.take(); ok {
				return u, nil
			}
			return Utterance{}, q.failure()
		case <-ctx.Done():
			return Utterance{}, ctx.Err()
		}
	}
}

func (q *typed) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	return io.EOF
}
