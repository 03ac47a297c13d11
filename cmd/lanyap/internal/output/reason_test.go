package output

import (
	"errors"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
)

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"source: /x is a FIFO":               "/x is a FIFO",
		"share: source: manifest: two names": "two names",
		"landing: /x: no space\x1b[2J":       safe.Line("/x: no space\x1b[2J"),
		"mesh: closed":                       "mesh: closed",
		"peer: closed by the other side":     "closed by the other side",
		"":                                   "",
	} {
		if got := Reason(errors.New(text)); got != want {
			t.Errorf("%q is told as %q, want %q", text, got, want)
		}
	}
}
