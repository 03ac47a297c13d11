package passphrase

import (
	"errors"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	const word = "correct horse"
	for name, tt := range map[string]struct {
		text, want string
		err        error
	}{
		"as it is":              {word, word, nil},
		"line end":              {word + "\r\n", word, nil},
		"spaces":                {" \u2003correct \t\u00a0horse\u0085\u3000", word, nil},
		"lines":                 {"correct\nhorse\n", word, nil},
		"byte order mark":       {"\ufeff" + word, word, nil},
		"marks do not count":    {"zwo\u0308lf Bo\u0308te", "", ErrShort},
		"decomposed characters": {"A\u030angstro\u0308m und Ohm", "\u00c5ngstr\u00f6m und Ohm", nil},
		"case counts":           {"Correct Horse", "Correct Horse", nil},
		"a dash is no space":    {"correct-horse", "correct-horse", nil},
		"joiner":                {"👩\u200d🚀 in space, far", "👩\u200d🚀 in space, far", nil},
		"a second mark":         {"\ufeff \ufeff" + word, "", ErrUnclean},
		"empty":                 {"", "", ErrEmpty},
		"only spaces":           {" \n\u3000", "", ErrEmpty},
		"only a mark":           {"\ufeff\n", "", ErrEmpty},
		"short":                 {"hunter2", "", ErrShort},
		"eleven":                {"abcdefghijk", "", ErrShort},
		"eleven and spaces":     {"  abcdefghijk  ", "", ErrShort},
		"twelve":                {"abcdefghijkl", "abcdefghijkl", nil},
		"twelve of three bytes": {strings.Repeat("音", 12), strings.Repeat("音", 12), nil},
		"longest":               {strings.Repeat("a", Max), strings.Repeat("a", Max), nil},
		"too long":              {strings.Repeat("a", Max+1), "", ErrLong},
		"escape sequence":       {word + "\x1b[2J", "", ErrUnclean},
		"zero":                  {"c\x00o\x00r\x00r\x00e\x00c\x00t\x00", "", ErrUnclean},
		"no UTF-8":              {word + "\xff", "", ErrUnclean},
	} {
		got, err := Canonical(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v; want %q, %v", name, got, err, tt.want, tt.err)
		}
	}
}

func TestMake(t *testing.T) {
	made := Make()
	if got, err := Canonical(made); got != made || err != nil {
		t.Errorf("%q is made: %q, %v", made, got, err)
	}
}

// TestErrorsKeepSecrets holds that no error tells what was typed.
func TestErrorsKeepSecrets(t *testing.T) {
	for _, text := range []string{"hunter2", "hunter2 hunter2\x00", "hunter2\xff", strings.Repeat("hunter2", Max)} {
		if _, err := Canonical(text); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%.20q: %v", text, err)
		}
		if _, err := ParseInvite("#secret=" + text); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("invite with %.20q: %v", text, err)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, text := range []string{"", "correct horse", " e\u0301\u2003x\u0085 ", "\ufeff\ufeff abcdefghijkl", "a\u0300\u0301\u0302bcdefghijkl", "\x1b[2Jabcdefghijkl"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		phrase, err := Canonical(text)
		if err != nil {
			return
		}
		if again, err := Canonical(phrase); again != phrase || err != nil {
			t.Errorf("%q becomes %q, and that %q, %v", text, phrase, again, err)
		}
		if spaced, err := Canonical("\n " + strings.ReplaceAll(phrase, " ", "\t\u00a0") + "\r\n"); spaced != phrase || err != nil {
			t.Errorf("%q with more space becomes %q, %v", phrase, spaced, err)
		}
	})
}
