//go:build linux

package hosts

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/peer"
)

// inPrivate are the arguments of who enters a room with a secret.
func inPrivate(t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--secret-file", path}
}

// TestInBetween has somebody between two nodes that cannot reach each other but
// through it: it ends both legs with certificates of its own and passes on what they
// say, the proof of the room's secret included, or says it again; or has them talk to
// each other, with other fingerprints in what they signal. Another says back all that
// a node says. None of them becomes a member, and in a room with a secret none is told
// who is there.
func TestInBetween(t *testing.T) {
	t.Parallel()
	nobody := peer.ID{}.Instance(peer.NewSalt()).String()
	for name, c := range map[string]struct {
		order hostile.Order
		open  bool // the room is
		await string
	}{
		"its own certificates":                 {hostile.Order{Do: "between", Rate: 10}, false, "replayed"},
		"its own certificates, as nobody":      {hostile.Order{Do: "between", Rate: 10, As: nobody}, false, "replayed"},
		"its own certificates in an open room": {hostile.Order{Do: "between", Rate: 10}, true, "replayed"},
		"other fingerprints":                   {hostile.Order{Do: "swaps", Rate: 10}, false, "packets"},
		"a mirror":                             {hostile.Order{Do: "mirrors", Rate: 5}, false, "mirrored"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var room []string
			if !c.open {
				room = inPrivate(t)
			}
			s := besiege(t, 1, room...)
			f := startFoe(t, s.foes[0], at(s.nodes[0], c.order))
			s.hosts[3].Block(s.hosts[0])
			s.holds(room...)
			f.awaits(s.Lab, c.await, 1)
			t.Log(f.counts())
			if told := f.count("told"); (told > 0) != c.open {
				t.Errorf("it was told %d times who is there", told)
			}
			f.Kill()
			s.ends()
		})
	}
}
