package source

import "github.com/lanyap/lanyap/mesh/share/internal/tree"

// recall asks the cache for the hashes of a file, the first time, and says
// whether it had them.
func (s *Source) recall(entry int) bool {
	pieces := s.m.PiecesOf(entry)
	cache := s.cache.Load()
	if cache == nil || s.disk == nil || pieces.Count < 2 {
		return false
	}
	s.mu.Lock()
	f := s.fileLocked(entry)
	asked := f.recalled
	f.recalled = true
	s.mu.Unlock()
	if asked {
		return false
	}
	info, err := s.disk.stat(entry)
	if err != nil {
		return false // whoever reads it will be told
	}
	hashes := cache.load(s.disk.where(entry), info)
	if hashes == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.unknown == 0 {
		return true // meanwhile all of it was read
	}
	known := s.hashes[pieces.First:pieces.End()]
	for i, h := range known {
		if h != (tree.Hash{}) && h != hashes[i] {
			return false // the cache is wrong, whyever
		}
	}
	copy(known, hashes)
	f.unknown, f.root = 0, tree.Root(hashes, s.m.FileSize(entry))
	return true
}

// keep puts the hashes of a file into the cache.
func (s *Source) keep(entry int, hashes []tree.Hash) {
	cache := s.cache.Load()
	if cache == nil || s.disk == nil {
		return
	}
	info, err := s.disk.stat(entry)
	if err != nil || s.since.Sub(info.ModTime()) < settled {
		return
	}
	cache.store(s.disk.where(entry), info, hashes)
}
