package safe

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"ascii", "hello, world", "hello, world"},
		{"line feed and tab stay", "a\n\tb", "a\n\tb"},
		{"carriage return of a CRLF", "a\r\nb", "a\nb"},
		{"lone carriage return", "good\rbad", "good␍bad"},
		{"escape sequence", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		{"bell and backspace", "a\a\bb", "a␇␈b"},
		{"delete", "a\x7fb", "a␡b"},
		{"C1 control", "a\u009bb", "a<U+009B>b"},
		{"bidi override", "a\u202ecod.exe", "a<U+202E>cod.exe"},
		{"bidi isolate", "\u2066x\u2069", "<U+2066>x<U+2069>"},
		{"zero width space", "a\u200bb", "a<U+200B>b"},
		{"byte order mark", "\ufeffa", "<U+FEFF>a"},
		{"tag characters", "a\U000e0041", "a<U+E0041>"},
		{"soft hyphen", "a\u00adb", "a<U+00AD>b"},
		{"line separator", "a\u2028b", "a<U+2028>b"},
		{"hangul filler", "\u3164", "<U+3164>"},
		{"emoji of Unicode 16", "\U0001fae9", "\U0001fae9"},
		{"emoji of Unicode 16, joined", "\U0001fae9\u200d👧", "\U0001fae9\u200d👧"},
		{"emoji of a Unicode to come", "\U0001faff", "\U0001faff"},
		{"letter of Unicode 16", "\U00010d50", "\U00010d50"},
		{"ideograph of Unicode 17", "\U000323b0", "\U000323b0"},
		{"pile of marks of Unicode 16", "a" + strings.Repeat("\u0897", 50), "a" + strings.Repeat("\u0897", clusterMarks)},
		{"unassigned and to be ignored", "\u2065\ufff0\U000e0fff", "<U+2065><U+FFF0><U+E0FFF>"},
		{"for programs only", "\ufdd0\U0001ffff", "<U+FDD0><U+1FFFF>"},
		{"private use", "\ue000", "<U+E000>"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"umlauts and wide characters", "grüße 漢字", "grüße 漢字"},
		{"combining accent", "e\u0301a", "e\u0301a"},
		{"pile of marks", "a" + strings.Repeat("\u0301", 50) + "b", "a" + strings.Repeat("\u0301", clusterMarks) + "b"},
		{"family emoji", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"heart with selector", "❤\ufe0f", "❤\ufe0f"},
		{"keycap", "1\ufe0f\u20e3", "1\ufe0f\u20e3"},
		{"selector after a letter", "a\ufe0fb", "ab"},
		{"joiner between latin letters", "a\u200db", "a<U+200D>b"},
		{"persian non-joiner", "می\u200cخواهم", "می\u200cخواهم"},
		{"joiner at the end", "漢\u200d", "漢<U+200D>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.in); got != tt.want {
				t.Errorf("Text(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	if got, want := Line("  bo\n* ana joined\t "), "bo␊* ana joined␉"; got != want {
		t.Errorf("Line = %q, want %q", got, want)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b]0;title\a", "a\u0301\u0301", "👨\u200d👩", "\xff\xfe", "\u202e", "1\ufe0f\u20e3", "\r\r\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Text(%+q) = %+q is not UTF-8", s, got)
		}
		if again := Text(got); again != got {
			t.Fatalf("Text is not idempotent: %+q, then %+q", got, again)
		}
		marks := 0
		for _, r := range got {
			if r != '\n' && r != '\t' && r != zwj && r != zwnj && invisible(r) {
				t.Fatalf("Text(%+q) = %+q has %U", s, got, r)
			}
			if !isMark(r) && !isJoiner(r) {
				marks = 0
				continue
			}
			if marks++; marks > clusterMarks {
				t.Fatalf("Text(%+q) = %+q piles up marks", s, got)
			}
		}
		if line := Line(s); strings.ContainsAny(line, "\n\t") {
			t.Fatalf("Line(%+q) = %q", s, line)
		}
	})
}
