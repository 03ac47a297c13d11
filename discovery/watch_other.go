//go:build !linux && !js

package discovery

func newNotifier() notifier { return newPoller() }
