//go:build !windows

package main

import (
	"fmt"
	"syscall"
)

// portTaken is what listening on a taken port comes to.
var portTaken = fmt.Errorf("peer: TCP port 7475: %w", syscall.EADDRINUSE)
