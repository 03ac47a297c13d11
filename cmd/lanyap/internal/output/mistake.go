package output

import "github.com/lanyap/lanyap/cmd/lanyap/internal/safe"

// Mistake returns the two lines that tell a user what went wrong and what to
// do next, without the last line feed.
func Mistake(text, hint string) string {
	return "error: " + safe.Line(text) + "\nhint: " + safe.Line(hint)
}
