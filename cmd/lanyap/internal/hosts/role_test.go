//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/mesh"
)

// roleVariable makes the test binary play a part on a host instead of testing.
const roleVariable = "LANYAP_HOSTS_ROLE"

var roles = map[string]func(in *bufio.Scanner, out *json.Encoder) error{
	"link": playLink,
	"foe":  playFoe, "probe": playProbe, "crowd": playCrowd,
	"lanyap-sender": playSender, "lanyap-receiver": playReceiver,
	"pion-sender": playPionSender, "pion-receiver": playPionReceiver,
	"holder": playHolder, "unicaster": playUnicaster, "clock": playClock, "streamer": playStreamer,
	"halves": playHalves,
	"linker": playLinker, "decoys": playDecoys,
	"tls-sender": playTLSSender, "tls-receiver": playTLSReceiver,
}

// userVariable makes a role give up root: it names the user to become. The test
// binary and its directories are root's, so it has to start as root.
const userVariable = "LANYAP_HOSTS_USER"

// play is main in a process with a role. It prints events, as the program does.
func play(role string) {
	if os.Getenv(behindVariable) != "" {
		fmt.Fprintln(os.Stderr, standBehind()) // which does not return
		os.Exit(1)
	}
	if user, err := strconv.Atoi(os.Getenv(userVariable)); err == nil {
		if err := errors.Join(syscall.Setgid(user), syscall.Setuid(user)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	if err := roles[role](in, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// startRole runs the test binary on a host in a role.
func startRole(t *testing.T, h *lab.Host, role string, env ...string) *lab.Process {
	t.Helper()
	return h.Start(lab.Program{Path: self(t), Env: append(env, roleVariable+"="+role)})
}

// self is the path of this test binary.
func self(t *testing.T) string {
	t.Helper()
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// report is what roles say; type makes it an event.
type report struct {
	Type       string  `json:"type"`
	ID         string  `json:"id,omitempty"`
	Text       string  `json:"text,omitempty"`
	Heap       int     `json:"heap,omitempty"`
	Goroutines int     `json:"goroutines,omitempty"`
	Members    int     `json:"members,omitempty"`
	Bytes      int     `json:"bytes,omitempty"`
	Seconds    float64 `json:"seconds,omitempty"`
}

// reports returns those of one type that a process has made.
func reports(p *lab.Process, kind string) []report {
	var all []report
	for _, ev := range p.Log().Events {
		var r report
		if ev.Type == kind && json.Unmarshal([]byte(ev.Raw), &r) == nil {
			all = append(all, r)
		}
	}
	return all
}

// playLink is a node that says for each line of input what it holds in memory.
func playLink(in *bufio.Scanner, out *json.Encoder) error {
	ctx := context.Background()
	node, err := mesh.Join(ctx, mesh.Config{Name: "measured", Topic: "chat"})
	if err != nil {
		return err
	}
	defer node.Close()
	go func() {
		for range node.Events(ctx) {
		}
	}()
	if err := out.Encode(report{Type: "ready", ID: node.Self().ID.String()}); err != nil {
		return err
	}
	for in.Scan() {
		// What a finalizer or a pool still holds goes with the second one.
		runtime.GC()
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		if err := out.Encode(report{
			Type: "usage", Heap: int(mem.HeapAlloc), Goroutines: runtime.NumGoroutine(), Members: len(node.Members()),
		}); err != nil {
			return err
		}
	}
	return in.Err()
}

// measureLink compares a node alone with the same node after 32 others came
// and all were idle for a while.
func measureLink(t *testing.T, c contender) (string, int) {
	const links, settle = 32, 15 * time.Second
	l := lab.New(t)
	hosts := l.Switch().Hosts(links+1, lab.HostConfig{})
	measured := startRole(t, hosts[0], "link")
	l.Await(patience, "the measured node is ready", measured.Ready)
	usage := func(members int) report {
		t.Helper()
		var r report
		l.Await(patience, fmt.Sprintf("the measured node has %d members", members), func() bool {
			before := len(reports(measured, "usage"))
			measured.Say("how much?")
			l.Until(tolerance, func() bool { return len(reports(measured, "usage")) > before })
			all := reports(measured, "usage")
			r = all[len(all)-1]
			return r.Members == members
		})
		return r
	}
	pause(l, settle)
	alone := usage(0)
	for i, h := range hosts[1:] {
		p := c.start(h)
		l.Await(patience, "it sees all the others", func() bool { return p.Present() == i+1 })
	}
	pause(l, settle)
	many := usage(links)
	heap := float64(many.Heap-alone.Heap) / links / 1000
	goroutines := float64(many.Goroutines-alone.Goroutines) / links
	return fmt.Sprintf("%.0f kB, %.1f", heap, goroutines), links
}
