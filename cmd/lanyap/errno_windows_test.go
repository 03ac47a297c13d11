package main

import "fmt"

// portTaken is what listening on a taken port comes to.
var portTaken = fmt.Errorf("peer: TCP port 7475: %w", wsaInUse)
