package meshtest

import (
	"context"
	"iter"
	"net/netip"
	"sync"
	"time"

	"github.com/lanyap/lanyap/discovery"
)

// repeatEvery is how often a browser hears of everybody again, as on a network.
const repeatEvery = 20 * time.Second

// service is what a node advertises, or did.
type service struct {
	discovery.Service
	host *Host
	gone bool // it said goodbye
}

// view is the discovery of one node.
type view struct {
	host *Host
	done chan struct{}
	once sync.Once

	service *service // guarded by host.lan.mu
}

func newView(h *Host) *view { return &view{host: h, done: make(chan struct{})} }

// Announce implements [mesh.Discovery].
func (v *view) Announce(_ context.Context, self discovery.Service) error {
	lan := v.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	v.service = &service{Service: self, host: v.host}
	lan.services = append(lan.services, v.service)
	lan.announceLocked()
	return nil
}

// Browse implements [mesh.Discovery].
func (v *view) Browse(ctx context.Context) iter.Seq2[discovery.Instance, error] {
	return func(yield func(discovery.Instance, error) bool) {
		repeat := time.NewTicker(repeatEvery)
		defer repeat.Stop()
		known := make(map[*service]bool)
		for {
			news, changed := v.news(known)
			for _, s := range news {
				if !yield(s, nil) {
					return
				}
			}
			select {
			case <-changed:
			case <-repeat.C:
				clear(known)
			case <-v.done:
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// news returns what has come and gone since the last call.
func (v *view) news(known map[*service]bool) ([]discovery.Instance, <-chan struct{}) {
	lan := v.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	var out []discovery.Instance
	for _, s := range lan.services {
		if s == v.service {
			continue
		}
		if !lan.multicast || !lan.openLocked(v.host, s.host) {
			delete(known, s) // it will be heard of again
			continue
		}
		if s.gone != known[s] {
			continue // nothing new: here and known, or gone and not
		}
		out = append(out, s.seen())
		if s.gone {
			delete(known, s)
		} else {
			known[s] = true
		}
	}
	return out, lan.changed
}

func (s *service) seen() discovery.Instance {
	return discovery.Instance{
		Instance: s.Instance,
		Room:     s.Room,
		Addrs:    []netip.AddrPort{netip.AddrPortFrom(s.host.addr, s.Port)},
		Gone:     s.gone,
	}
}

// Close implements [mesh.Discovery].
func (v *view) Close() error {
	v.once.Do(func() {
		close(v.done)
		lan := v.host.lan
		lan.mu.Lock()
		defer lan.mu.Unlock()
		if v.service != nil {
			v.service.gone = true
			lan.announceLocked()
		}
	})
	return nil
}
