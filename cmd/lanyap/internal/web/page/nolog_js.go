//go:build nolog

package main

import "github.com/lanyap/lanyap/peer/logger"

func newLogger(string) *logger.Logger { return nil }
