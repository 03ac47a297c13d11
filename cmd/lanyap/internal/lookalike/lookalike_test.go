package lookalike

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TestSkeleton has the examples of UTS #39, section 4, and lines of its table.
func TestSkeleton(t *testing.T) {
	tests := []struct{ a, b string }{
		{"paypal", "ρ⍺у𝓅𝒂ן"},                 // the standard's own
		{"scope", "ѕсоре"},                   // whole-script, Cyrillic
		{"google", "ցοօց1е"},                 // Armenian, Greek, a digit
		{"a", "а"},                           // U+0430
		{"m", "rn"},                          // one for two
		{"ﬁ", "fi"},                          // ligature
		{"Å", "A\u030a"},                     // composed and not
		{"\u1e9b\u0323", "ſ\u0323\u0307"},    // canonical order
		{"so\u00adft", "soft"},               // soft hyphen
		{"z\u200b\u200d\u2060w", "zw"},       // zero width
		{"sel\ufe0fect", "select"},           // variation selector
		{"t\U000e0061g", "tg"},               // tag characters
		{"f\u3164ill", "fill"},               // Hangul filler
		{"\u202eoverride\u202c", "override"}, // bidi override
		{"a\u00a0b", "a b"},                  // a space of another kind
		{"𝕓𝖔", "bo"},                         // mathematical
		{"l1I|", "llll"},
		{"0O", "OO"},
	}
	for _, tt := range tests {
		if a, b := Skeleton(tt.a), Skeleton(tt.b); a != b {
			t.Errorf("Skeleton(%+q) = %+q, Skeleton(%+q) = %+q; want one", tt.a, a, tt.b, b)
		}
	}
	for _, tt := range []struct{ a, b string }{{"a", "b"}, {"a", "A"}, {"e", "é"}, {"a b", "ab"}, {"pi1", "pi2"}, {"", "a"}} {
		if Skeleton(tt.a) == Skeleton(tt.b) {
			t.Errorf("%q and %q have one skeleton", tt.a, tt.b)
		}
	}
}

func TestAlike(t *testing.T) {
	alike := []struct{ a, b string }{
		{"bo", "bo"},
		{"bo", "Bo"},
		{"bo", "BO"},
		{"Ana Lovelace", "analovelace"},
		{"ana@desk", "аna@desk"},
		{"bo", "b\u200bo"},
		{"bo", "\u200ebo"},
		{"bo", "ｂⓞ"},
		{"file", "ﬁle"},
		{"bo", "b0"},
		{"bo", "Вo"},       // Cyrillic capital Ve, which is no small b
		{"Bill", "ВILL"},   // and all in capitals
		{"Bill", "Biil"},   // the capital of i is like l
		{"Bill", "BIll"},   //
		{"BILL", "BlLL"},   //
		{"iris", "lRIS"},   //
		{"ΝΙΚΟΣ", "νικος"}, // by case: Ν is like N, ν like v
		{"ΝΙΚΟΣ", "NlKOΣ"},
		{"νικος", "vικος"},
		{"Emma", "Ernma"},
		{"EMMA", "ernrna"},
		{"Straße", "strаße"},
		{"Zoë", "ZOE\u0308"},
		{"名前", "名 前"},
		{"a\tb\nc", "abc"},
	}
	for _, tt := range alike {
		if !Alike(tt.a, tt.b) || !Alike(tt.b, tt.a) {
			t.Errorf("%+q and %+q are not alike: %+q, %+q", tt.a, tt.b, Of(tt.a), Of(tt.b))
		}
	}
	for _, tt := range []struct{ a, b string }{
		{"bo", "ana"},
		{"ana", "anna"},
		{"ana", "anä"},
		{"pi1", "pi2"},
		{"ana@desk", "ana@lap"},
		{"evan", "enan"},
		{"bo", "bo2"},
		{"", ""},
		{"\u200b", "\u2060"},
		{"", "bo"},
		{"bo\xff", "bo"},
	} {
		if Alike(tt.a, tt.b) {
			t.Errorf("%+q and %+q are alike: %+q, %+q", tt.a, tt.b, Of(tt.a), Of(tt.b))
		}
	}
}

// TestTable holds that the table is what its header says, and that every character
// in it that is not taken apart before is like its prototype.
func TestTable(t *testing.T) {
	if got := len(prototypes()); got != 6565 { // the total at the end of the file
		t.Errorf("%d characters, want 6565", got)
	}
	for r, to := range prototypes() {
		if !utf8.ValidString(to) || to == "" || !utf8.ValidRune(r) {
			t.Errorf("%U: %+q", r, to)
		}
		if norm.NFD.IsNormalString(string(r)) && norm.NFD.IsNormalString(to) && Skeleton(string(r)) != Skeleton(to) {
			t.Errorf("%U has the skeleton %+q, its prototype %+q has %+q", r, Skeleton(string(r)), to, Skeleton(to))
		}
	}
}

// TestReduceSettles holds that the rounds of a reduction are enough for every
// character that there is, but for ideographs to come.
func TestReduceSettles(t *testing.T) {
	for r := rune(0); r < 0x30000; r++ {
		_, confusable := prototypes()[r]
		if !utf8.ValidRune(r) || !confusable && foldRune(r) == r && norm.NFKD.IsNormalString(string(r)) {
			continue // it stays as it is
		}
		for _, key := range Of(string(r)) {
			if again := reduce(key); again != key {
				t.Errorf("%U: %+q, and again %+q", r, key, again)
			}
		}
	}
}

func FuzzAlike(f *testing.F) {
	for _, s := range []string{"bo", "Ian", "ΝΙΚΟΣ", "\u200b", "e\u0301\u0323", "\xff", "\U0001f16d", "한글", "ﬃ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		keys := Of(s)
		for _, key := range keys {
			if !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsSpace) || len(key) > 32*len(s)+32 {
				t.Fatalf("%+q has the key %+q", s, key)
			}
		}
		if keys != (Keys{}) && !keys.Alike(keys) {
			t.Fatalf("%+q is not like itself: %+q", s, keys)
		}
		if valid := strings.ToValidUTF8(s, "\ufffd"); keys != (Keys{}) && !Alike(valid, " "+valid+"\u200b") {
			t.Fatalf("%+q is not like itself with what is not seen: %+q, %+q", s, keys, Of(" "+valid+"\u200b"))
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		Of("ana@desk")
	}
}
