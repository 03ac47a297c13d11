//go:build !nolog

package peer

import "log/slog"

// LogValue implements [slog.LogValuer]; logs show the short form.
func (id ID) LogValue() slog.Value { return slog.StringValue(id.Short()) }

// LogValue implements [slog.LogValuer]; logs tell no more than whether there is one.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
