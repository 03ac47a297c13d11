package manifest_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

func TestNames(t *testing.T) {
	tests := []struct {
		name          string
		bad, badOnWin bool
	}{
		{"a", false, false},
		{"holiday photo (1).jpg", false, false},
		{".git", false, false},
		{"...", false, true},
		{"..a", false, false},
		{"日本語.txt", false, false},
		{"שלום\u200f.txt", false, false},         // marks of direction
		{"👩\u200d👧.png", false, false},           // a family is joined
		{"نامه\u200cای.txt", false, false},       // Persian is not
		{"e\u0301.txt", false, false},            // not composed
		{"\ufffd", false, false},                 // what is left of other names
		{strings.Repeat("x", 255), false, false}, // as long as may be
		{strings.Repeat("ü", 127), false, false},

		{"", true, true},
		{".", true, true},
		{"..", true, true},
		{"/", true, true},
		{"a/b", true, true},
		{"../a", true, true},
		{"/etc/passwd", true, true},
		{strings.Repeat("x", 256), true, true},
		{strings.Repeat("x", 300), true, true},
		{strings.Repeat("ü", 128), true, true},
		{"a\x00b", true, true},
		{"a\nb", true, true},
		{"a\r", true, true},
		{"a\tb", true, true},
		{"\x1b[2J", true, true},
		{"a\x7f", true, true},
		{"a\u0085b", true, true},
		{"a\u009bb", true, true},
		{"a\u2028b", true, true},
		{"a\u2029b", true, true},
		{"photo\u202egpj.exe", true, true},
		{"\u202aa", true, true},
		{"\u2066a\u2069", true, true},
		{"a\xff", true, true},
		{"\xc3", true, true},
		{"\xed\xa0\x80", true, true}, // a surrogate
		{"\xc0\xae\xc0\xae", true, true},

		{"a\\b", false, true},
		{"..\\a", false, true},
		{"\\\\host\\share", false, true},
		{"C:", false, true},
		{"c:\\windows", false, true},
		{"c:a", false, true},
		{"a:b", false, true},
		{"file.txt::$DATA", false, true},
		{"a<b", false, true},
		{"a>b", false, true},
		{"a\"b", false, true},
		{"a|b", false, true},
		{"a?", false, true},
		{"*", false, true},
		{"a.", false, true},
		{"a ", false, true},
		{"a. ", false, true},
		{" ", false, true},
		{" a", false, false},
		{"CON", false, true},
		{"con", false, true},
		{"Con.txt", false, true},
		{"con.tar.gz", false, true},
		{"con .txt", false, true},
		{"con..txt", false, true},
		{"PRN", false, true},
		{"aux.c", false, true},
		{"nul", false, true},
		{"COM1", false, true},
		{"com9.log", false, true},
		{"COM0", false, true},
		{"LPT1", false, true},
		{"lpt²", false, true},
		{"COM¹", false, true},
		{"COM¹.txt", false, true},
		{"com³ .x", false, true},
		{"CONIN$", false, true},
		{"conout$", false, true},
		{"CONIN$.txt", false, true},
		{"COM10", false, false},
		{"COM", false, false},
		{"COM⁴", false, false},
		{"COMx", false, false},
		{"console", false, false},
		{"auxiliary.c", false, false},
		{"a.con", false, false},
		{".con", false, false},
		{"clock$", false, false},
	}
	for _, tt := range tests {
		err := manifest.CheckName(tt.name)
		if (err != nil) != tt.bad {
			t.Errorf("CheckName(%q) = %v", tt.name, err)
		}
		if tt.bad {
			if _, err := manifest.New(file(strings.ReplaceAll(tt.name, "/", ""), 1)); err == nil && !strings.Contains(tt.name, "/") {
				t.Errorf("a manifest has the name %q", tt.name)
			}
			continue
		}
		if err := manifest.CheckWindows(tt.name); (err != nil) != tt.badOnWin {
			t.Errorf("CheckWindows(%q) = %v", tt.name, err)
		}
	}
}

func TestNameErrors(t *testing.T) {
	tests := []struct{ name, want string }{
		{"a\nb", `name "a\nb" holds U+000A`},
		{"", `name "" is empty`},
		{"..", `name ".." is a path`},
		{"\xff", `name "\xff" is not UTF-8`},
	}
	for _, tt := range tests {
		if err := manifest.CheckName(tt.name); err == nil || err.Error() != tt.want {
			t.Errorf("CheckName(%q) = %v, want %s", tt.name, err, tt.want)
		}
	}
	if err := manifest.CheckName(strings.Repeat("x", 1<<20)); len(err.Error()) > 5000 {
		t.Errorf("the error of a long name has %d bytes", len(err.Error()))
	}
}

func TestFold(t *testing.T) {
	twins := [][]string{
		{"readme.txt", "README.TXT", "ReadMe.txt"},
		{"é", "e\u0301", "É", "E\u0301"},
		{"straße", "STRAẞE"},
		{"σίσυφος", "ΣΊΣΥΦΟΣ", "ΣΊΣΥΦΟς"},
		{"kelvin", "\u212aelvin"},
		{"sharp", "\u017fharp"},
		{"åström", "A\u030aSTRO\u0308M", "\u212bström"},
		{".git", ".g\u200cit", ".GIT\u200d", "\ufeff.git"},
		{"가", "\u1100\u1161"},
		{"q\u0323\u0307", "q\u0307\u0323"},
		{"\u01c4", "\u01c5", "\u01c6"},
	}
	seen := map[string]string{}
	for _, names := range twins {
		want := manifest.Fold(names[0])
		if other, ok := seen[want]; ok {
			t.Errorf("%q and %q are twins", other, names[0])
		}
		seen[want] = names[0]
		for _, name := range names {
			if got := manifest.Fold(name); got != want {
				t.Errorf("Fold(%q) = %q, want %q as of %q", name, got, want, names[0])
			}
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"a", "a "}, {"e", "é"}, {"i", "ı"}, {"1", "¹"}, {"ａ", "a"}} {
		if manifest.Fold(pair[0]) == manifest.Fold(pair[1]) {
			t.Errorf("%q and %q are twins", pair[0], pair[1])
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"a", "CON.txt", "e\u0301", ".g\u200cit", "a\xff", "com¹", "Σ", "\u0345\u0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if manifest.CheckName(name) != nil {
			return
		}
		if name == "" || len(name) > 255 || name == "." || name == ".." || strings.ContainsAny(name, "/\x00\n\r\x1b") || !utf8.ValidString(name) {
			t.Fatalf("%q is taken", name)
		}
		manifest.CheckWindows(name)
		folded := manifest.Fold(name)
		if again := manifest.Fold(folded); again != folded {
			t.Errorf("Fold(%q) = %q, which folds to %q", name, folded, again)
		}
		if upper := strings.ToUpper(name); len(upper) == len(name) && strings.ToLower(upper) == name && manifest.Fold(upper) != folded {
			t.Errorf("%q and %q are no twins", name, upper)
		}
	})
}
