//go:build !nolog

package main

import (
	"log/slog"
	"syscall/js"

	"github.com/lanyap/lanyap/peer/logger"
)

// newLogger returns one that writes to the browser's console what is of a level or
// above; nil without one.
func newLogger(text string) *logger.Logger {
	if text == "" {
		return nil
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(text)) // info, if it is no level
	return slog.New(slog.NewTextHandler(console{}, &slog.HandlerOptions{Level: level}))
}

// console is the browser's.
type console struct{}

func (console) Write(p []byte) (int, error) {
	js.Global().Get("console").Call("log", string(p))
	return len(p), nil
}
