package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// wasmOf is one with a code section and the segments.
func wasmOf(segments ...segment) []byte {
	data := appendData(nil, segments)
	b := []byte("\x00asm\x01\x00\x00\x00\x0a\x02ab\x0b")
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

// memory is what a wasm begins with, and how many segments that took.
func memory(t *testing.T, wasm []byte, size int) (p []byte, segments int) {
	t.Helper()
	p = make([]byte, size)
	r := reader{wasm[wasmHeader:]}
	for len(r.left) > 0 {
		id := r.take(1)[0]
		section := r.take(r.unsigned())
		if id != dataSection {
			continue
		}
		list, err := parseData(section)
		if err != nil {
			t.Fatal(err)
		}
		segments = len(list)
		for _, s := range list {
			copy(p[s.offset:], s.data)
		}
	}
	return p, segments
}

// TestJoinSegments keeps memory and the other sections as they are.
func TestJoinSegments(t *testing.T) {
	for what, tt := range map[string]struct {
		segments []segment
		want     int
	}{
		"none":           {nil, 0},
		"one":            {[]segment{{8192, []byte("a")}}, 1},
		"side by side":   {[]segment{{100, []byte("a")}, {101, []byte("b")}}, 1},
		"near":           {[]segment{{100, []byte("abc")}, {103 + maxZeros, []byte("d")}}, 1},
		"far":            {[]segment{{100, []byte("abc")}, {104 + maxZeros, []byte("d")}}, 2},
		"overlapping":    {[]segment{{100, []byte("abc")}, {102, []byte("xyz")}}, 2},
		"backwards":      {[]segment{{20000, []byte("b")}, {100, []byte("a")}}, 2},
		"several of all": {[]segment{{0, []byte("a")}, {64, []byte("b")}, {9000, []byte("c")}, {9100, []byte("d")}, {9101, []byte("e")}}, 2},
	} {
		t.Run(what, func(t *testing.T) {
			wasm := wasmOf(tt.segments...)
			joined, err := joinSegments(wasm)
			if err != nil {
				t.Fatal(err)
			}
			before, _ := memory(t, wasm, 32<<10)
			after, n := memory(t, joined, 32<<10)
			if !bytes.Equal(before, after) {
				t.Error("memory is another")
			}
			if n != tt.want {
				t.Errorf("%d segments, want %d", n, tt.want)
			}
			if !bytes.HasPrefix(joined, []byte("\x00asm\x01\x00\x00\x00\x0a\x02ab\x0b")) {
				t.Errorf("what comes before is %q", joined)
			}
		})
	}
}

// TestJoinSegmentsOfSomethingElse is an error.
func TestJoinSegmentsOfSomethingElse(t *testing.T) {
	whole := wasmOf(segment{100, []byte("abc")})
	for n := range len(whole) {
		if n == wasmHeader || n == wasmHeader+4 {
			continue // no section, and one
		}
		if got, err := joinSegments(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes became %q", n, len(whole), got)
		}
	}
	passive := slices.Replace(slices.Clone(whole), 15, 16, 1)
	if got, err := joinSegments(passive); err == nil {
		t.Errorf("a passive segment became %q", got)
	}
}

func TestSignedNumbers(t *testing.T) {
	for _, v := range []int64{0, 1, 63, 64, 127, 128, 8191, 8192, 1 << 20, math.MaxInt32, -1, -64, -65, math.MinInt32} {
		b := appendSigned(nil, v)
		r := reader{b}
		if got := r.signed(); got != v || len(r.left) != 0 {
			t.Errorf("%d is written as %x and read as %d", v, b, got)
		}
	}
}
