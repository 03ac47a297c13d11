package wire

import "fmt"

// MaxPages is how many entries a pages frame has at the most.
const MaxPages = 128

// AppendPages appends a pages frame with the first [MaxPages] of the instances.
func AppendPages(dst []byte, pages [][8]byte) []byte {
	dst, start := begin(dst, TypePages)
	for _, in := range pages[:min(len(pages), MaxPages)] {
		dst = append(dst, in[:]...)
	}
	return end(dst, start)
}

// ParsePages reads a pages frame's payload.
func ParsePages(p []byte) ([][8]byte, error) {
	if len(p)%8 != 0 || len(p) > 8*MaxPages {
		return nil, fmt.Errorf("wire: pages: %d bytes are no instances", len(p))
	}
	var pages [][8]byte
	for ; len(p) > 0; p = p[8:] {
		pages = append(pages, [8]byte(p))
	}
	return pages, nil
}
