package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestArrows holds which package may import which: discovery and peer know
// nothing of each other, mesh stands on both, the program on mesh.
func TestArrows(t *testing.T) {
	const module = "github.com/lanyap/lanyap/"
	forbidden := map[string][]string{
		"discovery":           {"peer", "mesh", "cmd", "github.com/pion/"},
		"peer":                {"discovery", "mesh", "cmd", "github.com/hashicorp/mdns"},
		"peer/name":           {"peer", "discovery", "mesh", "cmd", "net", "github.com/pion/"},
		"peer/logger":         {"peer", "discovery", "mesh", "cmd", "net", "github.com/pion/"},
		"mesh":                {"cmd", "mesh/meshtest", "github.com/pion/", "github.com/hashicorp/mdns"},
		"mesh/internal/wire":  {"mesh", "discovery", "peer", "cmd", "net", "net/http", "github.com/pion/"},
		"mesh/internal/store": {"mesh", "discovery", "peer", "cmd"},
		"mesh/internal/share": {"mesh", "discovery", "peer", "cmd"},
		"mesh/meshtest":       {"cmd", "mesh/internal", "github.com/pion/"},
		"cmd/lanyap":          {"mesh/internal", "github.com/pion/", "github.com/hashicorp/mdns"},
		"cmd/lanyap/internal": {"github.com/hashicorp/mdns"},
	}
	// Git refuses to tell of a copy that belongs to somebody else, and then so
	// does go list, unless told not to ask.
	out, err := exec.Command("go", "list", "-buildvcs=false", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		for rule, banned := range forbidden {
			if from != rule && !(strings.HasSuffix(rule, "internal") && strings.HasPrefix(from, rule)) {
				continue
			}
			for _, imported := range fields[1:] {
				own := strings.TrimPrefix(imported, module)
				if own == "peer/name" || own == "peer/logger" || own == "mesh/internal/share" {
					continue // pure rules, and what all log to, are everybody's
				}
				if slices.ContainsFunc(banned, func(b string) bool {
					return own == b || strings.HasPrefix(own, strings.TrimSuffix(b, "/")+"/") && b != "net"
				}) {
					t.Errorf("%s imports %s", from, imported)
				}
			}
		}
	}
}

// foreign is a type of a library below, wherever in a signature it stands.
var foreign = regexp.MustCompile(`\b(webrtc|datachannel|mdns|dns|dnsmessage|ice|stun|sctp|dtls|bbolt|cobra|pflag|tea|rate)\.[A-Z]`)

// TestNoForeignTypes holds that nobody needs to know which libraries are
// below: none of their types is in an exported signature.
func TestNoForeignTypes(t *testing.T) {
	for _, pkg := range []string{"discovery", "peer", "mesh", "mesh/meshtest"} {
		out, err := exec.Command("go", "doc", "-all", "github.com/lanyap/lanyap/"+pkg).Output()
		if err != nil {
			t.Fatalf("go doc: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			if exportsForeign(line) {
				t.Errorf("%s exports %s", pkg, strings.TrimSpace(line))
			}
		}
	}
}

// exportsForeign reports whether a line of go doc is code that names a foreign
// type. What is indented by spaces is prose.
func exportsForeign(line string) bool {
	if strings.HasPrefix(line, " ") {
		return false
	}
	code, _, _ := strings.Cut(line, "//")
	return foreign.MatchString(code)
}

func TestForeignTypesAreSeen(t *testing.T) {
	for line, want := range map[string]bool{
		"func New(pc *webrtc.PeerConnection) *Conn":                    true,
		"func (c *Conn) Candidates() []webrtc.ICECandidate":            true,
		"\tStats map[string]ice.CandidatePairStats":                    true,
		"\tEvents chan<- mdns.ServiceEntry":                            true,
		"\tOn func(...sctp.Association) [4]*stun.Message":              true,
		"type Pair[T any] struct{ List Other[webrtc.SDPType] }":        true,
		"type Alias = dns.Msg":                                         true,
		"func (l *LAN) Announce(ctx context.Context, s Service) error": false,
		"\tDevice device.Name // not an ice.Agent":                     false,
		"    A Conn wraps a webrtc.PeerConnection.":                    false,
	} {
		if got := exportsForeign(line); got != want {
			t.Errorf("%q: foreign %t, want %t", line, got, want)
		}
	}
}
