package mesh

// store keeps the history on disk.
type store struct{}

func (s *store) add(record []byte, it *item) {}
