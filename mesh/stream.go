package mesh

import (
	"sort"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// entryCost is what an entry takes beside its frame.
const entryCost = 256

// stream is what this node said, to all or to one member, as far as somebody
// may still need it: frames as they go on the wire, numbered without holes.
// Every link has a cursor into it, and none a copy.
type stream struct {
	kind    byte          // wire.Broadcast or wire.Private
	sending chan struct{} // holds a token while somebody is adding: sequence, signature and order are one
	first   uint64        // sequence of entries[0]
	entries []entry
	dropped int64  // size of all that was ever trimmed
	total   int64  // size of all that was ever added
	last    uint64 // digest of the last that was ever added; 0: none
}

type entry struct {
	frame   []byte
	end     int64 // the stream's total when this had been added
	receipt *Receipt
}

func newStream(kind byte) *stream {
	return &stream{kind: kind, sending: make(chan struct{}, 1), first: 1}
}

// next is the sequence of the message that is added next.
func (s *stream) next() uint64 { return s.first + uint64(len(s.entries)) }

// add adds a frame with a message of that digest.
func (s *stream) add(frame []byte, digest uint64, r *Receipt) {
	s.last = digest
	s.total += int64(len(frame)) + entryCost
	s.entries = append(s.entries, entry{frame: frame, end: s.total, receipt: r})
}

// size is how many bytes are held.
func (s *stream) size() int64 { return s.total - s.dropped }

// behind is how many bytes somebody who waits for seq has yet to get.
func (s *stream) behind(seq uint64) int64 {
	if seq <= s.first {
		return s.size()
	}
	return s.total - s.entries[seq-s.first-1].end
}

// span returns the entries from..to-1, as far as they are held.
func (s *stream) span(from, to uint64) []entry {
	from, to = max(from, s.first), min(to, s.next())
	if from >= to {
		return nil
	}
	return s.entries[from-s.first : to-s.first]
}

// trim forgets all before seq, which is at most next.
func (s *stream) trim(seq uint64) {
	if seq <= s.first {
		return
	}
	n := int(seq - s.first)
	s.dropped = s.entries[n-1].end
	clear(s.entries[:n])
	s.entries = s.entries[n:]
	s.first = seq
	if len(s.entries) == 0 && cap(s.entries) > 64 {
		s.entries = nil
	}
}

// skip makes seq the next of a stream that nothing was ever said in. It reports
// false for others.
func (s *stream) skip(seq uint64) bool {
	if s.total > 0 || seq < s.first {
		return false
	}
	s.first = seq
	return true
}

// overflow returns the sequence before which the stream has to be trimmed to
// hold no more than limit bytes.
func (s *stream) overflow(limit int64) uint64 {
	excess := s.size() - limit
	if excess <= 0 {
		return s.first
	}
	n := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].end-s.dropped >= excess })
	return s.first + uint64(n) + 1
}

// batchSize is up to how much one link message gathers. Small frames cost a
// link far more one by one; a batch must not keep what follows waiting for long.
const batchSize = 16 << 10

// fill appends frames from cursor on, and before end, to buf while they fit a
// batch, and returns the cursor that follows. What was trimmed is told of in a gap frame.
func (s *stream) fill(buf []byte, cursor, end uint64) ([]byte, uint64) {
	if cursor < s.first {
		buf = wire.AppendGap(buf, wire.Gap{Stream: s.kind, From: cursor, To: s.first - 1})
		cursor = s.first
	}
	for _, e := range s.span(cursor, end) {
		if len(buf) > 0 && len(buf)+len(e.frame) > batchSize {
			break
		}
		buf = append(buf, e.frame...)
		cursor++
	}
	return buf, cursor
}
