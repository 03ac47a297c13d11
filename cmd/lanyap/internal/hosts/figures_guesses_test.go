//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureGuesses has six hosts guess the secret of one node, half of them by dialing it
// and half by having it dial them, and says how many wrong guesses an hour that makes
// in each role, with those that are there at once.
func measureGuesses(t *testing.T, c contender) (string, int) {
	const window = 2 * time.Minute
	l := lab.New(t)
	hosts := l.Switch().Hosts(7, lab.HostConfig{})
	node := chat(t, hosts[0], "--secret-file", secretFile(t))
	l.Await(patience, "it is ready", node.Ready)
	roles := []string{"guesses", "lures"}
	foes := make(map[string][]*foe)
	began := time.Now()
	for i, h := range hosts[1:] {
		do := roles[i%2]
		foes[do] = append(foes[do], guesser(t, h, []*lab.Process{node}, do))
	}
	pause(l, window)
	took, value, total := time.Since(began), "", 0
	for _, do := range roles {
		n := 0
		for _, f := range foes[do] {
			n += f.count("guesses")
		}
		hour := guessBurst + float64(max(0, n-guessBurst))*float64(time.Hour)/float64(took)
		value += fmt.Sprintf("%s %d in %.0f s: %.0f an hour; ", do, n, took.Seconds(), hour)
		total += n
	}
	return strings.TrimSuffix(value, "; "), total
}
