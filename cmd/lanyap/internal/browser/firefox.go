//go:build linux

package browser

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Firefox is a Firefox that runs, with one tab.
type Firefox struct {
	*process
	wire *marionette
	url  string // that it was last sent to
}

// preferences have Firefox ask nobody for anything, and no name be looked up.
const preferences = `
user_pref("marionette.port", 0);
user_pref("remote.prefs.recommended", true);
user_pref("network.proxy.type", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disabled", true);
user_pref("network.prefetch-next", false);
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.startup.page", 0);
user_pref("browser.aboutConfig.showWarning", false);
user_pref("browser.topsites.contile.enabled", false);
user_pref("browser.region.network.url", "");
user_pref("browser.region.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.push.connection.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.server", "data:,");
user_pref("dom.disable_open_during_load", false);
`

// StartFirefox starts a Firefox, which is ended with the test.
func StartFirefox(t testing.TB, cfg Config) *Firefox {
	t.Helper()
	Need(t, "firefox-esr")
	f := &Firefox{process: newProcess(t)}
	f.write("user.js", preferences+fmt.Sprintf("user_pref(\"browser.download.folderList\", 2);\nuser_pref(\"browser.download.dir\", %q);\n", f.DownloadDir()))
	args := []string{"--headless", "--no-remote", "--marionette", "--profile", f.dir}
	f.start(cfg.On, nil, "firefox-esr", append(args, cfg.Args...)...)
	dial := net.Dial
	if cfg.On != nil {
		dial = cfg.On.Dial
	}
	f.wire = f.connect(dial)
	f.call("WebDriver:NewSession", object{"capabilities": object{"alwaysMatch": object{"pageLoadStrategy": "none"}}}, nil)
	f.call("WebDriver:SetTimeouts", object{"script": patience.Milliseconds()}, nil)
	return f
}

// connect waits until the browser says on which port it listens, which it does in
// a file of its profile.
func (f *Firefox) connect(dial func(network, address string) (net.Conn, error)) *marionette {
	f.t.Helper()
	var err error
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var port []byte
		if port, err = os.ReadFile(filepath.Join(f.dir, "MarionetteActivePort")); err != nil || len(port) == 0 {
			continue
		}
		var conn net.Conn
		if conn, err = dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(port))); err == nil {
			f.t.Cleanup(func() { conn.Close() })
			var wire *marionette
			if wire, err = newMarionette(conn); err == nil {
				return wire
			}
		}
	}
	f.t.Fatalf("browser: Firefox does not listen: %v", err)
	return nil
}

func (f *Firefox) call(command string, params, result any) {
	f.t.Helper()
	if err := f.wire.call(command, params, result); err != nil {
		f.t.Fatal(err)
	}
}

// Go sends the tab to an address.
func (f *Firefox) Go(url string) {
	f.t.Helper()
	f.url = url
	f.call("WebDriver:Navigate", object{"url": url}, nil)
}

// Reload loads the page once more.
func (f *Firefox) Reload() { f.t.Helper(); f.call("WebDriver:Refresh", nil, nil) }

// Eval evaluates an expression in the page, waits for the promise that it may be,
// and reads what comes of it into result, if that is not nil.
func (f *Firefox) Eval(js string, result any) {
	f.t.Helper()
	if err := f.TryEval(js, result); err != nil {
		f.t.Fatal(err)
	}
}

// TryEval is [Firefox.Eval] of what may throw.
func (f *Firefox) TryEval(js string, result any) error {
	var r struct{ Value json.RawMessage }
	// Without a sandbox of its own the script sees what the page has defined.
	err := f.wire.call("WebDriver:ExecuteScript", object{"script": "return " + js, "args": []any{}, "sandbox": nil}, &r)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(r.Value, result)
}

// Until waits until an expression is true in the page, and reports whether that
// was within d. What throws is not true.
func (f *Firefox) Until(d time.Duration, js string) bool {
	for end := time.Now().Add(d); time.Now().Before(end); {
		var held bool
		if err := f.TryEval(fmt.Sprintf(looking, js), &held); err == nil && held {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// Wait is Until, and ends the test if the expression does not come to be true.
func (f *Firefox) Wait(js string) {
	f.t.Helper()
	if !f.Until(patience, js) {
		f.t.Fatalf("browser: %s: after %v still not: %s", f.url, patience, js)
	}
}

// elementKey names an element of the page (WebDriver, section 12.2).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// find returns the reference of an element, once there is one.
func (f *Firefox) find(selector string) string {
	f.t.Helper()
	f.Wait(fmt.Sprintf("document.querySelector(%q)", selector))
	var found struct{ Value map[string]string }
	f.call("WebDriver:FindElement", object{"using": "css selector", "value": selector}, &found)
	return found.Value[elementKey]
}

// Click presses the left button on an element.
func (f *Firefox) Click(selector string) {
	f.t.Helper()
	f.call("WebDriver:ElementClick", object{"id": f.find(selector)}, nil)
}

// enter is the Enter key (WebDriver, section 17.4.2).
const enter = "\ue007"

// Type types a text into an element, key by key. "\n" is the Enter key.
func (f *Firefox) Type(selector, text string) {
	f.t.Helper()
	text = strings.ReplaceAll(text, "\n", enter)
	f.call("WebDriver:ElementSendKeys", object{"id": f.find(selector), "text": text}, nil)
}

// Choose gives files to an input element of type file, as the dialog does that a
// click on it opens.
func (f *Firefox) Choose(selector string, paths ...string) {
	f.t.Helper()
	f.call("WebDriver:ElementSendKeys", object{"id": f.find(selector), "text": strings.Join(paths, "\n")}, nil)
}

// DownloadDir is where files go that pages download. It is removed with the browser.
func (f *Firefox) DownloadDir() string { return filepath.Join(f.dir, "downloads") }

// Downloaded waits until a file of that name, which is not empty, has been downloaded,
// and returns where it is. It ends the test if that takes longer than d.
func (f *Firefox) Downloaded(d time.Duration, name string) string {
	f.t.Helper()
	// It has that name, and nothing in it, while it comes under another.
	path := filepath.Join(f.DownloadDir(), name)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return path
		}
	}
	f.t.Fatalf("browser: after %v %s has not been downloaded", d, name)
	return ""
}

// Size gives the window that many CSS pixels.
func (f *Firefox) Size(width, height int) {
	f.t.Helper()
	f.call("WebDriver:SetWindowRect", object{"width": width, "height": height}, nil)
}

// Screenshot returns a picture of the page, in PNG.
func (f *Firefox) Screenshot() []byte {
	f.t.Helper()
	var shot struct{ Value []byte }
	f.call("WebDriver:TakeScreenshot", object{"full": false}, &shot)
	return shot.Value
}

// Kill ends the browser at once, as kill -9 does.
func (f *Firefox) Kill() { f.kill() }

// Close closes the tab, with the events that a page gets then. The browser goes
// on with an empty one.
func (f *Firefox) Close() {
	f.t.Helper()
	var next struct{ Handle string }
	f.call("WebDriver:NewWindow", object{"type": "tab", "focus": false}, &next)
	f.call("WebDriver:CloseWindow", nil, nil)
	f.call("WebDriver:SwitchToWindow", object{"handle": next.Handle}, nil)
	f.url = "about:blank"
}
