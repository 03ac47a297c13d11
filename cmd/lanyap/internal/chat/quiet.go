package chat

import (
	"io"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
)

// quiet is a face that is spared what a script does not want to see on its
// standard error: who comes and goes, and what became of what was said, which
// the exit code tells.
type quiet struct{ Face }

// Show implements [Face].
func (q quiet) Show(ev Event) error {
	switch ev := ev.(type) {
	case Ready, Joined, Left, Gap, Delivered, Undelivered:
		return nil
	case Warning:
		if ev.Hint == "" {
			return nil
		}
	}
	return q.Face.Show(ev)
}

// NewMistakes returns a face that writes the error and hint lines of mistakes
// to w, and shows nothing else, messages neither.
func NewMistakes(w io.Writer) Face { return mistakes{w} }

type mistakes struct{ w io.Writer }

func (m mistakes) Show(ev Event) error {
	if warning, ok := ev.(Warning); ok && warning.Hint != "" {
		_, _ = io.WriteString(m.w, output.Mistake(warning.Text, warning.Hint)+"\n")
	}
	return nil
}
