//go:build !js

package peer

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/ice/v4"
)

const sampleSDP = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" +
	"a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=ice-ufrag:abcdefgh\r\na=ice-pwd:0123456789012345678901\r\n" +
	"a=candidate:1 1 udp 1 192.0.2.1 7475 typ host\r\na=end-of-candidates\r\n"

func TestParseDescription(t *testing.T) {
	d, err := parseDescription([]byte(sampleSDP))
	if err != nil {
		t.Fatal(err)
	}
	if d.ufrag != "abcdefgh" || d.fingerprint[1] != 0x11 {
		t.Errorf("got %+v", d)
	}
	if strings.Contains(d.sdp, "candidate") {
		t.Error("a stranger's candidates were kept: they say where we send")
	}
	print := sampleSDP[strings.Index(sampleSDP, "a=finger"):strings.Index(sampleSDP, "m=")]
	for name, sdp := range map[string]string{
		"empty":               "",
		"no fingerprint":      strings.Replace(sampleSDP, print, "", 1),
		"two fingerprints":    strings.Replace(sampleSDP, print, print+print, 1),
		"weak fingerprint":    strings.Replace(sampleSDP, "sha-256", "sha-1", 1),
		"short fingerprint":   strings.Replace(sampleSDP, ":EE:FF\r", "\r", 1),
		"garbage fingerprint": strings.Replace(sampleSDP, "00:11", "zz:11", 1),
		"video":               sampleSDP + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
		"two sections":        sampleSDP + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
		"no ufrag":            strings.Replace(sampleSDP, "a=ice-ufrag:abcdefgh\r\n", "", 1),
		"short ufrag":         strings.Replace(sampleSDP, "abcdefgh", "abc", 1),
		"many candidates":     sampleSDP + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 7475 typ host\r\n", maxCandidates),
		"half a line's end":   strings.Replace(sampleSDP, "a=mid", "a=x\ra=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=mid", 1),
		"long":                sampleSDP + strings.Repeat("a=x:y\r\n", maxDescription/7),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseDescription([]byte(sdp)); err == nil {
				t.Error("taken")
			}
		})
	}
}

// FuzzAccept gives pion what passes our own checks: it may refuse, and must not
// panic.
func FuzzAccept(f *testing.F) {
	f.Add([]byte(sampleSDP))
	s, err := openSocket(loopback, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.mux.Close() })
	made, err := newCertificate()
	if err != nil {
		f.Fatal(err)
	}
	t := &Transport{sockets: &sockets{served: map[netip.Addr]*socket{loopback: s}}}
	t.cert, _ = forDTLS(made)
	f.Fuzz(func(tt *testing.T, p []byte) {
		d, err := parseDescription(p)
		if err != nil {
			return
		}
		if strings.Contains(d.sdp, "\na=candidate:") {
			tt.Fatal("a candidate was kept")
		}
		ss, err := t.newSession(loopback, s.conn.local(), false)
		if err != nil {
			tt.Fatal(err)
		}
		defer ss.release()
		_, _ = ss.answer(tt.Context(), d)
	})
}

// TestCandidateOfLink writes candidates for addresses of one link alone, whose
// zones on Windows are people's words.
func TestCandidateOfLink(t *testing.T) {
	for _, zone := range []string{"", "%eth0", "%12", "%Wi-Fi 2", "%Ethernet 3 typ relay"} {
		addr := netip.MustParseAddrPort("[fe80::1" + zone + "]:7475")
		c, err := ice.UnmarshalCandidate(hostCandidate(addr))
		if err != nil {
			t.Errorf("zone %q: %v", zone, err)
			continue
		}
		if c.Address() != "fe80::1" || c.Port() != 7475 || c.Type() != ice.CandidateTypeHost {
			t.Errorf("zone %q: got %v", zone, c)
		}
	}
}
