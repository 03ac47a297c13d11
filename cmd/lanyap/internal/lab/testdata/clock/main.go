// Command clock tells, for each line of input, what its wall clock shows and
// how long it has run by the monotonic one.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"time"
)

// started is asked for as early as a program can.
var started = time.Now()

func main() {
	out := json.NewEncoder(os.Stdout)
	tell := func(kind string) {
		out.Encode(map[string]any{"type": kind, "id": "clock", "time": time.Now(), "sent": started.Round(0), "text": time.Since(started).String()})
	}
	tell("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		tell("message")
	}
}
