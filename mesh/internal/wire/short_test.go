package wire_test

import (
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// TestLongestLengths: a length of 255 is one more than a byte can count, with itself.
func TestLongestLengths(t *testing.T) {
	const header = 1 + 40 + 3*8 // of a message, before its topic
	message := append(make([]byte, header), 255)
	message[0] = wire.Broadcast
	message = append(message, make([]byte, 400)...)
	if _, err := wire.ParseMessage(message); err == nil {
		t.Error("a message with a topic of 255 bytes is taken")
	}
	own := append(record(wire.Record{}), make([]byte, 600)...)
	const name = 32 + wire.SaltSize + 8 + 32
	own[name] = 255
	if _, _, _, err := wire.ParseRecord(own); err == nil {
		t.Error("a record with a name of 255 bytes is taken")
	}
	own[name], own[name+1], own[name+2] = 0, 1, 255
	if _, _, _, err := wire.ParseRecord(own); err == nil {
		t.Error("a record with a topic of 255 bytes is taken")
	}
}
