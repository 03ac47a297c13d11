//go:build !js

package mesh

import (
	"errors"
	"net/http"
)

// Handle has h answer what else is asked of the node's port by HTTP, such as for the
// page that it serves; nil ends that. See [peer.Transport.Handle] for which requests
// these are, and what bounds them. [errors.ErrUnsupported] says that the node's
// network has no HTTP (see [Network]).
func (n *Node) Handle(h http.Handler) error {
	t, ok := n.transport.(interface{ Handle(http.Handler) })
	if !ok {
		return errors.ErrUnsupported
	}
	t.Handle(h)
	return nil
}
