package discovery

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/lanyap/lanyap/peer/logger"
)

// MaxAddrs is how many addresses of one instance are kept.
const MaxAddrs = 16

// ErrClosed is what everything returns once a LAN is closed.
var ErrClosed = errors.New("discovery: closed")

// Service is what a node advertises.
type Service struct {
	Instance string // 16 lower-case hex digits, new at every start
	Room     string // room tag: 16 lower-case hex digits
	Port     uint16 // where it answers, on every usable interface
}

// check returns what is wrong with the service.
func (s Service) check() error {
	switch {
	case !isHex(s.Instance):
		return fmt.Errorf("discovery: announce: instance %q is not 16 lower-case hex digits", s.Instance)
	case !isHex(s.Room):
		return fmt.Errorf("discovery: announce: room tag %q is not 16 lower-case hex digits", s.Room)
	case s.Port == 0:
		return errors.New("discovery: announce: port 0")
	}
	return nil
}

// Instance is a sighting: somebody on the network says that a node answers
// there. It comes from an unauthenticated packet, so it is a hint where to dial.
type Instance struct {
	Instance string
	Room     string
	Addrs    []netip.AddrPort // link-local IPv6 with its zone; at most MaxAddrs
	Gone     bool             // it said goodbye; Addrs are the last known
}

// Config is what [Open] needs. The zero value works.
type Config struct {
	Interfaces []string       // names; none: every usable one
	Logger     *logger.Logger // a *slog.Logger; nil: discard
}
