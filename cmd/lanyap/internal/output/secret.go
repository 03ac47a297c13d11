package output

import (
	"fmt"
	"net/netip"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
)

// RoomName returns a room for people.
func RoomName(room string, private bool) string {
	if private {
		return "private room " + safe.Line(room)
	}
	return "room " + safe.Line(room)
}

// OtherSecret tells who is in a room, private or not, that somebody at addr is in one of
// the same name, and that its secret is another one.
func OtherSecret(addr netip.Addr, private bool) string {
	if private {
		return fmt.Sprintf("%v has another secret for this room, or none: you do not see each other", addr)
	}
	return fmt.Sprintf("%v is in a private room of this name, which you are not in: --ask-secret or --secret-file lets you in", addr)
}
