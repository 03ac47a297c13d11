package peer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Bounds of a session description from the network.
const (
	maxDescription = 16 << 10 // bytes; ours has about 700
	maxCandidates  = 16       // lines; pion writes each of its own twice
	maxPorts       = 4        // of candidates that are looked at
	firstFreePort  = 1024     // below are those of well-known services (RFC 6335 §6): no program of a user's has them
)

// description is an SDP (RFC 8866) from the network that may be given to pion.
type description struct {
	sdp         string // without its candidates
	fingerprint [sha256.Size]byte
	ufrag       string
	ports       []uint16 // of its candidates, those that may be a page's; at most maxPorts
}

// parseDescription checks what the rest relies on: one section, and that one
// data channels; one certificate; a bounded number of candidates, which are
// left out, because where to send is not for the sender of an SDP to say.
func parseDescription(body []byte) (description, error) {
	if len(body) > maxDescription {
		return description{}, fmt.Errorf("peer: SDP is longer than %d bytes", maxDescription)
	}
	var (
		d                                        description
		kept                                     strings.Builder
		sections, prints, candidates, ufragments int
	)
	kept.Grow(len(body) + 64)
	for line := range strings.Lines(string(body)) {
		text := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.ContainsFunc(text, unicode.IsControl) {
			return description{}, errors.New("peer: SDP has control characters") // a parser may take one for a line's end
		}
		key, value, _ := strings.Cut(text, ":")
		switch {
		case strings.HasPrefix(text, "m="):
			sections++
			if !strings.HasPrefix(text, "m=application ") {
				return description{}, errors.New("peer: SDP has a section that is not for data channels")
			}
		case key == "a=fingerprint":
			prints++
			print, err := parseFingerprint(value)
			if err != nil {
				return description{}, err
			}
			d.fingerprint = print
		case key == "a=ice-ufrag":
			ufragments++
			d.ufrag = value
		case key == "a=candidate":
			candidates++
			d.addPort(value)
			continue
		case key == "a=end-of-candidates":
			continue
		}
		kept.WriteString(text)
		kept.WriteString("\r\n")
	}
	switch {
	case sections != 1:
		return description{}, fmt.Errorf("peer: SDP has %d sections, want 1", sections)
	case prints != 1:
		return description{}, fmt.Errorf("peer: SDP has %d fingerprints, want 1", prints)
	case ufragments != 1 || len(d.ufrag) < 4 || len(d.ufrag) > 256: // RFC 8839 §5.4
		return description{}, errors.New("peer: SDP needs one ice-ufrag of 4 to 256 characters")
	case candidates > maxCandidates:
		return description{}, fmt.Errorf("peer: SDP has more than %d candidates", maxCandidates)
	}
	d.sdp = kept.String()
	return d, nil
}

// addPort takes the port of a candidate. Its address counts for nothing.
func (d *description) addPort(line string) {
	c, ok := parseCandidate(strings.Fields(line))
	if !ok || c.port < firstFreePort || len(d.ports) == maxPorts || slices.Contains(d.ports, c.port) {
		return
	}
	d.ports = append(d.ports, c.port)
}

// parseFingerprint reads the value of a=fingerprint (RFC 8122 §5).
func parseFingerprint(value string) (print [sha256.Size]byte, err error) {
	algorithm, digits, _ := strings.Cut(value, " ")
	if !strings.EqualFold(algorithm, "sha-256") {
		return print, errors.New("peer: SDP fingerprint is not sha-256")
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil || len(raw) != len(print) {
		return print, errors.New("peer: SDP fingerprint is malformed")
	}
	return [sha256.Size]byte(raw), nil
}
