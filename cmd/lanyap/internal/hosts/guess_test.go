//go:build linux

package hosts

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// secretFile holds the secret of a room; wrong is another.
func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("correct horse battery staple"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const wrongSecret = "incorrect horse battery staple"

// A node has five guesses at once, and one more each ten seconds, in each of two roles.
const (
	guessBurst = 5
	guessEvery = 10 * time.Second
)

// TestGuessers has two hosts guess the secret of a room, by dialing its members and by
// having them dial nodes that are none: each member lets them guess so often and no
// more. Who knows the secret comes in meanwhile.
func TestGuessers(t *testing.T) {
	t.Parallel()
	for name, do := range map[string][]string{"dialing": {"guesses"}, "answering": {"lures"}, "both": {"guesses", "lures"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := secretFile(t)
			s := besiege(t, 2, "--secret-file", secret)
			began := time.Now()
			var foes []*foe
			for _, h := range s.foes {
				foes = append(foes, guesser(t, h, s.nodes, do...))
			}
			for _, f := range foes {
				f.awaits(s.Lab, "guesses", 1)
			}
			s.holds("--secret-file", secret)
			took, guessed := time.Since(began), 0
			for _, f := range foes {
				t.Log(f.Host.Name, f.counts())
				guessed += f.count("guesses")
				if n := f.count("links"); n > 0 {
					t.Errorf("a wrong secret has made %d links", n)
				}
				f.Kill()
			}
			// The newcomer is guessed at too, or lured.
			if most := len(do) * len(s.nodes) * (guessBurst + 1 + int(took/guessEvery)); guessed > most {
				t.Errorf("%d guesses in %v, want %d at most", guessed, took, most)
			}
			s.ends()
		})
	}
}

// guesser guesses at each of the nodes.
func guesser(t *testing.T, h *lab.Host, nodes []*lab.Process, do ...string) *foe {
	f := startFoe(t, h)
	for _, what := range do {
		o := hostile.Order{Do: what, Secret: wrongSecret, Rate: 20, Hold: 5 * time.Second}
		if what == "lures" {
			o.At = netip.AddrPortFrom(h.Addr, 0)
			f.order(o)
			continue
		}
		for _, p := range nodes {
			f.order(at(p, o))
		}
	}
	return f
}

// TestSiegesOfAPrivateRoom has strangers do all
// that they can, of an open room: what they offer and announce gets them
// nothing, and costs nobody a message.
func TestSiegesOfAPrivateRoom(t *testing.T) {
	t.Parallel()
	secret := secretFile(t)
	s := besiege(t, 1, "--secret-file", secret)
	f := startFoe(t, s.foes[0])
	for _, p := range s.nodes {
		f.order(
			at(p, hostile.Order{Do: "offers", Rate: 300, Sources: 32}),
			at(p, hostile.Order{Do: "links", Rate: 5}),
			at(p, hostile.Order{Do: "slow", Rate: 50, Hold: time.Minute}),
		)
	}
	f.order(hostile.Order{Do: "instances", At: netip.AddrPortFrom(s.foes[0].Addr, 0), Rate: 300})
	f.awaits(s.Lab, "announced", 300)
	f.awaits(s.Lab, "other secret", 1)
	s.holds("--secret-file", secret)
	t.Log(f.counts())
	if n := f.count("links"); n > 0 {
		t.Errorf("who has no secret has made %d links", n)
	}
	f.Kill()
	s.ends()
}
