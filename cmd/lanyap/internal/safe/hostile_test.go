package safe_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe/safetest"
)

// TestHostileTexts has everything that others may write do nothing but be seen.
func TestHostileTexts(t *testing.T) {
	for _, c := range safetest.All() {
		if err := safetest.Check(safe.Text(c.Text), ""); err != nil {
			t.Errorf("%s: a text: %v", c.Name, err)
		}
		for kind, shown := range map[string]string{"line": safe.Line(c.Text), "name": safe.Name(c.Text)} {
			if err := safetest.Check(shown, ""); err != nil || strings.ContainsAny(shown, "\n\t") {
				t.Errorf("%s: a %s: %q, %v", c.Name, kind, shown, err)
			}
		}
	}
}

func TestGoodTexts(t *testing.T) {
	for _, c := range append(safetest.Good, safetest.Odd...) {
		if got := safe.Text(c.Text); got != c.Text {
			t.Errorf("%s: %+q became %+q", c.Name, c.Text, got)
		}
	}
	for _, c := range safetest.Hostile {
		if got := safe.Text(c.Text); got == c.Text && !strings.ContainsAny(c.Text, "\n\t") {
			t.Errorf("%s: %+q is shown as it is", c.Name, c.Text)
		}
	}
}

// TestJSON: what a terminal is shown of JSON does nothing, and what programs read of it
// is the exact text.
func TestJSON(t *testing.T) {
	for _, c := range safetest.All() {
		plain, err := json.Marshal(map[string]string{"text": c.Text})
		if err != nil {
			t.Fatal(err)
		}
		escaped := safe.JSON(string(plain))
		if err := safetest.Check(escaped, ""); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(escaped), &got); err != nil {
			t.Errorf("%s: %s: %v", c.Name, escaped, err)
		}
		if want := strings.ToValidUTF8(c.Text, "\ufffd"); utf8.ValidString(c.Text) && got["text"] != want {
			t.Errorf("%s: programs read %+q, want %+q", c.Name, got["text"], want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, c := range safetest.All() {
		f.Add(c.Text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var want, got string
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		escaped := safe.JSON(string(plain))
		if err := json.Unmarshal([]byte(escaped), &got); err != nil || got != want {
			t.Errorf("%+q became %+q: %v", s, got, err)
		}
		if safe.Text(escaped) != escaped {
			t.Errorf("%+q: a terminal is shown %+q as something else", s, escaped)
		}
	})
}
