package source

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// thing counts how many of it are open.
type thing struct {
	open *atomic.Int32
	shut atomic.Bool
}

func (c *thing) Close() error {
	if c.shut.Swap(true) {
		panic("closed twice")
	}
	c.open.Add(-1)
	return nil
}

func opener(open *atomic.Int32) func() (*thing, error) {
	return func() (*thing, error) {
		open.Add(1)
		return &thing{open: open}, nil
	}
}

func TestPool(t *testing.T) {
	var open atomic.Int32
	p := pool[*thing]{max: 3}
	take := func(number int) *opened[*thing] {
		o, err := p.take(number, opener(&open))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	for n := range 10 {
		p.give(take(n))
	}
	if got := open.Load(); got != 3 {
		t.Errorf("%d are open, want 3", got)
	}
	p.give(take(7)) // the longest unused is 8 now
	first := take(20)
	p.give(take(7))
	p.give(first)
	if got := open.Load(); got != 3 {
		t.Errorf("%d are open, want 3", got)
	}
	if p.find(8) != nil || p.find(7) == nil {
		t.Error("another than the longest unused was closed")
	}
	p.give(p.open[7])

	held := []*opened[*thing]{take(30), take(31), take(32), take(33), take(33)}
	if got := open.Load(); got < 4 {
		t.Errorf("%d are open, 4 are in use", got)
	}
	p.close()
	if got := open.Load(); got != 4 {
		t.Errorf("%d are open, want the 4 in use", got)
	}
	for _, o := range held {
		if o.value.shut.Load() {
			t.Error("closed while in use")
		}
		p.give(o)
	}
	if got := open.Load(); got != 0 {
		t.Errorf("%d are open", got)
	}
	p.give(take(1))
	if got := open.Load(); got != 1 {
		t.Errorf("%d are open after close, want 1", got)
	}
}

func TestPoolOfWhatDoesNotOpen(t *testing.T) {
	p := pool[*thing]{max: 3}
	broken := errors.New("broken")
	if _, err := p.take(1, func() (*thing, error) { return nil, broken }); err != broken {
		t.Errorf("error is %v", err)
	}
	if len(p.open) != 0 {
		t.Error("it is in the pool")
	}
}

func TestPoolUsedByMany(t *testing.T) {
	var open atomic.Int32
	p := pool[*thing]{max: 4}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				o, _ := p.take((i*7+g)%10, opener(&open))
				if o.value.shut.Load() {
					t.Error("closed while in use")
				}
				if i%97 == 0 {
					p.close()
				}
				p.give(o)
			}
		})
	}
	wg.Wait()
	p.close()
	if got := open.Load(); got != 0 {
		t.Errorf("%d are open", got)
	}
}
