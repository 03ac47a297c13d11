package safe

import (
	"strings"
	"unicode/utf16"
)

// JSON returns JSON of encoding/json in which what [Text] would not show as it is
// (controls, what turns the direction of writing, what nobody sees, piles of marks) is
// written as \uXXXX. It is the same JSON: programs read the exact text, and a
// terminal that shows it does nothing. Outside strings JSON is ASCII, so only
// strings are touched.
func JSON(line string) string {
	if plainASCII(line) {
		return line
	}
	var out strings.Builder
	out.Grow(len(line))
	walk(line, func(r rune, as role) {
		if as == itself {
			out.WriteRune(r)
			return
		}
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			escape(&out, high)
			escape(&out, low)
			return
		}
		escape(&out, r)
	})
	return out.String()
}

func escape(out *strings.Builder, r rune) {
	const digits = "0123456789abcdef"
	out.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		out.WriteByte(digits[r>>shift&15])
	}
}
