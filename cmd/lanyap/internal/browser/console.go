//go:build linux

package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// maxConsole is how many lines of a page are kept, from its beginning: what
// comes first is the cause of the rest.
const maxConsole = 200

// event is called by the goroutine that reads.
func (tab *Tab) event(method string, params json.RawMessage) {
	switch method {
	case "Runtime.bindingCalled":
		var p struct{ Name, Payload string }
		_ = json.Unmarshal(params, &p)
		tab.mu.Lock()
		f := tab.bindings[p.Name]
		tab.mu.Unlock()
		if f != nil {
			f(p.Payload)
		}
	case "Runtime.consoleAPICalled":
		var p struct {
			Type string
			Args []struct {
				Value       any
				Description string
			}
		}
		_ = json.Unmarshal(params, &p)
		words := []string{p.Type + ":"}
		for _, arg := range p.Args {
			if arg.Value == nil {
				arg.Value = arg.Description
			}
			words = append(words, fmt.Sprint(arg.Value))
		}
		tab.keep(strings.Join(words, " "))
	case "Runtime.exceptionThrown":
		var p struct{ ExceptionDetails exception }
		_ = json.Unmarshal(params, &p)
		tab.keep("exception: " + p.ExceptionDetails.String())
	case "Log.entryAdded":
		var p struct {
			Entry struct{ Level, Text, URL string }
		}
		_ = json.Unmarshal(params, &p)
		tab.keep(strings.TrimSpace(p.Entry.Level + ": " + p.Entry.Text + " " + p.Entry.URL))
	case "Page.frameNavigated":
		var p struct{ Frame struct{ ParentID string } }
		if _ = json.Unmarshal(params, &p); p.Frame.ParentID != "" {
			return
		}
		tab.mu.Lock()
		defer tab.mu.Unlock()
		close(tab.document)
		tab.document = make(chan struct{})
	case "Inspector.targetCrashed":
		tab.mu.Lock()
		tab.crashed = true
		tab.mu.Unlock()
		tab.keep("crashed")
	}
}

func (tab *Tab) keep(line string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if len(tab.console) < maxConsole {
		tab.console = append(tab.console, line)
	}
}

// Console returns what the page has written there, exceptions that nobody
// caught, and what the browser has to say of it, such as what it has blocked:
// each a line that begins with its kind.
func (tab *Tab) Console() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.console)
}
