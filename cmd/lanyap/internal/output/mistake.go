package output

// Mistake returns the two lines that tell a user what went wrong and what to
// do next, without the last line feed.
func Mistake(text, hint string) string {
	return "error: " + Line(text) + "\nhint: " + Line(hint)
}
