package screen

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestLayOutOfWideClusters: nobody gets a row of its own by what some terminals draw
// in one cell, and others in many.
func TestLayOutOfWideClusters(t *testing.T) {
	const width = 40
	for name, s := range map[string]string{
		"halfwidth voiced marks": "\uff76" + strings.Repeat("\uff9e", 100),
		"spacing marks":          "क" + strings.Repeat("\u0903", 100),
		"jamo":                   strings.Repeat("\u1100", 100),
		"vowels of jamo":         "\u1100" + strings.Repeat("\u1161", 100),
		"skin tones":             "👩" + strings.Repeat("🏽", 100),
		"conjuncts":              strings.Repeat("क\u094d", 100),
		"families":               strings.Repeat("👩\u200d👩\u200d👧\u200d👦", 30),
		"hearts":                 strings.Repeat("❤\ufe0f", 100),
		"colours":                "\x1b[1;31mbo:\x1b[0m " + strings.Repeat("\u1100", 100),
	} {
		lines := LayOut(s, width)
		for i, line := range lines {
			if got := ansi.StringWidthWc(line); got >= width {
				t.Errorf("%s: a row that may be %d wide", name, got)
			}
			if got := ansi.StringWidth(line); got >= width {
				t.Errorf("%s: a row that is %d wide", name, got)
			}
			if i > 0 && !strings.HasPrefix(line, Indent) {
				t.Errorf("%s: row %d looks like one of its own", name, i)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), Indent, ""); got != s {
			t.Errorf("%s: %q became %q", name, s, got)
		}
	}
	for _, line := range LayOut(strings.Repeat("👩\u200d👩\u200d👧\u200d👦", 30), width) {
		if !strings.HasSuffix(line, "👦") {
			t.Errorf("a family is torn apart: %q", line)
		}
	}
}
