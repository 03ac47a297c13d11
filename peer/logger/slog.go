//go:build !nolog

package logger

import "log/slog"

// Logger is package slog's.
type Logger = slog.Logger

// Discard returns one that drops all.
func Discard() *Logger { return slog.New(slog.DiscardHandler) }
