//go:build !linux && !js

package discovery

// wildcardTaken is not known here.
func wildcardTaken() bool { return false }
