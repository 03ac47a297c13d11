// Package logger is what a library logs to: a [log/slog.Logger], or, where the
// program is built with the tag nolog, nothing at all.
//
// The tag is for the page, in which nobody reads a log, and which is fetched over
// the network: log/slog brings package log and all of encoding/json, a tenth of it.
package logger
