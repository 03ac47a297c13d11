//go:build !linux

package discovery

// wildcardTaken is not known here.
func wildcardTaken() bool { return false }
