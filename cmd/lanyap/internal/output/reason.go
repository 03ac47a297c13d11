package output

import (
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
)

// packages are those whose names stand before errors that people are shown.
var packages = []string{"peer: ", "share: ", "source: ", "manifest: ", "landing: "}

// Reason returns an error as one line for people, who do not know the packages
// that it comes from.
func Reason(err error) string {
	text := err.Error()
	for before := ""; before != text; {
		before = text
		for _, name := range packages {
			text = strings.TrimPrefix(text, name)
		}
	}
	return safe.Line(text)
}
