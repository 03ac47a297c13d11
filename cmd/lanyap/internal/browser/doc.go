// Package browser drives real browsers in tests, by the standard library alone.
//
// [Start] starts a headless Chromium for one test, on this machine or on a host
// of package lab:
//
//	b := browser.Start(t, browser.Config{On: host})
//	tab := b.Open("http://10.77.0.1:7475/")
//	tab.Type("#say", "hello\n")
//	tab.Wait(`document.querySelector("#messages").textContent.includes("hello")`)
//
// [StartFirefox] starts a Firefox, which can do less. Methods are for the
// goroutine of the test and end the test when something does not work; those
// that begin with Try return an error instead, and are for any goroutine.
// [Need] skips the test where a browser is not installed, or fails it if
// LANYAP_LAB=required is set.
//
// # How it is driven
//
// Chromium speaks the DevTools protocol over two pipes, by its option
// --remote-debugging-pipe: no port is opened, so that the browser may be in a
// network namespace that its driver is not in. chromedp dials a WebSocket and
// cannot do that (https://github.com/chromedp/chromedp/issues/1607). Firefox
// opens a port for Marionette, which is dialed in the namespace of the host.
//
// Keys, clicks, touches, drags and files are given to the browser as the system
// gives them, and go to what has the focus or lies under the pointer, not to
// an element that a script has found. What is waited for is looked at when the
// document changes, and every 50 ms for what does not show there.
//
// # What is left behind
//
// Nothing. A browser is ended with its test, and the profile, with the files it has
// downloaded, is removed then. If the test process is killed, the
// browser is killed with it (prctl(2), PR_SET_PDEATHSIG), and the next browser
// that is started removes the profile.
//
// When a test fails, its log shows what the pages have written to the console,
// exceptions that nobody caught, and what the browser has refused.
package browser
