//go:build !nolog

package mesh

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// maxLogged is how many log records may wait for the handler.
const maxLogged = 1024

// logs hands log records to a handler from a goroutine of their own. A node
// logs with its lock held, and its transport before a link is there; the handler
// may be slow, or ask the node something.
type logs struct {
	queue   chan logged
	dropped atomic.Int64 // records that found the queue full
	stop    chan struct{}
	once    sync.Once // closes stop
	done    chan struct{}
}

type logged struct {
	ctx     context.Context
	record  slog.Record
	handler slog.Handler
}

// newLogs returns a logger that writes to log, and what keeps it going.
func newLogs(log *slog.Logger) (*slog.Logger, *logs) {
	l := &logs{queue: make(chan logged, maxLogged), stop: make(chan struct{}), done: make(chan struct{})}
	if !log.Enabled(context.Background(), slog.LevelError) {
		close(l.done) // nobody wants to hear anything
		return log, l
	}
	go l.run(log)
	return slog.New(laterHandler{log.Handler(), l}), l
}

func (l *logs) run(log *slog.Logger) {
	defer close(l.done)
	for {
		select {
		case r := <-l.queue:
			_ = r.handler.Handle(r.ctx, r.record) // there is nobody to tell
			if n := l.dropped.Swap(0); n > 0 {
				log.Warn("log records were dropped: they are written too slowly", "count", n)
			}
		case <-l.stop:
			for len(l.queue) > 0 {
				r := <-l.queue
				_ = r.handler.Handle(r.ctx, r.record)
			}
			return
		}
	}
}

// close returns when what was logged before has been handled.
func (l *logs) close() {
	l.once.Do(func() { close(l.stop) })
	<-l.done
}

// laterHandler is a slog.Handler that queues what it is given.
type laterHandler struct {
	slog.Handler
	logs *logs
}

func (h laterHandler) Handle(ctx context.Context, r slog.Record) error {
	select {
	case h.logs.queue <- logged{ctx, r.Clone(), h.Handler}:
	default:
		h.logs.dropped.Add(1)
	}
	return nil
}

func (h laterHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return laterHandler{h.Handler.WithAttrs(attrs), h.logs}
}

func (h laterHandler) WithGroup(name string) slog.Handler {
	return laterHandler{h.Handler.WithGroup(name), h.logs}
}
