// Command build makes the page's program, which is in the repository because a
// fresh machine has to run a node without making it: assets/lanyap.wasm.gz, and
// assets/wasm_exec.js, which Go's own wasm starts with. Run it by
//
//	go generate ./cmd/lanyap/internal/web
//
// With -check it builds, writes nothing, and fails if what is there is not what
// this tree makes. The same tree makes the same bytes anywhere: the version of Go
// is the one named here, which the go command fetches if need be, and neither
// paths nor settings of the machine get in.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// toolchain is what the wasm is built with: another patch release makes other
// bytes, and has another wasm_exec.js.
const toolchain = "go1.26.8"

func main() {
	check := flag.Bool("check", false, "compare with what is there instead of writing it")
	logs := flag.Bool("logs", false, "make one that can log to the browser's console, for development: a tenth larger")
	flag.Parse()
	if err := run(*check, *logs); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run makes the files, from package web's folder.
func run(check, logs bool) error {
	b := builder{dir: ".", toolchain: toolchain, logs: logs}
	glue, err := b.glue()
	if err != nil {
		return err
	}
	wasm, err := b.wasm()
	if err != nil {
		return err
	}
	for name, made := range map[string][]byte{"wasm_exec.js": glue, "lanyap.wasm.gz": wasm} {
		if err := keep(filepath.Join("assets", name), made, check); err != nil {
			return err
		}
	}
	return nil
}

// keep has a file hold what was made, compressed if it ends in .gz. One that does
// so is left as it is: another version of Go may compress it to other bytes.
func keep(path string, made []byte, check bool) error {
	if there, err := unpacked(path); err == nil && bytes.Equal(there, made) {
		return nil
	}
	if check {
		return fmt.Errorf("%s is not what this tree makes: go generate ./cmd/lanyap/internal/web", path)
	}
	if filepath.Ext(path) == ".gz" {
		made = pack(made)
	}
	return os.WriteFile(path, made, 0o644)
}

func unpacked(path string) ([]byte, error) {
	p, err := os.ReadFile(path)
	if err != nil || filepath.Ext(path) != ".gz" {
		return p, err
	}
	r, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// pack compresses without a name and a time.
func pack(p []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	_, _ = w.Write(p)                                     // a Buffer takes all
	_ = w.Close()
	return b.Bytes()
}
