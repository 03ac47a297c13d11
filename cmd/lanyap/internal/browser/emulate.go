//go:build linux

package browser

import "time"

// Size gives the page a window of that many CSS pixels.
func (tab *Tab) Size(width, height int) {
	tab.b.t.Helper()
	tab.call("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// Phone makes the tab that of a phone: small, two or three dots to the pixel,
// and touched with a finger.
func (tab *Tab) Phone() {
	tab.b.t.Helper()
	tab.call("Emulation.setDeviceMetricsOverride", object{"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": true}, nil)
	tab.call("Emulation.setTouchEmulationEnabled", object{"enabled": true}, nil)
}

// Dark tells the page that the system prefers dark colours, or light ones.
func (tab *Tab) Dark(dark bool) {
	tab.b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	tab.call("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Slow gives the page a processor that is so many times slower; 1 is the one
// there is.
func (tab *Tab) Slow(times float64) {
	tab.b.t.Helper()
	tab.call("Emulation.setCPUThrottlingRate", object{"rate": times}, nil)
}

// Throttle limits what the page gets and sends over HTTP, in bits a second, and
// delays answers. It does not concern WebRTC.
func (tab *Tab) Throttle(bits int, latency time.Duration) {
	tab.b.t.Helper()
	tab.call("Network.enable", nil, nil)
	tab.call("Network.emulateNetworkConditions", object{
		"offline": false, "latency": float64(latency) / float64(time.Millisecond),
		"downloadThroughput": bits / 8, "uploadThroughput": bits / 8,
	}, nil)
}

// ClearCache empties what the browser keeps of what it has loaded and compiled.
func (b *Browser) ClearCache() {
	b.t.Helper()
	tab := b.Window()
	tab.call("Network.enable", nil, nil)
	tab.call("Network.clearBrowserCache", nil, nil)
	tab.Close()
}

// BlockURLs keeps the page from loading what matches one of these patterns, in
// which * stands for anything.
func (tab *Tab) BlockURLs(patterns ...string) {
	tab.b.t.Helper()
	tab.call("Network.enable", nil, nil)
	tab.call("Network.setBlockedURLs", object{"urls": patterns}, nil)
}

// NoScript turns JavaScript off for documents that are loaded from now on. Eval
// and what waits do work.
func (tab *Tab) NoScript() {
	tab.b.t.Helper()
	tab.call("Emulation.setScriptExecutionDisabled", object{"value": true}, nil)
}

// Front brings the tab in front of the others of its window, which are hidden
// then.
func (tab *Tab) Front() {
	tab.b.t.Helper()
	tab.call("Page.bringToFront", nil, nil)
	tab.Wait("!document.hidden")
}

// Freeze has the tab stand still, as a browser does with one that was not looked
// at for long, or go on.
func (tab *Tab) Freeze(frozen bool) {
	tab.b.t.Helper()
	state := "active"
	if frozen {
		state = "frozen"
	}
	tab.call("Page.setWebLifecycleState", object{"state": state}, nil)
}
