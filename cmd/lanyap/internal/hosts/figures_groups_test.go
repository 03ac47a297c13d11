//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureGroups starts 5 and 10 hosts of a private room at once, alone and together
// with as many of another group, whose room has the same name and another secret, and
// takes the time from the first fork until everyone sees everyone of its own.
func measureGroups(t *testing.T, c contender) (string, int) {
	times := max(3, min(*rounds/4, 5))
	var values []string
	for _, size := range []int{5, 10} {
		alone, together := formed(t, c, size, times, secretOfOurs), formed(t, c, size, times, secretOfOurs, secretOfTheirs)
		values = append(values, fmt.Sprintf("%d: %s s alone, %s with the others", size, seconds(alone), seconds(together)))
	}
	return strings.Join(values, "; "), times
}

// formed returns how long a group of so many takes for each of these secrets.
func formed(t *testing.T, c contender, size, times int, secrets ...string) (took []time.Duration) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(size*len(secrets), lab.HostConfig{})
	for range times {
		groups := make([][]*lab.Process, len(secrets))
		var all []*lab.Process
		for i, h := range hosts { // by turns
			of := c
			of.env = knowing(secrets[i%len(secrets)])
			p := of.start(h)
			groups[i%len(secrets)] = append(groups[i%len(secrets)], p)
			all = append(all, p)
		}
		whole := l.Until(2*time.Minute, func() bool {
			for _, g := range groups {
				if !meshed(g) {
					return false
				}
			}
			return true
		})
		stop(all...)
		last := lastJoined(all, all[0].Started).Sub(all[0].Started)
		if !whole {
			last = 2 * time.Minute
		}
		took = append(took, last)
	}
	return took
}

// seconds prints the median of samples and the longest.
func seconds(samples []time.Duration) string {
	return fmt.Sprintf("%.2f / %.2f", quantile(samples, 0.5).Seconds(), quantile(samples, 1).Seconds())
}
