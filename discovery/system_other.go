//go:build !linux && !js

package discovery

// withoutNetlink is for Linux.
func withoutNetlink() ([]systemInterface, bool) { return nil, false }
