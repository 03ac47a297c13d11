//go:build !js

// Command page is the member that lives in a browser's tab. It is built for
// GOOS=js GOARCH=wasm, by go generate in the folder above.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: this is a browser's program: build it with GOOS=js GOARCH=wasm")
	os.Exit(2)
}
