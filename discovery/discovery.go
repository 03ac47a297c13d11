package discovery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"sync"
)

// MaxAddrs is how many addresses of one instance are kept.
const MaxAddrs = 16

var (
	// ErrClosed is what everything returns after [LAN.Close].
	ErrClosed = errors.New("discovery: closed")

	// ErrPort is that of a program which holds the port of multicast DNS and
	// does not share it, as all of them have to (RFC 6762 section 15.1).
	ErrPort = errors.New("another program holds UDP port 5353 for itself")
)

// Service is what a node advertises.
type Service struct {
	Instance string // 16 lower-case hex digits, new at every start
	Room     string // room tag: 16 lower-case hex digits
	Port     uint16 // where it answers, on every usable interface
}

// check returns what is wrong with the service.
func (s Service) check() error {
	switch {
	case !isHex(s.Instance):
		return fmt.Errorf("discovery: announce: instance %q is not 16 lower-case hex digits", s.Instance)
	case !isHex(s.Room):
		return fmt.Errorf("discovery: announce: room tag %q is not 16 lower-case hex digits", s.Room)
	case s.Port == 0:
		return errors.New("discovery: announce: port 0")
	}
	return nil
}

// Instance is a sighting: somebody on the network says that a node answers
// there. It comes from an unauthenticated packet, so it is a hint where to dial.
type Instance struct {
	Instance string
	Room     string
	Addrs    []netip.AddrPort // link-local IPv6 with its zone; at most MaxAddrs
	Gone     bool             // it said goodbye; Addrs are the last known
}

// Config is what [Open] needs. The zero value works.
type Config struct {
	Interfaces []string     // names; none: every usable one
	Logger     *slog.Logger // nil: discard
}

// LAN is the view of the local network through its multicast sockets.
type LAN struct {
	log     *slog.Logger
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
