package transfer

import (
	"bufio"
	"io"
	"strings"
)

// LineKeys returns the first letter of each line of r, for terminals of which
// single keys cannot be had. It reads for as long as the program runs.
func LineKeys(r io.Reader) <-chan rune {
	keys := make(chan rune)
	go func() {
		defer close(keys)
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			for _, key := range strings.TrimSpace(lines.Text()) {
				keys <- key
				break
			}
		}
	}()
	return keys
}
