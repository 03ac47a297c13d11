//go:build unix && !linux

package discovery

// onlyJoined has nothing to do: only Linux delivers what others joined.
func onlyJoined(int, family) error { return nil }
