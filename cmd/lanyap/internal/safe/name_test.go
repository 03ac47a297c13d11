package safe

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	tests := []struct{ in, want string }{
		{"bo", "bo"},
		{"ana@desk", "ana@desk"},
		{"Ana Lovelace", "Ana Lovelace"},
		{"left-handed bo", "left-handed bo"},
		{"bo's [b]*", "bo's [b]*"},
		{"", ""},
		{"error", `"error"`},
		{"Hint", `"Hint"`},
		{"bo: yes, delete it", `"bo: yes, delete it"`},
		{"bo： yes", `"bo： yes"`},
		{"bo joined", `"bo joined"`},
		{"ana left", `"ana left"`},
		{"bo (private)", `"bo (private)"`},
		{"* bo", `"* bo"`},
		{"[17:02] bo", `"[17:02] bo"`},
		{"~ bo", `"~ bo"`},
		{`"bo"`, `"\"bo\""`},
		{`a:\`, `"a:\\"`},
		{"bo\n* ana", "bo␊* ana"},
	}
	for _, tt := range tests {
		if got := Name(tt.in); got != tt.want {
			t.Errorf("Name(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"bo", "error", "bo: yes", `"`, `\`, "* bo", "[", " ", "\u200b", "a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Name(s)
		if strings.Contains(got, "\n") {
			t.Fatalf("Name(%q) = %q is two lines", s, got)
		}
		quoted := strings.HasPrefix(got, `"`)
		if !quoted && (strings.ContainsAny(got, `:"`) || strings.HasPrefix(got, "*")) {
			t.Fatalf("Name(%q) = %q passes for something else", s, got)
		}
		if quoted {
			inner := strings.NewReplacer(`\\`, "", `\"`, "").Replace(got[1 : len(got)-1])
			if strings.Contains(inner, `"`) {
				t.Fatalf("Name(%q) = %q ends early", s, got)
			}
		}
	})
}
