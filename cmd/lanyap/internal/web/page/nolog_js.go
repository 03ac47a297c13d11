//go:build nolog

package main

import "github.com/lanyap/lanyap/internal/logger"

func newLogger(string) *logger.Logger { return nil }
