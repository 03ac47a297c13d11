//go:build !linux

package discovery

func newNotifier() notifier { return newPoller() }
