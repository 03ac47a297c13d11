//go:build nolog

package logger

// Logger drops all.
type Logger struct{}

// Discard returns one.
func Discard() *Logger { return new(Logger) }

// Debug does nothing.
func (*Logger) Debug(string, ...any) {}

// Info does nothing.
func (*Logger) Info(string, ...any) {}

// Warn does nothing.
func (*Logger) Warn(string, ...any) {}

// Error does nothing.
func (*Logger) Error(string, ...any) {}
