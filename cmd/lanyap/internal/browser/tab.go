//go:build linux

package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Tab is one page of a Chromium.
type Tab struct {
	b       *Browser
	target  string
	session string
	url     string // that it was last sent to

	mu       sync.Mutex // guards what follows
	console  []string
	bindings map[string]func(string)
	crashed  bool
	document chan struct{} // closed when another takes its place
}

// Open opens a page in a tab of its own, in front.
func (b *Browser) Open(url string) *Tab {
	b.t.Helper()
	tab := b.Tab()
	tab.Go(url)
	return tab
}

// Tab opens an empty tab in the window of the others, in front: those that were
// there are hidden.
func (b *Browser) Tab() *Tab { b.t.Helper(); return b.tab(false) }

// Window opens an empty tab in a window of its own, and hides none.
func (b *Browser) Window() *Tab { b.t.Helper(); return b.tab(true) }

func (b *Browser) tab(window bool) *Tab {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", object{"url": "about:blank", "newWindow": window}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached)
	tab := &Tab{b: b, target: target.TargetID, session: attached.SessionID, bindings: make(map[string]func(string)), document: make(chan struct{})}
	b.mu.Lock()
	b.tabs = append(b.tabs, tab)
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Inspector"} {
		tab.call(domain+".enable", nil, nil)
	}
	return tab
}

func (tab *Tab) call(method string, params, result any) {
	tab.b.t.Helper()
	if err := tab.try(method, params, result); err != nil {
		tab.b.t.Fatal(err)
	}
}

func (tab *Tab) try(method string, params, result any) error {
	ctx, cancel := limit()
	defer cancel()
	return tab.b.pipe.call(ctx, tab.session, method, params, result)
}

// Go sends the tab to an address. It returns when the answer has begun, not when
// the page is there.
func (tab *Tab) Go(url string) {
	tab.b.t.Helper()
	if err := tab.TryGo(url); err != nil {
		tab.b.t.Fatal(err)
	}
}

// TryGo is [Tab.Go] to where there may be nothing.
func (tab *Tab) TryGo(url string) error {
	tab.url = url
	var went struct{ ErrorText string }
	if err := tab.try("Page.navigate", object{"url": url}, &went); err != nil {
		return err
	}
	if went.ErrorText != "" {
		return fmt.Errorf("browser: %s: %s", url, went.ErrorText)
	}
	return nil
}

// Reload loads the page once more. What the page was is gone when it returns.
func (tab *Tab) Reload() {
	tab.b.t.Helper()
	tab.Eval("globalThis.browserReloads = true", nil)
	tab.call("Page.reload", nil, nil)
	tab.Wait("!globalThis.browserReloads")
}

// Close closes the tab, with the events that a page gets then.
func (tab *Tab) Close() { tab.b.t.Helper(); tab.call("Page.close", nil, nil) }

// Crash ends the tab's process, and waits until the browser has noticed.
func (tab *Tab) Crash() {
	tab.b.t.Helper()
	if _, _, err := tab.b.pipe.send(tab.session, "Page.crash", nil); err != nil {
		tab.b.t.Fatal(err)
	}
	if !tab.b.until(patience, func() bool { tab.mu.Lock(); defer tab.mu.Unlock(); return tab.crashed }) {
		tab.b.t.Fatal("browser: the tab did not crash")
	}
}

// Before has every document that is loaded from now on run a script first.
func (tab *Tab) Before(js string) {
	tab.b.t.Helper()
	tab.call("Page.addScriptToEvaluateOnNewDocument", object{"source": js}, nil)
}

// Bind gives pages a function of that name and of one string. What is called in
// the test must not wait, nor use the browser.
func (tab *Tab) Bind(name string, f func(string)) {
	tab.b.t.Helper()
	tab.mu.Lock()
	tab.bindings[name] = f
	tab.mu.Unlock()
	tab.call("Runtime.addBinding", object{"name": name}, nil)
}

