package mesh

// Shrink gives a node bounds that tests reach quickly: a log of 512 KiB, 64 KiB
// of it before Broadcast waits, 16 KiB in private, 128 KiB of events.
func (n *Node) Shrink() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limits = limits{log: 512 << 10, behind: 64 << 10, private: 16 << 10, queued: 128 << 10}
	n.events.mu.Lock()
	defer n.events.mu.Unlock()
	n.events.limit = n.limits.queued
}
