package meshtest

import (
	"net/netip"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Host is one machine on a [LAN]. It is a [mesh.Network]: nodes that join with
// it live there. Several may.
type Host struct {
	lan    *LAN
	name   string
	number int
	addr   netip.Addr

	// Guarded by lan.mu.
	cut        bool
	held       bool
	firewalled bool
	nodes      []*transport
}

var _ mesh.Network = (*Host)(nil)

// Name returns the name the host was asked for by.
func (h *Host) Name() string { return h.name }

// Addr returns the host's address. Nodes take the ports from 7475 on.
func (h *Host) Addr() netip.Addr { return h.addr }

// Cut pulls the host's cable: see [LAN.Cut], with every other host. Nodes on
// the same host still reach each other.
func (h *Host) Cut() { h.setCut(true) }

// Heal puts the cable back in. Paths that were cut one by one stay cut.
func (h *Host) Heal() { h.setCut(false) }

func (h *Host) setCut(cut bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.cut = cut
	h.lan.cutChangedLocked()
}

// Hold stops the host from taking in what links bring, as a machine that is
// too busy does: its links live, and whoever sends to it has to wait.
func (h *Host) Hold() { h.setHeld(true) }

// Release ends a Hold.
func (h *Host) Release() { h.setHeld(false) }

func (h *Host) setHeld(held bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.held = held
	h.lan.announceLocked()
}

// SetFirewall keeps others from dialing the host, or lets them again. The host
// itself may still dial.
func (h *Host) SetFirewall(on bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.firewalled = on
}

// Kill ends all nodes on the host as a crash does: no goodbye, neither on
// links nor in discovery. The others see their links end at once, unless they
// are cut off from it. The nodes have to be closed all the same. New nodes may
// join with the host afterwards.
func (h *Host) Kill() {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	for _, t := range h.nodes {
		t.killLocked()
	}
	h.nodes = nil
	h.lan.announceLocked()
}

// Listen implements [mesh.Network].
func (h *Host) Listen(cfg peer.Config) (mesh.Transport, error) {
	t, err := h.open(cfg, nil)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Discover implements [mesh.Network].
func (h *Host) Discover(discovery.Config) (mesh.Discovery, error) {
	return newView(h), nil
}
