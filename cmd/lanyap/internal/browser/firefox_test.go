//go:build linux

package browser

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

func TestFirefox(t *testing.T) {
	s := serve(t)
	f := StartFirefox(t, Config{})
	f.Go(s.URL)
	f.Wait("document.title === 'site'")
	f.Type("#box", "hi <ü>\n")
	f.Wait(noted("entered hi <ü>"))
	f.Click("#button")
	f.Wait(noted("clicked"))
	var sum int
	if f.Eval("Promise.resolve(1 + 1)", &sum); sum != 2 {
		t.Errorf("a promise became %d, want 2", sum)
	}
	if err := f.TryEval("none.such", nil); err == nil || !strings.Contains(err.Error(), "none is not defined") {
		t.Errorf("a script that throws: %v", err)
	}
	f.Eval("void setTimeout(() => location = '/two', 100)", nil)
	f.Wait("location.pathname === '/two'")
	f.Reload()
	f.Wait("document.title === 'site'")
	if _, err := png.Decode(bytes.NewReader(f.Screenshot())); err != nil {
		t.Error(err)
	}
	before := s.gone()
	f.Close()
	eventually(t, "a page that is closed says goodbye", func() bool { return s.gone() > before })
	f.Go(s.URL)
	f.Wait("document.title === 'site'")
}
