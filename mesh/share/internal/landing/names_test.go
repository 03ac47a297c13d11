package landing

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

func TestLeadingDotOfAnItem(t *testing.T) {
	for name, want := range map[string]string{
		"a":           "a",
		".bashrc":     "_.bashrc",
		"...":         "_...",
		"a.b":         "a.b",
		"folder/.git": "folder/.git",
		".ssh/config": "_.ssh/config",
		".ssh/.x":     "_.ssh/.x",
	} {
		if got := newNamer(false, nil).name(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
	n := newNamer(false, nil)
	if a, b := n.name("_.x"), n.name(".x"); a != "_.x" || b == a {
		t.Errorf("two items are %s and %s", a, b)
	}
}

func TestAlternativeNames(t *testing.T) {
	long := strings.Repeat("ä", 127) + "b" // 255 bytes
	tests := []struct {
		name   string
		n      int
		folder bool
		want   string
	}{
		{"a.txt", 1, false, "a.txt"},
		{"a.txt", 2, false, "a (2).txt"},
		{"a.txt", 12, false, "a (12).txt"},
		{"a", 2, false, "a (2)"},
		{"v1.2", 2, true, "v1.2 (2)"},
		{"a.tar.gz", 2, false, "a (2).tar.gz"},
		{".bashrc", 2, false, ".bashrc (2)"},
		{"_.bashrc", 2, false, "_.bashrc (2)"},
		{"Mr. Smith", 2, false, "Mr. Smith (2)"},
		{"a.", 2, false, "a (2)."},
		{long, 2, false, strings.Repeat("ä", 125) + " (2)"},
		{long[:250] + ".jpeg", 2, false, strings.Repeat("ä", 123) + " (2).jpeg"},
	}
	for _, test := range tests {
		got := alternative(test.name, test.n, test.folder)
		if got != test.want {
			t.Errorf("%d of %s is %s, want %s", test.n, test.name, got, test.want)
		}
		if len(got) > maxName || !utf8.ValidString(got) {
			t.Errorf("%q has %d bytes", got, len(got))
		}
	}
	if got := topName("." + long[:254]); len(got) > maxName || !strings.HasPrefix(got, "_.ä") {
		t.Errorf("the longest hidden name becomes %q", got)
	}
}

func TestWindowsNames(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt":      "a.txt",
		"aux.c":      "_aux.c",
		"AUX":        "_AUX",
		"con .txt":   "_con .txt",
		"com1.log":   "_com1.log",
		"com10.log":  "com10.log",
		"lpt³":       "_lpt³",
		"console":    "console",
		"a:b":        "a_b",
		`a<>"|?*b`:   "a______b",
		"a.":         "a_",
		"a ":         "a_",
		"NUL.":       "NUL_",
		"conin$":     "_conin$",
		"f/prn/nul":  "f/_prn/_nul",
		"f/a?/b?":    "f/a_/b_",
		".gitignore": "_.gitignore",
	} {
		got := newNamer(true, nil).name(name)
		if got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
		for part := range strings.SplitSeq(got, "/") {
			if err := manifest.CheckWindows(part); err != nil {
				t.Errorf("%s becomes %s: %v", name, got, err)
			}
		}
	}
	n := newNamer(true, nil)
	if a, b := n.name("f/a?"), n.name("f/a*"); a != "f/a_" || b != "f/a_ (2)" {
		t.Errorf("two files are %s and %s", a, b)
	}
}

func TestTwinsAreToldApart(t *testing.T) {
	n := newNamer(false, manifest.Fold)
	for _, test := range [][2]string{
		{"a/B.txt", "a/B.txt"},
		{"a/b.txt", "a/b (2).txt"},
		{"a/b (2).txt", "a/b (2) (2).txt"},
		{"A/b.txt", "A (2)/b.txt"},
		{"A/B.txt", "A (2)/B (2).txt"},
		{"\u00e9", "\u00e9"},
		{"e\u0301", "e\u0301 (2)"},
		{"a/B.txt", "a/B.txt"}, // as before
	} {
		if got := n.name(test[0]); got != test[1] {
			t.Errorf("%s becomes %s, want %s", test[0], got, test[1])
		}
	}
}

func TestLookLeavesNothing(t *testing.T) {
	f := newFolder(openRoot(t))
	defer f.close()
	got, err := look(f.top)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := f.top.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer entries.Close()
	if names, _ := entries.Readdirnames(-1); len(names) != 0 {
		t.Errorf("%v are left", names)
	}
	t.Logf("the disk is %+v", got)
}

// TestNamesThatAreAllOne has a sender make up names that are one where they go: each
// becomes another, and none is looked for longer than the first ones were. They are so
// long that even what is made up of different ones is the same.
func TestNamesThatAreAllOne(t *testing.T) {
	const digits = "<>:\"|?*"
	names := func(length, n int) (all []string) {
		for i := range n {
			name := []byte(strings.Repeat("x", length))
			for at := length - 1; i > 0; at-- {
				name[at] = digits[i%len(digits)]
				i /= len(digits)
			}
			all = append(all, string(name))
		}
		return all
	}
	long := func(n int) (all []string) {
		for i := range n {
			name := strings.Repeat("x", maxName-5)
			all = append(all, fmt.Sprintf("%s%04x:", name, i), fmt.Sprintf("%s%04x*", name, i))
		}
		return all
	}
	for name, list := range map[string][]string{"short": names(8, 20_000), "long": long(10_000)} {
		t.Run(name, func(t *testing.T) {
			n := newNamer(true, nil)
			folded := 0
			n.fold = func(s string) string { folded++; return s }
			seen := make(map[string]bool)
			for _, p := range list {
				there := n.name(p)
				if seen[there] || len(there) > maxName {
					t.Fatalf("%q becomes %q, as another does", p, there)
				}
				seen[there] = true
			}
			if most := 2 * fewTwins * len(list); folded > most {
				t.Errorf("%d names are looked up for %d files, want at most %d", folded, len(list), most)
			}
		})
	}
}
