package transfer

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/mesh/share"
)

// TestNamesOnTheScreen holds that a name is one thing on a line, and does nothing
// to a terminal.
func TestNamesOnTheScreen(t *testing.T) {
	for name, want := range map[string]string{
		"film.mkv":                "film.mkv",
		"a b":                     `"a b"`,
		`a"b`:                     `"a\"b"`,
		"x, 1 B, from ana (y)":    `"x, 1 B, from ana (y)"`,
		"a\nb":                    "a␊b",
		"a\x1b[2Jb":               "a␛[2Jb",
		"cod\u202exe.exe":         "cod<U+202E>xe.exe",
		"":                        `""`,
		"日本語.txt":                 "日本語.txt",
		strings.Repeat("x", 5000): strings.Repeat("x", 29) + "…" + strings.Repeat("x", 29),
	} {
		if got := itemName(name); got != want {
			t.Errorf("%q is shown as %s, want %s", name, got, want)
		}
	}
	long := itemName(strings.Repeat("語", 300) + ".exe")
	if width := ansi.StringWidth(long); width > maxItemName || !strings.HasSuffix(long, ".exe") {
		t.Errorf("shown %d wide: %s", width, long)
	}
}

func FuzzItemName(f *testing.F) {
	for _, s := range []string{"film.mkv", "a b", "\x1b[2J", "\u202e", `"\`, "e\u0301", strings.Repeat("👨\u200d👩", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := itemName(s)
		if strings.ContainsAny(got, "\n\r\x1b\u202e") || got == "" {
			t.Errorf("%q is shown as %q", s, got)
		}
		if quoted := strings.HasPrefix(got, `"`); !quoted && strings.ContainsAny(got, ` ,()"`) {
			t.Errorf("%q is shown as %q", s, got)
		}
	})
}

func TestWhat(t *testing.T) {
	deal := func(items ...share.Item) Deal {
		d := Deal{Items: items, Count: len(items)}
		for _, i := range items {
			d.Files += i.Files
			d.Size += i.Size
		}
		return d
	}
	many := deal(zip, slides, zip)
	many.Count = 1000
	for _, tt := range []struct {
		deal      Deal
		want, few string
	}{
		{deal(zip), "holiday.zip, 1.0 MiB", "holiday.zip"},
		{deal(slides), "slides/, 12 files, 1.0 MiB", "slides/"},
		{deal(share.Item{Name: "d", Dir: true, Files: 1, Size: 5}), "d/, 1 file, 5 B", "d/"},
		{deal(zip, slides), "holiday.zip, slides/, 13 files, 2.0 MiB", "2 items"},
		{many, "holiday.zip, slides/, holiday.zip and 997 more, 14 files, 3.0 MiB", "1,000 items"},
		{Deal{Text: "héy", Size: 4}, "a text of 4 bytes", "text"},
	} {
		if got := what(tt.deal); got != tt.want {
			t.Errorf("what: %q, want %q", got, tt.want)
		}
		if got := subject(tt.deal); got != tt.few {
			t.Errorf("subject: %q, want %q", got, tt.few)
		}
	}
}
