//go:build linux

package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Click moves the pointer to the middle of an element, once there is one, and
// presses the left button there.
func (tab *Tab) Click(selector string) {
	tab.b.t.Helper()
	x, y := tab.middle(selector)
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		tab.call("Input.dispatchMouseEvent", object{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}, nil)
	}
}

// Tap touches the middle of an element with a finger.
func (tab *Tab) Tap(selector string) {
	tab.b.t.Helper()
	x, y := tab.middle(selector)
	tab.call("Input.dispatchTouchEvent", object{"type": "touchStart", "touchPoints": []object{{"x": x, "y": y}}}, nil)
	tab.call("Input.dispatchTouchEvent", object{"type": "touchEnd", "touchPoints": []object{}}, nil)
}

// middle scrolls an element into view and returns where it is then.
func (tab *Tab) middle(selector string) (x, y float64) {
	tab.b.t.Helper()
	tab.Wait(fmt.Sprintf("document.querySelector(%q).getClientRects().length", selector))
	var at [2]float64
	tab.Eval(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q)
		e.scrollIntoView({block: "nearest", behavior: "instant"})
		const r = e.getBoundingClientRect()
		return [r.x + r.width / 2, r.y + r.height / 2]
	})()`, selector), &at)
	return at[0], at[1]
}

// Type clicks an element and types a text there, key by key. "\n" is the Enter
// key. What is longer than a person types is put there in one piece.
func (tab *Tab) Type(selector, text string) {
	tab.b.t.Helper()
	tab.Click(selector)
	tab.Keys(text)
}

// maxTyped is how many characters are typed one by one.
const maxTyped = 200

// Keys types a text into what has the focus.
func (tab *Tab) Keys(text string) {
	tab.b.t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			tab.Press("Enter")
		}
		if len(line) > maxTyped {
			tab.call("Input.insertText", object{"text": line}, nil)
			continue
		}
		for _, r := range line {
			tab.key(object{"key": string(r), "text": string(r), "unmodifiedText": string(r)})
		}
	}
}

// keys are those that write nothing, by name, with their code on Windows, which
// is what pages get to see everywhere.
var keys = map[string]int{
	"Enter": 13, "Escape": 27, "Tab": 9, "Backspace": 8, "Delete": 46, "Home": 36, "End": 35,
	"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33, "PageDown": 34,
}

// modifiers as the protocol counts them.
var modifiers = map[string]int{"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}

// Press presses a key, such as "Escape", or several at once, such as
// "Shift+Enter".
func (tab *Tab) Press(name string) {
	tab.b.t.Helper()
	parts := strings.Split(name, "+")
	key, held := parts[len(parts)-1], 0
	for _, m := range parts[:len(parts)-1] {
		held |= modifiers[m]
	}
	code, known := keys[key]
	if !known {
		tab.b.t.Fatalf("browser: no key %q", key)
	}
	event := object{"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": held}
	if key == "Enter" {
		event["text"] = "\r"
	}
	tab.key(event)
}

func (tab *Tab) key(event object) {
	tab.b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		event["type"] = kind
		if kind == "keyUp" {
			delete(event, "text")
		}
		tab.call("Input.dispatchKeyEvent", event, nil)
	}
}

// Choose gives files, or one folder, to an input element of type file, as the
// dialog does that it opens.
func (tab *Tab) Choose(selector string, paths ...string) {
	tab.b.t.Helper()
	tab.Wait(fmt.Sprintf("document.querySelector(%q)", selector))
	var found evaluated
	tab.call("Runtime.evaluate", object{"expression": fmt.Sprintf("document.querySelector(%q)", selector)}, &found)
	tab.call("DOM.setFileInputFiles", object{"files": existing(tab, paths), "objectId": found.Result.ObjectID}, nil)
}

// Drop drags files onto an element and lets them go there.
func (tab *Tab) Drop(selector string, paths ...string) {
	tab.b.t.Helper()
	x, y := tab.middle(selector)
	data := object{"items": []object{}, "files": existing(tab, paths), "dragOperationsMask": 1}
	for _, kind := range []string{"dragEnter", "dragOver", "drop"} {
		tab.call("Input.dispatchDragEvent", object{"type": kind, "x": x, "y": y, "data": data}, nil)
	}
}

// existing returns whole paths. The browser takes one that does not exist, and
// then nothing happens.
func existing(tab *Tab, paths []string) []string {
	tab.b.t.Helper()
	whole := make([]string, len(paths))
	for i, path := range paths {
		var err error
		if whole[i], err = filepath.Abs(path); err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			tab.b.t.Fatal(err)
		}
	}
	return whole
}
