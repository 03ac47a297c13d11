package screen

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Indent starts the second and further lines of a text, so that nobody can write
// a line that looks like somebody else's.
const Indent = "    "

// LayOut breaks text into lines that are narrower than the screen, so that
// lines after the first are indented and nobody's text looks like somebody
// else's.
func LayOut(text string, width int) []string {
	width = max(width-1, 2*len(Indent))
	text = strings.ReplaceAll(text, "\t", Indent)
	var lines []string
	for line := range strings.SplitSeq(ansi.Wrap(text, width-len(Indent), ""), "\n") {
		lines = append(lines, split(line, width-len(Indent))...)
	}
	for i := range lines[1:] {
		lines[i+1] = Indent + lines[i+1]
	}
	return lines
}

// maxCells is how wide one character may be that is made of several: a family of
// four, where a terminal draws each of them.
const maxCells = 8

// cells returns how wide a text may become. Terminals do not agree: some draw what
// belongs together (Unicode Standard Annex #29) in one place, and others give each
// part its own, so that a word of a hundred vowels is as wide as one, or as a
// hundred. What is wider than was thought goes on in the next row, without its
// indent.
func cells(text string) int { return max(ansi.StringWidth(text), ansi.StringWidthWc(text)) }

// split breaks a line whose characters may be wider than ansi.Wrap takes them for.
func split(line string, width int) []string {
	if cells(line) <= width {
		return []string{line}
	}
	var lines []string
	used, start := 0, 0
	for i := 0; i < len(line); {
		size, wide := next(line[i:])
		if used+wide > width && i > start {
			lines = append(lines, line[start:i])
			used, start = 0, i
		}
		used += wide
		i += size
	}
	return append(lines, line[start:])
}

// next returns how many bytes of s stay together, and how wide they may become.
func next(s string) (size, wide int) {
	if end := strings.IndexByte(s, 'm'); s[0] == 0x1b && end > 0 {
		return end + 1, 0 // a colour of ours
	}
	cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	if wide = cells(cluster); wide <= maxCells {
		return len(cluster), wide
	}
	_, size = utf8.DecodeRuneInString(s)
	return size, cells(s[:size])
}
