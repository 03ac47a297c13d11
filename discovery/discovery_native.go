//go:build !js

package discovery

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer/logger"
)

// ErrPort is that of a program which holds the port of multicast DNS and
// does not share it, as all of them have to (RFC 6762 section 15.1).
var ErrPort = errors.New("another program holds UDP port 5353 for itself")

// LAN is the view of the local network through its multicast sockets.
type LAN struct {
	log     *logger.Logger
	network network

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	packets   chan packet
	changes   chan []Interface
	announces chan announceRequest

	mu          sync.Mutex // guards known, subscribers and trouble
	trouble     error
	known       *cache
	subscribers map[*subscriber]struct{}

	floods floodGate
}

type announceRequest struct {
	self Service
	done chan struct{} // closed when the first announcement is out
}

// Open joins the multicast groups on every usable interface and asks who is
// there. Where there is no usable interface yet it succeeds as well and joins
// when one comes. A name in cfg.Interfaces that does not exist is an error.
func Open(cfg Config) (*LAN, error) {
	ifaces, err := Interfaces(cfg.Interfaces)
	if err != nil {
		return nil, err
	}
	return open(cfg, system(cfg.Interfaces), ifaces), nil
}

// Announce advertises self and returns when the first announcement is out. It
// stays advertised until Close. On a machine without a usable interface it
// returns at once, and the announcement goes out when one comes. A second
// call replaces what was advertised.
func (l *LAN) Announce(ctx context.Context, self Service) error {
	if err := self.check(); err != nil {
		return err
	}
	request := announceRequest{self, make(chan struct{})}
	select {
	case l.announces <- request:
	case <-l.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-request.done:
		return nil
	case <-l.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Browse yields sightings until ctx is done: first everyone known, then who is
// new, has changed, said goodbye, or was heard of again (at most every 20 s).
// Repeats are to be expected; what this LAN announces itself is not among
// them. Several may browse at once. A slow consumer finds only the latest of
// each instance. The only error is [ErrClosed], which is the last.
func (l *LAN) Browse(ctx context.Context) iter.Seq2[Instance, error] {
	return func(yield func(Instance, error) bool) {
		s, ok := l.subscribe()
		if !ok {
			yield(Instance{}, ErrClosed)
			return
		}
		defer l.unsubscribe(s)
		for {
			in, ok := s.next()
			if ok && ctx.Err() == nil {
				if !yield(in, nil) {
					return
				}
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-l.ctx.Done():
				yield(Instance{}, ErrClosed)
				return
			case <-s.wake:
			}
		}
	}
}

// subscribe adds a subscriber that starts with everyone known; false when the
// LAN is closed.
func (l *LAN) subscribe() (*subscriber, bool) {
	s := &subscriber{wake: make(chan struct{}, 1), pending: make(map[string]Instance)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, false
	}
	l.known.expire(time.Now())
	for _, in := range l.known.all() {
		s.put(in)
	}
	l.subscribers[s] = struct{}{}
	return s, true
}

func (l *LAN) unsubscribe(s *subscriber) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.subscribers, s)
}

// tellLocked hands a sighting to everyone who browses.
func (l *LAN) tellLocked(in Instance) {
	for s := range l.subscribers {
		s.put(in)
	}
}

// Err returns why multicast DNS works on no interface in no version of IP, so
// that nobody is found and nobody finds us; nil where it works on one, or where
// there is none to use yet. It is tried again all the time. An error may be
// [ErrPort].
func (l *LAN) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

// Close says goodbye for what was announced, closes the sockets and waits for
// every goroutine of this package. It can take a tenth of a second.
func (l *LAN) Close() error {
	l.cancel()
	l.work.Wait()
	return nil
}
