package peer

import "net"

// Stream is a connection of bytes to a node that is or was linked: TLS 1.3 over
// TCP, with the certificate that hello has proven to be the instance's. It goes
// on when links end.
type Stream struct {
	HalfConn
	ID       ID
	Instance Instance
}

// HalfConn is a connection of which one direction may be ended: after CloseWrite
// the other side reads io.EOF. It may also have a method Abort(), which ends both,
// and has both sides read an error.
type HalfConn interface {
	net.Conn
	CloseWrite() error
}

// Abort ends a stream at once, with errors on both sides.
func (s *Stream) Abort() {
	if a, ok := s.HalfConn.(interface{ Abort() }); ok {
		a.Abort()
		return
	}
	_ = s.Close()
}
