package picker

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// node is an origin or a receiver in a network.
type node struct {
	*network
	name             Holder
	up, down         float64 // bytes a second
	upload, download load
	picker           *Picker // nil: the origin
	has              *bits.Set
	streams          map[*node]*stream

	gone, lies, mute bool
	joined, done     time.Duration
	sent             int64 // bytes of pieces
	doubles          int64 // bytes that came though they were here
	banned           []*node
	slow             float64    // so many times as slow as the others; 0: one
	news             []bits.Run // had and not announced yet
}

func (n *network) add(up, down float64) *node {
	v := &node{network: n, up: up, down: down, streams: make(map[*node]*stream), joined: -1, done: -1}
	for i := range v.name {
		v.name[i] = byte(n.random.Uint32())
	}
	n.nodes = append(n.nodes, v)
	if len(n.nodes) == 1 {
		v.has = bits.Full(n.pieces)
		v.joined, v.done = 0, 0
		return v
	}
	v.has = bits.New(n.pieces)
	v.picker = New(Config{
		Self:    v.name,
		Pieces:  n.pieces,
		Offset:  n.offset,
		Need:    bits.Full(n.pieces),
		Several: true,
		Seed:    n.random.Uint64(),
	})
	return v
}

// join makes v known to those who are there, and them to v.
func (v *node) join() {
	v.joined = v.now
	for _, w := range v.nodes {
		if w != v && w.joined >= 0 && !w.gone {
			v.meet(w)
		}
	}
	v.tick()
}

func (v *node) meet(w *node) {
	n := v.network
	wHas, vHas := w.has.Clone(), v.has.Clone()
	if w.lies {
		wHas = nil
	}
	n.send(w, v, func() {
		v.picker.Joined(n.time(), w.name, wHas, w.picker == nil)
		v.pump()
	})
	if w.picker == nil {
		return
	}
	n.send(v, w, func() {
		w.picker.Joined(n.time(), v.name, vHas, false)
		w.pump()
	})
}

func (v *node) tick() {
	if v.gone || v.picker.Done() {
		return
	}
	v.pump()
	v.at(v.now+250*time.Millisecond, v.tick)
}

// others are the receivers that v knows.
func (v *node) others() []*node {
	var others []*node
	for _, w := range v.nodes {
		if w != v && w.picker != nil && w.joined >= 0 && !w.gone && !slices.Contains(v.banned, w) && !slices.Contains(w.banned, v) {
			others = append(others, w)
		}
	}
	return others
}

func (v *node) pump() {
	for {
		r, ok := v.picker.Next(v.time())
		if !ok {
			break
		}
		w := v.find(r.Holder)
		v.send(v, w, func() { w.get(v, r.Run) })
		if !r.Announce {
			continue
		}
		for _, other := range v.others() {
			v.send(v, other, func() { other.picker.Fetching(v.time(), v.name, r.Run, true) })
		}
	}
	for {
		r, ok := v.picker.Cancelled()
		if !ok {
			return
		}
		w := v.find(r.Holder)
		v.send(v, w, func() { v.dequeue(v.stream(w, v), r.Run) })
	}
}

func (n *network) find(name Holder) *node {
	for _, v := range n.nodes {
		if v.name == name {
			return v
		}
	}
	return nil
}

// get is what v does when w asks it.
func (v *node) get(w *node, r bits.Run) {
	if v.mute {
		return
	}
	if !v.lies && v.has.CountRun(r) < r.Count {
		v.send(v, w, func() {
			w.picker.Failed(v.time(), v.name, r)
			w.pump()
		})
		return
	}
	v.enqueue(v.stream(v, w), r)
}

// piece is what v does with what w sent.
func (v *node) piece(w *node, i int) {
	if v.gone {
		return
	}
	if w.lies {
		v.picker.Lied(v.time(), w.name)
		v.banned = append(v.banned, w)
		v.close(v, w)
		w.left(v)
		v.pump()
		return
	}
	if !v.picker.Got(v.time(), w.name, i) {
		v.doubles += v.size(i)
		v.pump()
		return
	}
	v.has.Add(i)
	v.announce(i)
	if v.picker.Done() && v.done < 0 {
		v.done = v.now
	}
	v.pump()
}

// announce tells the others of a piece, and of those that come in the next
// moments with it.
func (v *node) announce(i int) {
	if n := len(v.news); n > 0 && v.news[n-1].End() == i {
		v.news[n-1].Count++
		return
	}
	v.news = append(v.news, bits.Run{First: i, Count: 1})
	if len(v.news) > 1 {
		return
	}
	v.at(v.now+5*time.Millisecond, func() {
		for _, other := range v.others() {
			news := v.news
			v.send(v, other, func() {
				for _, r := range news {
					other.picker.Has(v.time(), v.name, r)
				}
				other.pump()
			})
		}
		v.news = nil
	})
}

// left is what v does when w is gone.
func (v *node) left(w *node) {
	if v.picker == nil || v.gone {
		return
	}
	v.picker.Left(v.time(), w.name)
	v.pump()
}

// leave ends v; the others see it after a while.
func (v *node) leave(seen time.Duration) {
	v.gone = true
	for _, w := range v.nodes {
		if w == v || w.joined < 0 {
			continue
		}
		v.close(v, w)
		v.at(v.now+time.Duration(v.random.Float64()*float64(seen)), func() { w.left(v) })
	}
}

// back makes v known again to those who are there.
func (v *node) back() {
	v.gone = false
	for _, w := range v.nodes {
		if w != v && w.joined >= 0 && !w.gone {
			w.meet(v)
		}
	}
}
