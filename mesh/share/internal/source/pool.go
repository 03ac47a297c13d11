package source

import (
	"io"
	"sync"
)

// pool keeps what was opened, each under a number, for those who want it again:
// at most max that nobody uses.
type pool[V io.Closer] struct {
	max int

	mu    sync.Mutex // guards all below, and what is in the entries
	open  map[int]*opened[V]
	clock int64
}

// opened is something open.
type opened[V io.Closer] struct {
	value V
	users int
	last  int64 // by the pool's clock, when it was asked for
	gone  bool  // from the pool: the last user closes it
}

// take returns what is open under a number, or opens it. It must be given back.
func (p *pool[V]) take(number int, open func() (V, error)) (*opened[V], error) {
	if o := p.find(number); o != nil {
		return o, nil
	}
	value, err := open()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = map[int]*opened[V]{}
	}
	o := &opened[V]{value: value, users: 1}
	if _, taken := p.open[number]; taken {
		o.gone = true // somebody else was faster; this one is for us alone
		return o, nil
	}
	p.clock++
	o.last = p.clock
	p.open[number] = o
	return o, nil
}

func (p *pool[V]) find(number int) *opened[V] {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.open[number]
	if o != nil {
		p.clock++
		o.users, o.last = o.users+1, p.clock
	}
	return o
}

// give gives back what was taken.
func (p *pool[V]) give(o *opened[V]) {
	p.mu.Lock()
	o.users--
	surplus := p.surplusLocked()
	if o.gone && o.users == 0 {
		surplus = append(surplus, o)
	}
	p.mu.Unlock()
	for _, o := range surplus {
		o.value.Close()
	}
}

// surplusLocked takes out the longest unused as long as there are too many.
func (p *pool[V]) surplusLocked() (out []*opened[V]) {
	for len(p.open) > p.max {
		oldest := -1
		for number, o := range p.open {
			if o.users == 0 && (oldest < 0 || o.last < p.open[oldest].last) {
				oldest = number
			}
		}
		if oldest < 0 {
			break // all are in use
		}
		out = append(out, p.open[oldest])
		delete(p.open, oldest)
	}
	return out
}

// close closes everything, what is in use once it is given back. The pool can be
// used on.
func (p *pool[V]) close() {
	p.mu.Lock()
	var idle []*opened[V]
	for _, o := range p.open {
		o.gone = true
		if o.users == 0 {
			idle = append(idle, o)
		}
	}
	clear(p.open)
	p.mu.Unlock()
	for _, o := range idle {
		o.value.Close()
	}
}
