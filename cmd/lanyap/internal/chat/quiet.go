package chat

import (
	"io"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
)

// quiet is a face that is spared who comes and goes. What is missing, and what
// did not reach somebody, it is still shown.
type quiet struct{ Face }

// Show implements [Face].
func (q quiet) Show(ev Event) error {
	switch ev.(type) {
	case Ready, Page, Joined, Rerouted, Left, Twice:
		return nil
	}
	return q.Face.Show(ev)
}

// NewMistakes returns a face that writes the error and hint lines of mistakes
// to w, and who has another secret, and shows nothing else, messages neither.
func NewMistakes(w io.Writer) Face { return mistakes{w} }

type mistakes struct{ w io.Writer }

func (m mistakes) Show(ev Event) error {
	switch ev := ev.(type) {
	case Warning:
		if ev.Hint != "" {
			_, _ = io.WriteString(m.w, output.Mistake(ev.Text, ev.Hint)+"\n")
		}
	case OtherSecret:
		_, _ = io.WriteString(m.w, notice(ev, nil)+"\n")
	}
	return nil
}
