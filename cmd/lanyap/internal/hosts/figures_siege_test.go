//go:build linux

package hosts

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureSiege has three members chat alone, and for a minute while one of them gets
// 1,000 offers of links a second, from 64 addresses, and chunks of SCTP from eight who
// are none of the stack's making, and all hear of 1,000 instances a second that there
// are not. In the midst of it somebody new comes.
func measureSiege(t *testing.T, c contender) (string, int) {
	window := time.Duration(min(*rounds, 20)) * 3 * time.Second // a minute
	l := lab.New(t)
	hosts := l.Switch().Hosts(10, lab.HostConfig{})
	ears := c.listenAll(hosts[:3])
	awaitEars(t, l, ears)
	target := ears[0]
	chatFor(l, ears, "warm up", window/12)
	alone := target.works()
	quiet, lost := latencies(chatFor(l, ears, "quiet", window*2/3), ears)
	busyAlone := alone.share()
	before := target.RSS()

	foes := besiegers(t, target, hosts[4:])
	attacked := target.works()
	said := chatFor(l, ears, "besieged", window/2)
	came := time.Now()
	newcomer := c.listen(hosts[3])
	var joined time.Duration
	l.Until(patience, func() bool {
		joined = time.Since(came)
		return linked(newcomer, ears)
	})
	said = append(said, chatFor(l, ears, "besieged still", window/2)...)
	busy, attacks := attacked.share(), rates(foes, time.Since(attacked.since))
	besieged, lostThen := latencies(said, ears)
	peak := target.Peak()
	for _, f := range foes {
		t.Log(f.Host.Name, f.counts(), f.CPU())
		f.Kill()
	}
	pause(l, window)
	after := target.RSS()
	return fmt.Sprintf("%d MiB at most, %d before, %d a minute later; %d and %d lost; %s quiet, %s besieged: %.1f×; who comes is linked to all after %.2f s; %s a second; %.0f %% of a core before, %.0f %% then",
		peak>>20, before>>20, after>>20, lost, lostThen, millis(quiet, 0.5, 0.99), millis(besieged, 0.5, 0.99),
		float64(quantile(besieged, 0.99))/float64(quantile(quiet, 0.99)), joined.Seconds(), attacks, 100*busyAlone, 100*busy), len(besieged)
}

// besiegers are six hosts that attack one node: with offers, with instances, and four
// with two attackers each by SCTP.
func besiegers(t *testing.T, target *ear, hosts []*lab.Host) []*foe {
	t.Helper()
	foes := []*foe{
		startFoeBehind(t, hosts[0], at(target.Process, hostile.Order{Do: "offers", Rate: 1000, Sources: 64})),
		startFoeBehind(t, hosts[1], hostile.Order{Do: "instances", At: netip.AddrPortFrom(hosts[1].Addr, 0), Rate: 1000, Sources: 64}),
	}
	for i, h := range hosts[2:6] {
		kind := []string{"gap", "pieces"}[i%2]
		foes = append(foes, startFoeBehind(t, h,
			at(target.Process, hostile.Order{Do: "stranger " + kind}), at(target.Process, hostile.Order{Do: "member " + kind})))
	}
	return foes
}

// rates says how much of each foes did in a second.
func rates(foes []*foe, took time.Duration) string {
	sum := make(map[string]int)
	for _, f := range foes {
		for what, n := range f.counts() {
			sum[what] += n
		}
	}
	per := func(what string) float64 { return float64(sum[what]) / took.Seconds() }
	return fmt.Sprintf("%.0f offers, %.0f instances, %.0f packets of SCTP", per("offers"), per("announced"), per("packets"))
}

// work is what a program does from a moment on.
type work struct {
	of    *ear
	since time.Time
	spent time.Duration
}

func (e *ear) works() work { return work{e, time.Now(), e.CPU()} }

// share returns how much of a core it took since.
func (w work) share() float64 {
	return (w.of.CPU() - w.spent).Seconds() / time.Since(w.since).Seconds()
}

// linked reports whether a newcomer and all of these see each other.
func linked(newcomer *ear, ears []*ear) bool {
	for _, e := range ears {
		if !newcomer.Ready() || !newcomer.Sees(e) || !e.Sees(newcomer) {
			return false
		}
	}
	return true
}

// chatFor has each say something ten times a second, one after the other, for so long,
// and waits for the last of it.
func chatFor(l *lab.Lab, ears []*ear, words string, d time.Duration) (said []utterance) {
	tick := time.NewTicker(time.Second / 10 / time.Duration(len(ears)))
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < d; {
		<-tick.C
		said = append(said, utter(ears[len(said)%len(ears)], fmt.Sprintf("%s %d", words, len(said)), 256))
	}
	l.Until(tolerance, func() bool { return heardByAll(said[max(0, len(said)-20):], ears) })
	return said
}
