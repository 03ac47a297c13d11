//go:build !js

package peer

import (
	"bufio"
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// FuzzRequest has a node read whatever comes as a request, as far as it goes without
// making a link of it.
func FuzzRequest(f *testing.F) {
	self, other := Hello{Instance: Instance{1}}, Instance{2}
	sdp := "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
	head := "Host: 10.0.0.1\r\nLanyap-Version: 1\r\nLanyap-Room: " + RoomTag("lan") + "\r\nLanyap-Instance: " + other.String() +
		"\r\nLanyap-For: " + self.Instance.String() + "\r\nLanyap-Port: 7475\r\n"
	f.Add([]byte("POST /v1/offer HTTP/1.1\r\n" + head + "Content-Type: application/sdp\r\nContent-Length: 120\r\n\r\n" + sdp))
	f.Add([]byte("POST /v1/offer HTTP/1.1\r\n" + head + "Lanyap-Proof: 1 00\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nv=0\n\r\n0\r\n\r\n"))
	f.Add([]byte("POST /v1/watch HTTP/1.1\r\n" + head + "Lanyap-Proof: 9 ff\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("GET /v1/watch?proof=1&instance=" + other.String() + " HTTP/1.1\r\n" + head + "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n" +
		"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"))
	f.Add([]byte("GET /v1/offer HTTP/1.1\r\nHost: [fe80::1%25eth0]:7475\r\n\r\n"))
	f.Add([]byte("OPTIONS * HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		defer r.Body.Close()
		r.RemoteAddr = "10.9.9.9:1234"
		tr := &Transport{limits: newLimits(), sockets: &sockets{}, tag: RoomTag("lan"), self: self, log: slog.New(slog.DiscardHandler)}
		tr.tokens.self = self.Instance
		tr.tokens.set(other, token{1}, noLink)
		if who, err := tr.meet(r); err == nil {
			if who.instance == self.Instance || who.remote.Addr() != netip.MustParseAddr("10.9.9.9") {
				t.Errorf("met %+v", who)
			}
			if o, err := tr.readOffer(httptest.NewRecorder(), r, who); err == nil && o.proven {
				t.Error("an offer without a token is proven")
			}
		}
		if key, err := webSocketKey(r); err == nil && len(key) != 24 {
			t.Errorf("a key of %d characters", len(key))
		}
		if _, err := tr.whoseWatch(r); err == nil {
			t.Error("a watch without a token is proven")
		}
		if _, err := tr.whosePageWatch(r); err == nil {
			t.Error("a page's watch without a token is proven")
		}
		if h := r.Header["Origin"]; len(h) > 0 && h[0] != "" && h[0] != "http://"+r.Host && !foreign(r) {
			t.Errorf("%q is at home at %q", h[0], r.Host)
		}
	})
}
