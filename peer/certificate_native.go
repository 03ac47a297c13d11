//go:build !js

package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/pion/webrtc/v4"
)

// A certificate of ours says nothing that a clock could make wrong: it is made
// anew with every start and believed for its fingerprint alone. Its dates are
// therefore those that mean none. A board without a battery begins in 1970 and
// is then set right; a node runs for years; and pion refuses to use its own
// certificate once that has expired.
var (
	certificateBegins = time.Unix(0, 0).UTC()
	certificateEnds   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) // "no well-defined expiration date", RFC 5280 §4.1.2.5
)

// newCertificate makes a certificate as DTLS and TLS use it: P-256, as browsers
// have. It is never the identity: DTLS 1.2 shows it in clear.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("peer: certificate: %w", err)
	}
	serial := make([]byte, 16) // RFC 5280 §4.1.2.2 allows 20
	rand.Read(serial)
	template := x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: "WebRTC"}, // as pion and Firefox have it: nothing of us
		NotBefore:    certificateBegins,
		NotAfter:     certificateEnds,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("peer: certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("peer: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// forDTLS is the certificate as pion takes it, and its fingerprint.
func forDTLS(c tls.Certificate) (webrtc.Certificate, [sha256.Size]byte) {
	return webrtc.CertificateFromX509(c.PrivateKey, c.Leaf), sha256.Sum256(c.Leaf.Raw)
}
