package discovery

import (
	"slices"
	"sync"
)

// subscriber is one call of Browse. It holds the latest of each instance that
// was not taken yet, so it is as bounded as the cache.
type subscriber struct {
	wake chan struct{} // buffered: something may be there

	mu      sync.Mutex // guards order and pending
	order   []string
	pending map[string]Instance
}

// put adds or replaces; it never blocks.
func (s *subscriber) put(in Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.pending[in.Instance]; !there {
		if len(s.order) >= maxInstances {
			delete(s.pending, s.order[0])
			s.order = s.order[1:]
		}
		s.order = append(s.order, in.Instance)
	}
	s.pending[in.Instance] = in
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next takes the one that waited longest.
func (s *subscriber) next() (Instance, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return Instance{}, false
	}
	in := s.pending[s.order[0]]
	delete(s.pending, s.order[0])
	s.order = s.order[1:]
	// The consumer may keep or change it; the cache goes on using its own.
	in.Addrs = slices.Clone(in.Addrs)
	return in, true
}

// drop removes an instance that turned out to be ourselves.
func (s *subscriber) drop(instance string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, instance)
	s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == instance })
}
