//go:build linux

package hosts

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

const (
	gibibyte   = 1 << 30
	moveRounds = 3
)

// film writes a file that nobody can compress.
func film(t testing.TB, h *lab.Host, size int64) string {
	t.Helper()
	path := filepath.Join(h.StateDir, "film")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, rand.Reader, size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// crumbs writes a folder of so many files of 4 KiB, a hundred in each directory.
func crumbs(t testing.TB, h *lab.Host, n int) string {
	t.Helper()
	dir := filepath.Join(h.StateDir, "crumbs")
	data := make([]byte, 4<<10)
	for i := range n {
		rand.Read(data[:16])
		path := filepath.Join(dir, fmt.Sprint(i/100), fmt.Sprint(i%100))
		if i%100 == 0 {
			put(t, path, data, 0o600)
		} else if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compare has each of the movers move a path, in turn, since a machine's speed
// drifts, and prints the medians: how much of something there was in a second, and
// the processor time of the sender and the receiver. The first of them is ours.
func compare(t *testing.T, l *lab.Lab, from, to *lab.Host, path string, amount float64, unit string, movers []mover) (string, int) {
	t.Helper()
	took := make([][]moved, len(movers))
	for range moveRounds {
		for i, m := range movers {
			took[i] = append(took[i], m.once(t, l, from, to, path))
			t.Logf("%s: %+v", m.name, took[i][len(took[i])-1])
			if t.Failed() {
				return "failed: " + m.name, 0
			}
		}
	}
	median := func(all []moved, of func(moved) time.Duration) time.Duration {
		var samples []time.Duration
		for _, m := range all {
			samples = append(samples, of(m))
		}
		return quantile(samples, 0.5)
	}
	var shown []string
	rate := make([]float64, len(movers))
	for i, m := range movers {
		rate[i] = amount / median(took[i], func(m moved) time.Duration { return m.took }).Seconds()
		shown = append(shown, fmt.Sprintf("%s %.3g %s (%.2f + %.2f s)", m.name, rate[i], unit,
			median(took[i], func(m moved) time.Duration { return m.sender }).Seconds(),
			median(took[i], func(m moved) time.Duration { return m.receiver }).Seconds()))
		if i > 0 {
			shown[i] += fmt.Sprintf(": %.2f×", rate[0]/rate[i])
		}
	}
	return strings.Join(shown, "; "), moveRounds
}

// movingHosts returns two hosts without a way out. croc looks
// for others by a multicast that is not link-local, and by name servers.
func movingHosts(l *lab.Lab, cfg lab.HostConfig) []*lab.Host {
	cfg.NoRoute = true
	hosts := l.Switch().Hosts(2, cfg)
	for _, h := range hosts {
		h.Allow(netip.MustParsePrefix("239.255.255.250/31"))
	}
	return hosts
}

func measureSend(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := movingHosts(l, lab.HostConfig{})
	path := film(t, hosts[0], gibibyte)
	return compare(t, l, hosts[0], hosts[1], path, gibibyte/1e6, "MB/s", movers(t, "lanyap", "TLS", "croc", "HTTP", "rsync", "scp"))
}

func measureFolder(t *testing.T, _ contender) (string, int) {
	const files = 10_000
	l := lab.New(t)
	hosts := movingHosts(l, lab.HostConfig{})
	path := crumbs(t, hosts[0], files)
	return compare(t, l, hosts[0], hosts[1], path, files, "files/s", movers(t, "lanyap", "tar over TLS", "croc", "rsync", "scp"))
}

func measureShareLoss(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{PlainNIC: true})
	hosts[1].Lose(2)
	path := film(t, hosts[0], gibibyte)
	return compare(t, l, hosts[0], hosts[1], path, gibibyte/1e6, "MB/s", movers(t, "lanyap", "TLS"))
}

// measureResume cuts what moves at 90 %, in two ways, and counts what goes over
// the wire beyond what had to.
func measureResume(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	a, b := hosts[0], hosts[1]
	path := film(t, a, gibibyte)
	var shown []string
	for _, way := range []string{"cable", "kill -9 of the receiver", "kill -9 of the sender"} {
		syscall.Sync()
		to := receive(t, l, b)
		from := send(t, a, path, "--to", b.Name, "--limit", "200M")
		underWay(t, l, to, 90)
		var before int64 // what a sender sent that was killed
		switch way {
		case "cable":
			b.Unplug()
			l.Await(time.Minute, "both wait", func() bool {
				return last(from, "progress").Phase == "waiting" && last(to, "progress").Phase == "waiting"
			})
			b.Plug()
		case "kill -9 of the receiver":
			to.Kill()
			to = receive(t, l, b)
		case "kill -9 of the sender":
			from.Kill()
			before = last(to, "progress").Received
			from = send(t, a, path, "--to", b.Name)
		}
		exits(t, from, time.Minute, 0)
		exits(t, to, time.Minute, 0)
		same(t, path, filepath.Join(inbox(t, b), "film"))
		shown = append(shown, fmt.Sprintf("%s %.2f %%", way, 100*(float64(before+last(from, "completed").Sent)/gibibyte-1)))
		os.RemoveAll(inbox(t, b))
	}
	return strings.Join(shown, "; "), len(shown)
}

// same compares two large files.
func same(t testing.TB, one, other string) {
	t.Helper()
	if !bytes.Equal(read(t, one), read(t, other)) {
		t.Errorf("%s is not %s", other, one)
	}
}

// measureOffer takes the time from the start of `lanyap send` until the offer is
// shown on the other side.
func measureOffer(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	path := file(t, hosts[0], "short", 1000)
	var s series
	for range *rounds {
		to := receive(t, l, hosts[1], "--conflict", "overwrite")
		pause(l, time.Second/2)
		from := send(t, hosts[0], path, "--to", hosts[1].Name)
		if l.Until(tolerance, func() bool { return len(movings(to, "offer")) > 0 }) {
			ev, _ := to.Find(func(ev lab.Event) bool { return ev.Type == "offer" })
			s.add(ev.At.Sub(from.Started))
		} else {
			s.failed++
		}
		from.Wait(patience)
		to.Wait(patience)
	}
	return s.String(0.9), len(s.samples)
}

// measureShareMemory compares the most that either side ever had with a node that
// waits for offers.
func measureShareMemory(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	var shown []string
	for _, what := range []struct {
		name string
		path string
	}{
		{"1 GiB", film(t, hosts[0], gibibyte)},
		{"100,000 files", crumbs(t, hosts[0], 100_000)},
	} {
		to := receive(t, l, hosts[1], "--loop", "--progress", "none")
		pause(l, 2*time.Second)
		idle := to.RSS()
		from := send(t, hosts[0], what.path, "--progress", "none", "--to", hosts[1].Name)
		var most [2]int
		for !from.Ended() {
			for i, p := range []*lab.Process{from, to} {
				most[i] = max(most[i], p.Peak())
			}
			pause(l, 10*time.Millisecond)
		}
		exits(t, from, patience, 0)
		most[1] = max(most[1], to.Peak())
		shown = append(shown, fmt.Sprintf("%s: +%d + %d MiB", what.name, (most[0]-idle)>>20, (most[1]-idle)>>20))
		quit(t, to)
		os.RemoveAll(inbox(t, hosts[1]))
	}
	return strings.Join(shown, "; "), 1
}

// measureShareChat has two hosts chat while a file moves between them.
func measureShareChat(t *testing.T, _ contender) (string, int) {
	const messages = 300
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	times := func(text string) (string, int) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		said := make(map[string]time.Time)
		for i := range messages {
			<-tick.C
			line := fmt.Sprintf("%s %d", text, i)
			said[line] = time.Now()
			nodes[i%2].Say(line)
		}
		var samples []time.Duration
		l.Await(patience, "all is heard", func() bool {
			samples = samples[:0]
			for _, p := range nodes {
				for _, ev := range p.Log().Events {
					if at, ours := said[ev.Text]; ours && ev.Type == "message" {
						samples = append(samples, ev.At.Sub(at))
					}
				}
			}
			return len(samples) == messages
		})
		return millis(samples, 0.5, 0.99), len(samples)
	}
	before, _ := times("before")
	path := film(t, hosts[0], 8*gibibyte)
	to := receive(t, l, hosts[1])
	from := send(t, hosts[0], path, "--to", hosts[1].Name)
	underWay(t, l, to, 5)
	meanwhile, n := times("meanwhile")
	if from.Ended() {
		t.Error("it had moved before all was said")
	}
	return fmt.Sprintf("%s, and %s before", meanwhile, before), n
}
