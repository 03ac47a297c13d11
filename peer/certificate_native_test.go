//go:build !js

package peer

import (
	"crypto/ecdsa"
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/webrtc/v4"
)

// TestLinkWhateverTheClockSaid links two nodes one of which started under a
// clock that was a quarter of a century behind, as that of a board without a
// battery is until its first time sync.
func TestLinkWhateverTheClockSaid(t *testing.T) {
	var early tls.Certificate
	synctest.Test(t, func(t *testing.T) { // its clock says 2000
		var err error
		if early, err = newCertificate(); err != nil {
			t.Fatal(err)
		}
	})
	a, b := listenHere(t), listenHere(t)
	a.cert, a.fingerprint = forDTLS(early)
	for from, to := range map[*Transport]*Transport{a: b, b: a} {
		near, err := from.Dial(t.Context(), Target{Addrs: to.Addrs()})
		if err != nil {
			t.Fatal(err)
		}
		far, err := to.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near.Close(nil)
		far.Close(nil)
		for to.claims.linked(from.self.Instance) != nil || from.claims.linked(to.self.Instance) != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

func listenHere(t testing.TB) *Transport {
	t.Helper()
	tr, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func TestCertificateIsValidAlways(t *testing.T) {
	c, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []time.Time{
		time.Unix(0, 0), time.Unix(1, 0), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Now(),
		time.Now().AddDate(100, 0, 0), time.Unix(1<<31, 0), time.Unix(1<<32, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		if now.Before(c.Leaf.NotBefore) || now.After(c.Leaf.NotAfter) {
			t.Errorf("at %v it is not valid: %v to %v", now, c.Leaf.NotBefore, c.Leaf.NotAfter)
		}
	}
	dtls, print := forDTLS(c)
	prints, err := dtls.GetFingerprints()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := parseFingerprint(prints[0].Algorithm + " " + prints[0].Value); got != print {
		t.Errorf("pion announces the fingerprint %x, we sign %x", got, print)
	}
	if _, err := webrtc.NewAPI().NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{dtls}}); err != nil {
		t.Error(err)
	}
}

// TestCertificateServesTLS holds that the key and its certificate are good for
// TLS 1.3 on both sides.
func TestCertificateServesTLS(t *testing.T) {
	c, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	cfg := &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true}
	server := tls.Server(far, cfg)
	done := make(chan error, 1)
	go func() { done <- server.HandshakeContext(t.Context()) }()
	client := tls.Client(near, cfg)
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, conn := range []*tls.Conn{client, server} {
		got := conn.ConnectionState().PeerCertificates[0]
		if key, ok := got.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(c.Leaf.PublicKey) {
			t.Errorf("the other side has %v", got.Subject)
		}
	}
}
