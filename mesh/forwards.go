package mesh

import (
	"sync"

	"github.com/lanyap/lanyap/peer"
)

// frameCost is what a frame takes beside its bytes.
const frameCost = 64

// forwards are the frames of others that wait for one link: a line for each
// neighbour that they came from, in its order, and the lines take turns. So who
// floods holds up no other.
type forwards struct {
	mu    sync.Mutex // guards what follows; taken before that of the burden
	lines map[peer.Instance][][]byte
	turns []peer.Instance // of the lines
	over  bool            // the link has ended
}

// burden counts what this node keeps of what others send through it, in bytes.
type burden struct {
	mu    sync.Mutex // guards what follows; taken last
	limit int
	size  int
	from  map[peer.Instance]int // the part of each neighbour
}

// take reports whether a neighbour may have so many more bytes kept. Each of
// the neighbours has an even share of the limit for certain, which is enough for
// its own tunnels (see spread). One that relays for others itself may need more,
// and has up to half of the limit while the whole is not used up.
func (b *burden) take(from peer.Instance, bytes, neighbours int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	has := b.from[from] + bytes
	if has > b.limit/max(neighbours, 1) && (has > b.limit/2 || b.size+bytes > b.limit) {
		return false
	}
	if b.from == nil {
		b.from = make(map[peer.Instance]int)
	}
	b.from[from] = has
	b.size += bytes
	return true
}

func (b *burden) drop(from peer.Instance, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size -= bytes
	if b.from[from] -= bytes; b.from[from] == 0 {
		delete(b.from, from)
	}
}

// push adds a frame that came from a neighbour; what is too much is lost, and
// so is the tunnel that it belonged to.
func (f *forwards) push(frame []byte, from peer.Instance, b *burden, neighbours int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over || !b.take(from, len(frame)+frameCost, neighbours) {
		return
	}
	if f.lines == nil {
		f.lines = make(map[peer.Instance][][]byte)
	}
	if len(f.lines[from]) == 0 {
		f.turns = append(f.turns, from)
	}
	f.lines[from] = append(f.lines[from], frame)
}

// fill appends frames to buf, up to a size of most bytes; one in any case if buf
// is empty.
func (f *forwards) fill(buf []byte, b *burden, most int) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.turns) > 0 {
		from := f.turns[0]
		frame := f.lines[from][0]
		if len(buf) > 0 && len(buf)+len(frame) > most {
			break
		}
		buf = append(buf, frame...)
		f.lines[from][0] = nil
		f.lines[from] = f.lines[from][1:]
		b.drop(from, len(frame)+frameCost)
		f.turns = f.turns[1:]
		if len(f.lines[from]) == 0 {
			delete(f.lines, from)
		} else {
			f.turns = append(f.turns, from)
		}
	}
	return buf
}

func (f *forwards) waiting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.turns) > 0
}

// end forgets what waits for a link that has ended.
func (f *forwards) end(b *burden) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for from, line := range f.lines {
		for _, frame := range line {
			b.drop(from, len(frame)+frameCost)
		}
	}
	f.lines, f.turns = nil, nil
}
