//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: this is a browser's program: build it with GOOS=js GOARCH=wasm")
	os.Exit(2)
}
