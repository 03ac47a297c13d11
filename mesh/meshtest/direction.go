package meshtest

import (
	"errors"
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// inFlight is how many bytes may be on their way in one direction before the
// sender has to wait, beside what its Pipe holds.
const inFlight = 1 << 20

// direction carries messages from one end of a link to the other.
type direction struct {
	link     *link
	from, to *peer.Conn
	target   *Host
	more     chan struct{} // holds a token when there may be something to deliver
	less     chan struct{} // holds a token when there may be room

	mu    sync.Mutex // guards what follows
	queue []parcel
	size  int
	ended bool  // nothing more will come
	cause error // why
}

type parcel struct {
	data []byte
	due  time.Time
}

func newDirection(k *link, from, to *peer.Conn, target *Host) *direction {
	return &direction{
		link: k, from: from, to: to, target: target,
		more: make(chan struct{}, 1), less: make(chan struct{}, 1),
	}
}

// collect takes in what one side writes.
func (d *direction) collect() {
	for {
		data, err := d.from.ReadMessage()
		if tap := d.link.lan.tapped(); tap != nil && err == nil {
			tap(d.source(), d.target, data)
		}
		d.put(parcel{data: data, due: time.Now().Add(d.link.delay())}, err)
		if err != nil {
			return
		}
		for d.full() {
			select {
			case <-d.less:
			case <-d.to.Done():
				return
			}
		}
	}
}

func (d *direction) source() *Host {
	if d.target == d.link.near.host {
		return d.link.far.host
	}
	return d.link.near.host
}

func (d *direction) put(p parcel, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.ended, d.cause = true, farewell(err)
	} else {
		d.queue = append(d.queue, p)
		d.size += len(p.data)
	}
	signal(d.more)
}

func (d *direction) full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.size >= inFlight
}

// deliver hands what was collected to the other side, when the path and its
// delay allow, and at last the end.
func (d *direction) deliver() {
	for {
		p, ended := d.take()
		switch {
		case ended && d.passable(time.Time{}):
			d.to.Close(d.cause)
			return
		case ended:
			return
		case p == nil:
			select {
			case <-d.more:
			case <-d.to.Done():
				return
			}
		case d.passable(p.due):
			_ = d.to.WriteMessage(p.data) // fails once the other side has closed; then nobody wants it
		}
	}
}

// take returns the next parcel, nil if there is none now.
func (d *direction) take() (p *parcel, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		return nil, d.ended
	}
	p = &d.queue[0]
	d.queue = d.queue[1:]
	d.size -= len(p.data)
	signal(d.less)
	return p, false
}

// passable waits until due, and until the path is open and the target takes
// things in. It returns false when the link is replaced or over.
func (d *direction) passable(due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-d.to.Done():
			return false
		}
	}
	for {
		ok, replaced, changed := d.link.look(d)
		if ok || replaced {
			return !replaced
		}
		select {
		case <-changed:
		case <-d.to.Done():
			return false
		}
	}
}

// farewell returns what the other end is closed with.
func farewell(err error) error {
	var closed *peer.CloseError
	if !errors.As(err, &closed) {
		return err
	}
	if closed.Reason == "" {
		return nil
	}
	return errors.New(closed.Reason)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
