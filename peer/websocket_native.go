//go:build !js

package peer

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// webSocketGUID is what a server proves with that it speaks the protocol (RFC 6455
// §1.3).
const webSocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// webSocketKey returns the key of a request to open a WebSocket (RFC 6455 §4.2.1).
func webSocketKey(r *http.Request) (string, error) {
	key := r.Header.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	switch {
	case r.Method != http.MethodGet || r.ContentLength != 0 || !r.ProtoAtLeast(1, 1):
		return "", errNoWebSocket
	case !says(r.Header, "Connection", "upgrade") || !says(r.Header, "Upgrade", "websocket"):
		return "", errNoWebSocket
	case r.Header.Get("Sec-WebSocket-Version") != "13" || err != nil || len(nonce) != 16:
		return "", errNoWebSocket
	}
	return key, nil
}

var errNoWebSocket = &errStatus{http.StatusBadRequest, "that is to be a WebSocket of version 13"}

// says reports whether a header's list has a word, however it is written.
func says(h http.Header, name, word string) bool {
	for _, line := range h[name] {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), word) {
				return true
			}
		}
	}
	return false
}

// upgrade answers a request with a WebSocket, and returns the connection below it.
// Nobody says anything on it (see watch), so there is nothing here for frames.
func upgrade(w http.ResponseWriter, key string) (net.Conn, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(key + webSocketGUID))
	_, err = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
	if rw.Reader.Buffered() > 0 {
		err = errProtocol // it talks
	}
	err = errors.Join(err, conn.SetDeadline(time.Now().Add(httpTimeout)), rw.Flush(), conn.SetDeadline(time.Time{}))
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}