// Eval runs JavaScript in the page, waits for the promise that it may be, and
// reads what comes of it into result, if that is not nil.
func (tab *Tab) Eval(js string, result any) {
	tab.b.t.Helper()
	if err := tab.TryEval(js, result); err != nil {
		tab.b.t.Fatal(err)
	}
}

// TryEval is [Tab.Eval] of what may throw.
func (tab *Tab) TryEval(js string, result any) error {
	ctx, cancel := limit()
	defer cancel()
	return tab.eval(ctx, js, result)
}

// evaluated is what the browser tells of a script.
type evaluated struct {
	Result struct {
		Value    json.RawMessage
		ObjectID string
	}
	ExceptionDetails *exception
}

type exception struct {
	Text      string
	Exception struct{ Description, Value string }
}

func (e *exception) String() string {
	return strings.TrimSpace(e.Text + " " + e.Exception.Description + e.Exception.Value)
}

func (tab *Tab) eval(ctx context.Context, js string, result any) error {
	var r evaluated
	err := tab.b.pipe.call(ctx, tab.session, "Runtime.evaluate", object{
		"expression": js, "awaitPromise": true, "returnByValue": true,
		"userGesture": true,
	}, &r)
	switch {
	case err != nil:
		return err
	case r.ExceptionDetails != nil:
		return fmt.Errorf("browser: %.100s: %s", js, r.ExceptionDetails)
	case result == nil || r.Result.Value == nil:
		return nil
	}
	return json.Unmarshal(r.Result.Value, result)
}

// looking evaluates an expression whenever the document changes, and every 50 ms
// beside that, until it is true. It gives up in time for a new document to be
// looked at by the next.
const looking = `new Promise(done => {
	const holds = () => { try { return !!(%s) } catch { return false } }
	if (holds()) return done(true)
	const stop = held => { changes.disconnect(); clearInterval(tick); clearTimeout(end); done(held) }
	const look = () => { if (holds()) stop(true) }
	const changes = new MutationObserver(look)
	changes.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
	const tick = setInterval(look, 50)
	const end = setTimeout(() => stop(holds()), 5000)
})`

// lookTime is how long that looks at one document.
const lookTime = 5 * time.Second

// Until waits until an expression is true in the page, and reports whether that
// was within d. What throws is not true.
func (tab *Tab) Until(d time.Duration, js string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for {
		held, err := tab.look(ctx, js)
		if held {
			return true
		}
		// Other errors are of documents that are replaced just now.
		if ctx.Err() != nil || errors.Is(err, errGone) {
			return false
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// look looks at one document for a while. At times the browser does not say
// what became of a promise whose document is gone.
func (tab *Tab) look(ctx context.Context, js string) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime+patience/3)
	defer cancel()
	tab.mu.Lock()
	document := tab.document
	tab.mu.Unlock()
	go func() {
		select {
		case <-document:
			cancel()
		case <-ctx.Done():
		}
	}()
	err = tab.eval(ctx, fmt.Sprintf(looking, js), &held)
	return held && err == nil, err
}

// Wait is Until, and ends the test if the expression does not come to be true. What a
// person would see then is told too.
func (tab *Tab) Wait(js string) {
	tab.b.t.Helper()
	if tab.Until(patience, js) {
		return
	}
	var seen string
	ctx, cancel := context.WithTimeout(tab.b.t.Context(), patience/3)
	defer cancel()
	err := tab.eval(ctx, `(document.activeElement?.id ?? "") + ": " + document.body?.innerText.slice(0, 1000)`, &seen)
	tab.b.t.Fatalf("browser: %s: after %v still not: %s\nin focus and seen: %q %v", tab.url, patience, js, seen, err)
}

// Screenshot returns a picture of the page, in PNG.
func (tab *Tab) Screenshot() []byte {
	tab.b.t.Helper()
	var shot struct{ Data []byte }
	tab.call("Page.captureScreenshot", nil, &shot)
	return shot.Data
}
