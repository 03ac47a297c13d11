package share

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// lingerFor is how long others are served at most by who has all.
const lingerFor = time.Hour

// needed reports whether another receiver is here that lacks something.
func (d *download) needed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut || d.s.ctx.Err() != nil {
		return false
	}
	for _, src := range d.sources {
		if !src.origin && src.has != nil && !src.has.Full() {
			return true
		}
	}
	return false
}

// linger serves the other receivers until they have all too.
func (d *download) linger() {
	deadline := time.NewTimer(lingerFor)
	defer deadline.Stop()
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for d.needed() {
		select {
		case <-ticker.C:
			continue
		case <-d.hurry:
		case <-deadline.C:
		case <-d.s.ctx.Done():
		}
		return
	}
}

// endStreams ends all streams that are left.
func (d *download) endStreams() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for _, src := range d.sources {
		src.sess.part(proto.Finished)
	}
}

// keepServing moves a download to those that only serve others.
func (s *Sharer) keepServing(d *download) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.downloads[d.key] == d {
		delete(s.downloads, d.key)
	}
	s.lingering[d.key] = d
}

func (s *Sharer) lingeringOf(key tree.Hash) *download {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lingering[key]
}

// forget is called when nothing is left of a download.
func (s *Sharer) forget(d *download) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, all := range []map[tree.Hash]*download{s.downloads, s.lingering} {
		if all[d.key] == d {
			delete(all, d.key)
		}
	}
}

// hasten ends the serving of a content that is fetched again.
func (s *Sharer) hasten(key tree.Hash) {
	s.mu.Lock()
	d := s.lingering[key]
	s.mu.Unlock()
	if d == nil {
		return
	}
	select {
	case d.hurry <- struct{}{}:
	default:
	}
	<-d.ended
}
