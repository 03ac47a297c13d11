package mesh

import (
	"context"
	"iter"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/peer"
)

// machine is the Network of a page: links to the node that served it and, by
// offers that members carry, to everybody else. It discovers nobody.
type machine struct {
	interfaces []string // a page sees none
}

func (machine) Listen(cfg peer.Config) (Transport, error) { return peer.Listen(cfg) }

func (machine) Discover(discovery.Config) (Discovery, error) {
	return &nobody{closed: make(chan struct{})}, nil
}

var (
	_ offerer  = (*peer.Transport)(nil)
	_ answerer = (*peer.Transport)(nil)
	_ fleeting = (*peer.Transport)(nil)
)

// nobody is a Discovery that finds none.
type nobody struct{ closed chan struct{} }

func (*nobody) Announce(context.Context, discovery.Service) error { return nil }

func (d *nobody) Browse(ctx context.Context) iter.Seq2[discovery.Instance, error] {
	return func(yield func(discovery.Instance, error) bool) {
		select {
		case <-ctx.Done():
		case <-d.closed:
			yield(discovery.Instance{}, discovery.ErrClosed)
		}
	}
}

// Close is called once.
func (d *nobody) Close() error {
	close(d.closed)
	return nil
}
