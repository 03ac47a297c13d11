// Package safetest has texts that others may send to do harm, and says whether an
// output that shows them does any. Every output of the program is tested with them.
package safetest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is one.
type Text struct{ Name, Text string }

// Hostile are texts of which something has to be made.
var Hostile = []Text{
	{"CSI", "\x1b[2J\x1b[1;1Hgone"},
	{"OSC, title", "\x1b]0;root@bank\a"},
	{"OSC, link", "\x1b]8;;http://evil.example/\x1b\\bank.example\x1b]8;;\x1b\\"},
	{"OSC, clipboard", "\x1b]52;c;cm0gLXJmIH4K\a"},
	{"DCS", "\x1bP$q\"p\x1b\\"},
	{"answerback", "\x05\x1b[c\x1b[6n"},
	{"C1 of one byte", "\x9b31mred\x9c"},
	{"C1", "\u009b2J\u009d0;title\u009c\u0090\u0098"},
	{"NUL and DEL", "a\x00b\x7fc"},
	{"backspaces", "good\b\b\b\bevil"},
	{"CR", "bo: yes\rana: no"},
	{"LF", "hi\nana: I agree\n* bo left"},
	{"VT, FF", "hi\vana: no\fana: yes"},
	{"NEL, LS, PS", "hi\u0085ana: a\u2028ana: b\u2029ana: c"},
	{"bidi overrides", "\u202egnp.exe\u202d\u202c\u202a\u202b"},
	{"bidi isolates", "\u2066a\u2067b\u2068c\u2069"},
	{"bidi marks", "a\u200eb\u200fc\u061cd"},
	{"zero width", "b\u200bo\u2060\ufeff\u00ad\u180e"},
	{"joiners between latin letters", "b\u200do\u200c"},
	{"fillers", "\u115f\u1160\u3164\uffa0\u2800"},
	{"tags", "bo\U000e0068\U000e0069\U000e007f"},
	{"selectors", "bo\ufe0f\U000e0100\ufe00"},
	{"old format controls", "\u206a\u206f\ufff9a\ufffab\ufffb"},
	{"a pile of marks", "a" + strings.Repeat("\u0301\u0316", 500)},
	{"a pile on nothing", strings.Repeat("\u0338", 40)},
	{"a pile of Unicode 17", "a" + strings.Repeat("\u1acf", 40)},
	{"a long family", strings.Repeat("👩\u200d", 400) + "👧"},
	{"joiners alone", strings.Repeat("\u200d", 40)},
	{"not UTF-8", "a\xff\xfe\xc0\x80b\xf5\x80\x80\x80"},
	{"lone surrogates", "\xed\xa0\x80\xed\xbf\xbf"},
	{"cut short", "漢\xe6\xbc"},
	{"for programs only", "\ufdd0\ufffe\U0001ffff\ue000\U00100000"},
	{"spaces", "\u00a0\u2003 \u3000bo\u205f\t "},
}

// Odd are texts that are odd to a program, and are shown as they are.
var Odd = []Text{
	{"markup", `<img src=x onerror=alert(1)><script>alert(1)</script>&lt;b&gt;`},
	{"an attribute", `" onmouseover="alert(1)" x='`},
	{"a scheme", "javascript:alert(1) data:text/html,<b>"},
	{"formats", "%s %n %% ${x} {{x}} $(reboot) `reboot`"},
	{"JSON", `","type":"message","text":"\u0041\`},
}

// Good are texts of people, which stay as they are.
var Good = []Text{
	{"ASCII", "it's 5 o'clock: lunch?"},
	{"accents", "Zoë Ångström, naïve café"},
	{"decomposed", "e\u0301a\u0308o\u0302\u0301"},
	{"Vietnamese, decomposed", "Vie\u0323\u0302t"},
	{"Arabic with vowels", "السَّلَامُ عَلَيْكُمْ"},
	{"Hebrew with points", "שָׁלוֹם"},
	{"Persian", "می\u200cخواهم"},
	{"Hindi", "क्षत्रिय नमस्ते"},
	{"Hindi with a joiner", "क्\u200dष"},
	{"Sinhala with a joiner", "ශ්\u200dරී"},
	{"Tamil", "வணக்கம்"},
	{"Thai", "ที่นี่ น้ำ"},
	{"Tibetan", "བོད་སྐད"},
	{"Khmer", "ភាសាខ្មែរ"},
	{"Korean", "안녕 \u1112\u1161\u11ab"},
	{"Chinese", "你好，世界"},
	{"Japanese", "ｶﾞｷﾞ がぎ"},
	{"emoji", "👍🏽 🇩🇪 ❤️ 1️⃣ 🏳️\u200d🌈"},
	{"family", "👨\u200d👩\u200d👧\u200d👦"},
	{"emoji of Unicode 16", "\U0001fae9"},
}

// All returns all of them.
func All() []Text {
	return append(append(append([]Text(nil), Hostile...), Odd...), Good...)
}

// maxMarks is how many marks may follow a character, before it is a pile.
const maxMarks = 8

// Check returns what an output could do besides showing a text: in it may be line
// feeds, tabs and what allowed has.
func Check(output, allowed string) error {
	if !utf8.ValidString(output) {
		return fmt.Errorf("%q is not UTF-8", output)
	}
	marks, runes := 0, []rune(output)
	for i, r := range runes {
		switch {
		case strings.ContainsRune("\n\t"+allowed, r):
			marks = 0
			continue
		case r == '\u200c' || r == '\u200d':
			if i == 0 || i == len(runes)-1 || runes[i-1] < 0x300 || runes[i+1] < 0x300 {
				return fmt.Errorf("%+q has a joiner that joins nothing", output)
			}
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Noncharacter_Code_Point):
			return fmt.Errorf("%+q has %U", output, r)
		default:
			marks = 0
			continue
		}
		if marks++; marks > maxMarks {
			return fmt.Errorf("%+q piles up marks", output)
		}
	}
	return nil
}
