package name_test

import (
	"strings"
	"testing"

	"github.com/lanyap/lanyap/peer/name"
)

func TestCheck(t *testing.T) {
	for _, s := range []string{
		"", "ana", "Ana María", "ana@laptop", "安娜", "آنا", "می\u200cخواهم", "\U0001f469\u200d\U0001f467", strings.Repeat("x", name.Max),
	} {
		if err := name.Check(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"a\nb", "a\rb", "a\tb", "\x1b[2J", "\x00", "\x7f", "\u0085", "\u009b31m", // control characters
		"a\u2028b", "a\u2029b", // line and paragraph separator
		"\u202eana", "\u2066ana\u2069", "\u200eana", "\u061c", // direction
		"\xff", "\xc0\x80", "\xed\xa0\x80", strings.Repeat("x", name.Max+1),
	} {
		if name.Check(s) == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("bye", 200)
	f.Add("\x1b[2J\xff\u202e", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, min(limit, name.Max))
		out := name.Clean(s, limit)
		if err := name.Check(out); err != nil || len(out) > limit {
			t.Errorf("%q became %q: %v", s, out, err)
		}
		if name.Check(s) == nil && len(s) <= limit && out != s {
			t.Errorf("%q became %q", s, out)
		}
	})
}
