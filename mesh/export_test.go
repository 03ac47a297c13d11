package mesh

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

// SetSecret gives a node a secret that was made of a passphrase before.
func SetSecret(cfg *Config, s peer.Secret) { cfg.secret = s }

// SetWall gives a node another wall clock than this machine's.
func SetWall(cfg *Config, wall func() time.Time) { cfg.wall = wall }

// Shrink gives a node bounds that tests reach quickly: a log of 512 KiB, 64 KiB
// of it before Broadcast waits, 16 KiB in private, 128 KiB of events, 256 KiB of history.
func (n *Node) Shrink() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limits = limits{log: 512 << 10, behind: 64 << 10, private: 16 << 10, queued: 128 << 10, history: 256 << 10}
	n.archive.healingBytes, n.archive.historyBytes = n.limits.log, n.limits.history
	for _, t := range n.topics {
		t.events.mu.Lock()
		t.events.limit = n.limits.queued
		t.events.mu.Unlock()
	}
}

// Forget has a node keep little of what others say, where a test has many nodes
// in one process.
func (n *Node) Forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.archive.healingBytes, n.archive.historyBytes = 512<<10, 256<<10
}

// AvoidTCP has a member dialed over TCP last.
func (n *Node) AvoidTCP(m Member) { n.avoidTCP(m) }
