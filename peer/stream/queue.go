package stream

// smallest is the least that a piece of a queue has room for, so that a thousand
// frames of one byte take no more memory than a thousand bytes do.
const smallest = 4 << 10

// queue is bytes on their way, in order. It copies what it is given.
type queue struct {
	pieces [][]byte
	size   int
}

func (q *queue) put(p []byte) {
	q.size += len(p)
	if n := len(q.pieces); n > 0 {
		last := q.pieces[n-1]
		fits := min(len(p), cap(last)-len(last))
		q.pieces[n-1] = append(last, p[:fits]...)
		p = p[fits:]
	}
	for len(p) > 0 {
		n := min(len(p), maxData)
		q.pieces = append(q.pieces, append(make([]byte, 0, max(n, smallest)), p[:n]...))
		p = p[n:]
	}
}

// take moves bytes to p and returns how many.
func (q *queue) take(p []byte) int {
	n := 0
	for n < len(p) && len(q.pieces) > 0 {
		k := copy(p[n:], q.pieces[0])
		n += k
		q.drop(k)
	}
	return n
}

// drop forgets the first n bytes, which are in the first piece.
func (q *queue) drop(n int) {
	q.size -= n
	q.pieces[0] = q.pieces[0][n:]
	if len(q.pieces[0]) > 0 {
		return
	}
	q.pieces[0] = nil
	q.pieces = q.pieces[1:]
	if len(q.pieces) == 0 {
		q.pieces = nil
	}
}

func (q *queue) clear() { *q = queue{} }
