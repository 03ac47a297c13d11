package mesh

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// lookup fails: a page cannot look names up.
func lookup(_ context.Context, host string) ([]netip.Addr, error) {
	return nil, fmt.Errorf("mesh: peer %q: looking a name up: %w in a browser", host, errors.ErrUnsupported)
}
