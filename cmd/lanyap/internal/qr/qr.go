// Package qr draws QR codes on terminals.
//
// The code itself is made by rsc.io/qr, which is small and done. Of those that are
// worked on, github.com/piglig/go-qr costs every start of a program 0.2 ms and half a
// MiB for a table of kanji, whether or not a code is drawn: it reads, in the test,
// what is drawn here. github.com/mdp/qrterminal draws with rsc.io/qr too, in the
// colours that the terminal has.
package qr

import (
	"strings"

	"rsc.io/qr"
)

// quiet is how many modules around the code are white (ISO/IEC 18004, 5.3.8).
const quiet = 4

// Black on white, of the 256 colours: those of the 16 are what somebody likes.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	reset        = "\x1b[0m"
)

// Draw returns the code of a text as lines without the last line feed, two modules
// in a character one above the other. With color it is black on white, whatever the
// colours of the terminal. Without, what is printed is taken for white, as on a dark
// terminal; on a light one it is the negative, which most readers take as well.
//
// Where it is wider than width columns, or the text is too long, there is none.
func Draw(text string, width int, color bool) (code string, ok bool) {
	c, err := qr.Encode(text, qr.L)
	if err != nil || c.Size+2*quiet > width {
		return "", false
	}
	// Upper and lower module dark. With color the dark ones are printed.
	glyphs := map[[2]bool]string{{false, false}: "█", {false, true}: "▀", {true, false}: "▄", {true, true}: " "}
	if color {
		glyphs = map[[2]bool]string{{false, false}: " ", {false, true}: "▄", {true, false}: "▀", {true, true}: "█"}
	}
	var lines []string
	for y := -quiet; y < c.Size+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < c.Size+quiet; x++ {
			line.WriteString(glyphs[[2]bool{c.Black(x, y), c.Black(x, y+1)}])
		}
		if color {
			lines = append(lines, blackOnWhite+line.String()+reset)
			continue
		}
		lines = append(lines, line.String())
	}
	return strings.Join(lines, "\n"), true
}
