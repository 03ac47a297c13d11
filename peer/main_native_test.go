//go:build !js

package peer_test

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// Most tests link over the loopback interface. A network namespace that nobody
// has set up has one that is down.
func TestMain(m *testing.M) {
	if conn, err := net.Dial("udp4", "127.0.0.1:9"); err == nil {
		conn.Close()
	} else if os.Getenv("LANYAP_LAB") != "required" {
		fmt.Printf("SKIP: these tests need a loopback interface that is up: %v\n", err)
		return
	}
	os.Exit(m.Run())
}
