//go:build linux

package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// marionette is a connection to a Firefox: each message is its length in digits,
// a colon and JSON, one answer for one command
// (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	last int
}

// newMarionette reads what the browser says of itself.
func newMarionette(conn net.Conn) (*marionette, error) {
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, err := m.read()
	return m, err
}

// call has the browser do something. result may be nil. A session script has its
// own time limit, which is shorter than the one here.
func (m *marionette) call(command string, params, result any) error {
	if params == nil {
		params = object{}
	}
	m.last++
	data, err := json.Marshal([]any{0, m.last, command, params})
	if err != nil {
		return err
	}
	if err := m.conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return fmt.Errorf("browser: %s: %w", command, err)
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(data), data); err != nil {
		return fmt.Errorf("browser: %s: %w", command, err)
	}
	answer, err := m.read()
	if err != nil {
		return fmt.Errorf("browser: %s: %w", command, err)
	}
	var failure *struct{ Error, Message string }
	parts := []any{new(int), new(int), &failure, result}
	if err := json.Unmarshal(answer, &parts); err != nil {
		return fmt.Errorf("browser: %s: %w", command, err)
	}
	if failure != nil {
		return fmt.Errorf("browser: %s: %s: %s", command, failure.Error, failure.Message)
	}
	return nil
}

// maxMarionette bounds a message; screenshots are the longest.
const maxMarionette = 64 << 20

func (m *marionette) read() ([]byte, error) {
	digits, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(strings.TrimSuffix(digits, ":"))
	if err != nil || size < 0 || size > maxMarionette {
		return nil, fmt.Errorf("a message of %q bytes", digits)
	}
	data := make([]byte, size)
	_, err = io.ReadFull(m.in, data)
	return data, err
}
