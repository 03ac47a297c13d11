//go:build linux

package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// browsing is how many tests of browsers run at once: each has two cores to
// share with one or two browsers and as many nodes.
var browsing = make(chan struct{}, 2)

// browse begins a test of browsers, in a lab of its own. It skips the test where
// there is no browser, or no page that one could open.
func browse(t *testing.T) *lab.Lab {
	t.Helper()
	lab.Need(t)
	turn(t)
	return lab.New(t)
}

// turnTakes is what a test of browsers takes at most, on a machine that is slow.
const turnTakes = 3 * time.Minute

// turn waits until a test may have browsers. It skips the test if go test may end
// before it: on a slow machine they all take longer than go test allows unasked.
func turn(t *testing.T) {
	t.Helper()
	browser.Need(t, "chromium")
	needPage(t)
	browsing <- struct{}{}
	t.Cleanup(func() { <-browsing })
	if deadline, ok := t.Deadline(); ok && time.Until(deadline) < turnTakes && os.Getenv("LANYAP_LAB") != "required" {
		t.Skipf("go test ends in %v, this may take %v: add -timeout 20m", time.Until(deadline).Round(time.Second), turnTakes)
	}
}

// asleep lets another test have browsers while this one only waits.
func asleep(wait func()) {
	<-browsing
	wait()
	browsing <- struct{}{}
}

// needPage skips the test if the page's program has not been built into the one
// of the node: in the course of work it need not be there.
func needPage(t testing.TB) {
	t.Helper()
	const wasm, placeholder = "../web/assets/lanyap.wasm.gz", 1000
	info, err := os.Stat(wasm)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= placeholder {
		return
	}
	text := "the wasm is a placeholder: go generate ./cmd/lanyap/internal/web builds it"
	if os.Getenv("LANYAP_LAB") == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// page is a member that is a document in a tab of a browser. After a reload it is
// another.
type page struct {
	*lab.Record
	*browser.Tab
	tab  *tab
	host *lab.Host // of the browser, in a room that was made with pages
}

// tab is where documents come and go.
type tab struct {
	*browser.Tab
	l     *lab.Lab
	name  string
	watch func(lab.Event) // what is told instead of kept; nil: it is kept

	mu        sync.Mutex // guards what follows
	documents []*document
}

type document struct {
	token  string
	record *lab.Record
}

// hook has everything that the page's program tells the page be told to the test
// as well, with a word that names the document.
const hook = `(() => {
	const token = Math.random().toString(36).slice(2)
	let page = () => {}
	globalThis.browserHears = () => {} // for what a test measures in the page
	const both = line => { browserHears(line); browserTell(token + " " + line); return page(line) }
	Object.defineProperty(globalThis, "lanyapEvent", { configurable: true, get: () => both, set: f => { page = f } })
})()`

// newTab hooks an empty tab that will show pages.
func newTab(l *lab.Lab, blank *browser.Tab, name string) *tab {
	t := &tab{Tab: blank, l: l, name: name}
	blank.Bind("browserTell", t.told)
	blank.Before(hook)
	return t
}

// told is called by the goroutine that reads what the browser says.
func (t *tab) told(line string) {
	at := time.Now()
	token, event, _ := strings.Cut(line, " ")
	t.mu.Lock()
	last := len(t.documents) - 1
	if last < 0 || t.documents[last].token != token {
		if last++; last > 0 {
			t.documents[last-1].record.Kill()
		}
		t.documents = append(t.documents, &document{token, t.l.Record(fmt.Sprintf("page %s %d", t.name, last+1), t.watch)})
	}
	record := t.documents[last].record
	t.mu.Unlock()
	record.Add([]byte(event), at)
}

// document waits for the n-th document, counted from 0.
func (t *tab) document(n int) *page {
	p := &page{Tab: t.Tab, tab: t}
	t.l.Await(2*patience, fmt.Sprintf("page %d of %s says something", n, t.name), func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.documents) > n {
			p.Record = t.documents[n].record
		}
		return p.Record != nil
	})
	return p
}

// visit opens the page that a node serves, in a tab of a browser, under a name.
func visit(l *lab.Lab, b *browser.Browser, node *lab.Process, name string) *page {
	node.T.Helper()
	return enter(l, b.Window(), node, name)
}

// enter is visit in a tab that is there.
func enter(l *lab.Lab, blank *browser.Tab, node *lab.Process, name string) *page {
	node.T.Helper()
	t := newTab(l, blank, name)
	t.Go(named(address(node), name))
	return t.document(0)
}

// address is where a node serves the page, by what it prints: the first that a
// browser can use.
func address(node *lab.Process) string {
	node.T.Helper()
	ready, found := node.Find(func(ev lab.Event) bool { return ev.Type == "ready" })
	if !found || len(ready.Page) == 0 {
		node.T.Fatalf("%s says nothing of a page: %s", node.Host.Name, ready.Raw)
	}
	return ready.Page[0]
}

// named is the address of a page with a name for who opens it. With LANYAP_LOG in
// the environment of the test, as nodes have it, the page writes a log to the
// console, which is shown when the test fails.
func named(address, name string) string {
	return address + "?" + url.Values{"name": {name}, "log": {os.Getenv("LANYAP_LOG")}}.Encode()
}

// Say types lines into the box, and the Enter key.
func (p *page) Say(lines ...string) {
	for _, line := range lines {
		p.Type("#say", line+"\n")
	}
}

// TrySay has the page say lines without anybody typing them.
func (p *page) TrySay(lines ...string) error {
	for _, line := range lines {
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		var ref string
		if err := p.TryEval(fmt.Sprintf(`lanyap.say(%s, "")`, text), &ref); err != nil {
			return err
		}
		if ref == "" {
			return errors.New("too much waits to be said")
		}
	}
	return nil
}

// Ended reports whether the page was closed, which nobody does but the test.
func (p *page) Ended() bool { return false }

// Stderr is what a program has and a page has not.
func (p *page) Stderr() string { return "" }

// reload loads the page once more and returns what it is then.
func (p *page) reload() *page {
	p.tab.mu.Lock()
	n := len(p.tab.documents)
	p.tab.mu.Unlock()
	p.Reload()
	return p.tab.document(n)
}

// leave closes the tab.
func (p *page) leave() {
	p.Record.Kill()
	p.Tab.Close()
}

// shown is what the page shows in the order in which it is there: who has said
// what.
func (p *page) shown() []string {
	var all []string
	p.Eval(`[...document.querySelectorAll("#messages > [data-from]")].map(m => m.dataset.from + ": " + (m.querySelector(".text") ?? m).textContent)`, &all)
	return all
}

// shows waits until the page shows that somebody says something.
func (p *page) shows(from, text string) {
	p.Wait(fmt.Sprintf(`[...document.querySelectorAll("#messages [data-from]")].some(m => m.dataset.from === %q && (m.querySelector(".text") ?? m).textContent === %q)`, from, text))
}

// members are nodes and pages together.
func members(nodes []*lab.Process, pages ...*page) []member {
	var all []member
	for _, p := range nodes {
		all = append(all, p)
	}
	for _, p := range pages {
		all = append(all, p)
	}
	return all
}

// unheard stands for a member whose events nobody has: what it has is not known.
func unheard(l *lab.Lab, name string) member {
	r := l.Record(name, nil)
	r.Kill()
	return silent{r}
}

type silent struct{ *lab.Record }

func (silent) Say(...string) {}
