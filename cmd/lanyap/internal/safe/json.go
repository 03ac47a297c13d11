package safe

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// JSON replaces the characters that encoding/json leaves and a
// terminal may obey (delete, C1 controls, bidirectional overrides) by \uXXXX.
// Outside strings JSON is ASCII, so only strings are touched.
func JSON(line string) string {
	if strings.IndexFunc(line, mustEscape) < 0 {
		return line
	}
	var out strings.Builder
	for _, r := range line {
		switch {
		case !mustEscape(r):
			out.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

func mustEscape(r rune) bool {
	return r == 0x7f || r >= utf8.RuneSelf && invisible(r)
}
