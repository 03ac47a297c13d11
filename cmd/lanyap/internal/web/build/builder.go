package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builder runs the go command in package web's folder.
type builder struct {
	dir       string
	toolchain string   // a version, or "local"
	logs      bool     // a page with log=LEVEL in its address logs to the console; else that code is left out
	env       []string // beside this process's
}

// wasm builds the page's program. Of the environment only where things are kept
// gets in.
func (b builder) wasm() ([]byte, error) {
	tmp, err := os.MkdirTemp("", "lanyap-wasm-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	out := filepath.Join(tmp, "lanyap.wasm")
	tags := "-tags=nolog"
	if b.logs {
		tags = "-tags="
	}
	_, err = b.run("build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-pgo=off", tags, "-gcflags=", "-asmflags=",
		"-ldflags=-s -w -buildid=", "-o", out, "./page")
	if err != nil {
		return nil, err
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return joinSegments(wasm)
}

// glue is the script that starts a wasm of this version of Go.
func (b builder) glue() ([]byte, error) {
	root, err := b.run("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(root), "lib", "wasm", "wasm_exec.js"))
}

func (b builder) run(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+b.toolchain, "GOOS=js", "GOARCH=wasm", "GOWASM=", "GOEXPERIMENT=",
		"GOFIPS140=off", "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=-modcacherw")
	cmd.Env = append(cmd.Env, b.env...)
	out, err := cmd.Output()
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		return "", fmt.Errorf("%s %s: %w\n%s", b.toolchain, strings.Join(cmd.Args, " "), err, failed.Stderr)
	case err != nil:
		return "", err
	}
	return string(out), nil
}
