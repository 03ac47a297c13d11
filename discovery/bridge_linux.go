package discovery

import "os"

// bridgePort reports whether the interface is enslaved to a bridge: its
// packets are the bridge's, whatever addresses it has itself.
func bridgePort(name string) bool {
	_, err := os.Stat("/sys/class/net/" + name + "/brport")
	return err == nil
}
