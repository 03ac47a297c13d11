package web

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"os/exec"
	"strings"
	"testing"

	reader "github.com/piglig/go-qr"
)

// photo returns what a camera sees of a code, each module 4 by 4.
func photo(rows []string) image.Image {
	const scale, quiet = 4, 4
	img := image.NewGray(image.Rect(0, 0, (len(rows)+2*quiet)*scale, (len(rows)+2*quiet)*scale))
	for y := range img.Rect.Max.Y {
		for x := range img.Rect.Max.X {
			row, column := y/scale-quiet, x/scale-quiet
			within := row >= 0 && row < len(rows) && column >= 0 && column < len(rows)
			if within && rows[row][column] == '1' {
				continue
			}
			img.SetGray(x, y, color.Gray{255})
		}
	}
	return img
}

// TestCodesAreRead: what the page draws of each version is read by a reader.
func TestCodesAreRead(t *testing.T) {
	texts := []string{
		"http://10.0.0.7:7475/#room=kitchen&secret=cleft-cam-synopsis-sleep-grimy&until=1795000000", "", "7475",
		"http://10.0.0.7:7475/#room=K\u00fcche&secret=a-b-c-d-e-f-g",
	}
	for n := 1; n <= 520; n += 17 { // those of version 15 have 520 bytes at most
		texts = append(texts, strings.Repeat("kitchen", n/7+1)[:n])
	}
	given, err := json.Marshal(append(texts, strings.Repeat("x", 521)))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node(t), "testdata/js/code.mjs")
	cmd.Stdin = bytes.NewReader(given)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var codes [][]string
	if err := json.Unmarshal(out, &codes); err != nil || len(codes) != len(texts)+1 {
		t.Fatalf("%d codes: %v", len(codes), err)
	}
	for i, text := range texts {
		if text == "" {
			continue // a reader takes that for nothing
		}
		if got, err := reader.Decode(photo(codes[i])); err != nil || got != text {
			t.Errorf("%d bytes, %d modules wide: read as %q, %v", len(text), len(codes[i]), got, err)
		}
	}
	if len(codes[len(texts)]) != 0 {
		t.Error("more than a code holds has one")
	}
}
