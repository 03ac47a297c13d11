//go:build !linux

package hosts

import "testing"

func TestHosts(t *testing.T) {
	t.Skip("no lab: hosts are Linux network namespaces")
}
