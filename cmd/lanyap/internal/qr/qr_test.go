package qr

import (
	"image"
	"image/color"
	"strings"
	"testing"
	"unicode/utf8"

	reader "github.com/piglig/go-qr"
)

// photo returns what a camera sees of a drawing, each module 4 by 4.
func photo(t *testing.T, drawing string, colored bool) image.Image {
	t.Helper()
	const scale = 4
	lines := strings.Split(drawing, "\n")
	for i := range lines {
		if colored {
			inner, ok := strings.CutPrefix(lines[i], blackOnWhite)
			if !ok || !strings.HasSuffix(inner, reset) {
				t.Fatalf("line %d has no colours of its own: %q", i, lines[i])
			}
			lines[i] = strings.TrimSuffix(inner, reset)
		}
	}
	width := utf8.RuneCountInString(lines[0])
	img := image.NewGray(image.Rect(0, 0, width*scale, 2*len(lines)*scale))
	for row, line := range lines {
		if n := utf8.RuneCountInString(line); n != width {
			t.Fatalf("line %d has %d columns, the first has %d", row, n, width)
		}
		for column, glyph := range []rune(line) {
			ink := map[rune][2]bool{'█': {true, true}, '▀': {true, false}, '▄': {false, true}, ' ': {}}[glyph]
			for half, printed := range ink {
				shade := color.Gray{0}
				if printed != colored {
					shade.Y = 255
				}
				for i := range scale * scale {
					img.SetGray(column*scale+i%scale, (2*row+half)*scale+i/scale, shade)
				}
			}
		}
	}
	return img
}

func TestIsRead(t *testing.T) {
	for _, text := range []string{
		"http://10.0.0.7:7475/",
		"http://192.168.100.200:65535/",
		"http://[fd12:3456:789a:bcde:f012:3456:789a:bcde]:7475/",
		"7475",
		"HELLO",
	} {
		for _, colored := range []bool{true, false} {
			drawing, ok := Draw(text, 80, colored)
			if !ok {
				t.Errorf("%s: not drawn", text)
				continue
			}
			if got, err := reader.Decode(photo(t, drawing, colored)); err != nil || got != text {
				t.Errorf("%s, in colour %t: read as %q, %v", text, colored, got, err)
			}
			if lines := strings.Count(drawing, "\n") + 1; lines > 21 {
				t.Errorf("%s: %d lines, too many for most terminals", text, lines)
			}
		}
	}
}

func TestNoRoom(t *testing.T) {
	const text = "http://10.0.0.7:7475/"
	drawing, _ := Draw(text, 80, false)
	first, _, _ := strings.Cut(drawing, "\n")
	need := utf8.RuneCountInString(first)
	if _, ok := Draw(text, need, true); !ok {
		t.Errorf("not drawn where it just fits")
	}
	for _, width := range []int{need - 1, 10, 0, -1} {
		if drawing, ok := Draw(text, width, true); ok || drawing != "" {
			t.Errorf("drawn in %d columns", width)
		}
	}
	if _, ok := Draw(strings.Repeat("x", 5000), 10000, true); ok {
		t.Error("more is drawn than a code can hold")
	}
}
