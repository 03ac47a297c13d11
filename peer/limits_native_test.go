//go:build !js

package peer

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
)

// TestRequestsPay has one host far away ask without end, with a proof that is
// none and without: no request is answered for nothing. A member at the same
// address still proves its link.
func TestRequestsPay(t *testing.T) {
	tests := []struct {
		name         string
		method, path string
		change       map[string]string
		want         int // how many are answered at once
	}{
		{"questions", "GET", offerPath, nil, sourceBurst},
		{"other paths", "POST", "/", nil, sourceBurst},
		{"offers", "POST", offerPath, nil, sourceBurst / offerCost},
		{"offers of another version", "POST", offerPath, map[string]string{headerVersion: "0"}, sourceBurst},
		{"offers of another type", "POST", offerPath, map[string]string{"Content-Type": "text/plain"}, sourceBurst / offerCost},
		{"watches", "POST", watchPath, nil, sourceBurst},
		{"watches of another version", "POST", watchPath, map[string]string{headerVersion: "0"}, sourceBurst},
	}
	member := anyInstance()
	for _, proof := range []string{"", "1 x"} {
		for _, tt := range tests {
			t.Run(tt.name+" with proof "+proof, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr := &Transport{
						limits: newLimits(), sockets: &sockets{}, tag: RoomTag("lan"),
						self: Hello{Instance: anyInstance()}, log: slog.New(slog.DiscardHandler),
					}
					tr.tokens.self = tr.self.Instance
					theirs := &tokens{self: member}
					theirs.set(tr.self.Instance, token{1}, noLink)
					tr.tokens.set(member, token{1}, noLink)
					send := func(method, path, proof string, change map[string]string) int {
						r := httptest.NewRequest(method, "http://10.0.0.1"+path, strings.NewReader(""))
						r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr("10.9.9.9"), 1234).String()
						r.Header = http.Header{
							headerVersion: {protocolVersion}, headerInstance: {member.String()}, headerRoom: {tr.tag},
							headerPort: {"9"}, headerFor: {tr.self.Instance.String()}, "Content-Type": {sdpType},
						}
						if proof != "" {
							r.Header.Set(headerProof, proof)
						}
						for key, value := range change {
							r.Header.Set(key, value)
						}
						w := httptest.NewRecorder()
						tr.ServeHTTP(w, r)
						return w.Code
					}
					answered := 0
					for range 2 * sourceBurst {
						if send(tt.method, tt.path, proof, tt.change) != http.StatusServiceUnavailable {
							answered++
						}
					}
					if answered != tt.want {
						t.Errorf("%d are answered at once, want %d", answered, tt.want)
					}
					if code := send("POST", offerPath, theirs.prove(tr.self.Instance, purposeOffer, ""), nil); code != http.StatusBadRequest {
						t.Errorf("a member's offer gets %d, want to be read, and %d for what it says", code, http.StatusBadRequest)
					}
				})
			})
		}
	}
}
