//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/mesh"
)

// streamer is a node that opens streams, takes those of others, and says something
// all the time. For each line of input that is a name and a number of bytes it
// sends so many to that member and reports how; for "late" how long what it heard
// since the last time was on its way.
type streamer struct {
	node *mesh.Node
	out  *json.Encoder

	mu   sync.Mutex // guards what follows, and out
	late []time.Duration
}

func playStreamer(in *bufio.Scanner, out *json.Encoder) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	node, err := mesh.Join(ctx, mesh.Config{Name: in0(in), Topic: "chat"})
	if err != nil {
		return err
	}
	defer node.Close()
	l, err := node.Listen("bulk")
	if err != nil {
		return err
	}
	s := &streamer{node: node, out: out}
	go s.serve(l)
	go s.listen(ctx)
	go s.talk(ctx)
	s.report(report{Type: "ready", ID: node.Self().ID.String()})
	for in.Scan() {
		name, bytes, _ := strings.Cut(in.Text(), " ")
		if name == "late" {
			s.reportLate()
			continue
		}
		size, err := strconv.Atoi(bytes)
		if err != nil {
			return err
		}
		go s.send(ctx, name, size)
	}
	return in.Err()
}

// in0 reads the first line: the node's name.
func in0(in *bufio.Scanner) string {
	in.Scan()
	return in.Text()
}

func (s *streamer) report(r report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.out.Encode(r)
}

// serve counts what comes on each stream and says how much it was.
func (s *streamer) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			n, err := io.Copy(io.Discard, c)
			if err == nil {
				fmt.Fprint(c, n)
			}
		}()
	}
}

func (s *streamer) send(ctx context.Context, name string, size int) {
	r := report{Type: "sent"}
	start := time.Now()
	carrier, err := s.sendTo(ctx, name, size)
	r.Text, r.Bytes, r.Seconds = carrier, size, time.Since(start).Seconds()
	if err != nil {
		r.Text = "failed: " + err.Error()
	}
	s.report(r)
}

func (s *streamer) sendTo(ctx context.Context, name string, size int) (carrier string, err error) {
	members := s.node.Present()
	i := slices.IndexFunc(members, func(p mesh.Peer) bool { return p.Name == name })
	if i < 0 {
		return "", fmt.Errorf("%s is not here", name)
	}
	c, err := s.node.Dial(ctx, members[i].Member, "bulk")
	if err != nil {
		return "", err
	}
	defer c.Close()
	buf := make([]byte, 256<<10)
	for left := size; left > 0; left -= len(buf) {
		if _, err := c.Write(buf[:min(left, len(buf))]); err != nil {
			return "", err
		}
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return "", err
	}
	got, err := io.ReadAll(c)
	if err == nil && string(got) != strconv.Itoa(size) {
		err = fmt.Errorf("%s bytes came", got)
	}
	return c.(interface{ Carrier() string }).Carrier(), err
}

// talk says the time, 25 times a second.
func (s *streamer) talk(ctx context.Context) {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		text := fmt.Sprintf("%d %s", time.Now().UnixNano(), strings.Repeat("x", 200))
		if _, err := s.node.Broadcast(ctx, []byte(text)); err != nil {
			return
		}
	}
}

// listen takes note of how long each message was on its way: the hosts have one
// clock.
func (s *streamer) listen(ctx context.Context) {
	for ev, err := range s.node.Events(ctx) {
		if err != nil {
			return
		}
		m, ok := ev.(mesh.Message)
		if !ok || m.History {
			continue
		}
		said, _, _ := strings.Cut(string(m.Data), " ")
		if at, err := strconv.ParseInt(said, 10, 64); err == nil {
			s.mu.Lock()
			s.late = append(s.late, time.Since(time.Unix(0, at)))
			s.mu.Unlock()
		}
	}
}

func (s *streamer) reportLate() {
	s.mu.Lock()
	late := s.late
	s.late = nil
	s.mu.Unlock()
	slices.Sort(late)
	r := report{Type: "late", Members: len(late)}
	if n := len(late); n > 0 {
		r.Seconds = late[n*99/100].Seconds()
		r.Text = fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, max %.1f ms of %d",
			late[n/2].Seconds()*1000, r.Seconds*1000, late[n-1].Seconds()*1000, n)
	}
	s.report(r)
}

// startStreamers starts one on each host, named after it, and waits until all see
// each other.
func startStreamers(t *testing.T, l *lab.Lab, hosts []*lab.Host) []*lab.Process {
	t.Helper()
	var all []*lab.Process
	for _, h := range hosts {
		p := startRole(t, h, "streamer")
		p.Say(h.Name)
		all = append(all, p)
	}
	for i, p := range all {
		l.Await(patience, "a streamer is ready", p.Ready)
		for j := range all {
			if i != j {
				l.Await(2*patience, hosts[i].Name+" reaches "+hosts[j].Name, func() bool {
					p.Say(fmt.Sprint(hosts[j].Name, " 1"))
					n := len(reports(p, "sent"))
					l.Until(tolerance, func() bool { return len(reports(p, "sent")) > n })
					sent := reports(p, "sent")
					return len(sent) > n && !strings.HasPrefix(sent[len(sent)-1].Text, "failed")
				})
			}
		}
	}
	return all
}

// bulk has one streamer send to another, and returns how that went.
func bulk(t *testing.T, l *lab.Lab, p *lab.Process, to *lab.Host, size int) report {
	t.Helper()
	n := len(reports(p, "sent"))
	p.Say(fmt.Sprint(to.Name, " ", size))
	l.Await(6*patience, "a stream to "+to.Name+" ends", func() bool { return len(reports(p, "sent")) > n })
	r := reports(p, "sent")[n]
	t.Logf("%d MiB to %s over %q: %.2f s, %.1f MB/s", size>>20, to.Name, r.Text, r.Seconds, float64(size)/r.Seconds/1e6)
	return r
}

// lateness returns how late what p has heard since it was last asked was.
func lateness(t *testing.T, l *lab.Lab, p *lab.Process, when string) report {
	t.Helper()
	n := len(reports(p, "late"))
	p.Say("late")
	l.Await(patience, "it says how late", func() bool { return len(reports(p, "late")) > n })
	r := reports(p, "late")[n]
	t.Logf("%s, what is said comes after %s", when, r.Text)
	return r
}

// TestStreamPastAFirewall has a firewall that lets no new connection in once the
// link is up: streams go over the link, and what is said there goes on.
func TestStreamPastAFirewall(t *testing.T) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	all := startStreamers(t, l, hosts)
	if r := bulk(t, l, all[0], hosts[1], 64<<20); r.Text != "tcp" {
		t.Errorf("without a firewall it is %q", r.Text)
	}
	hosts[1].Firewall()
	lateness(t, l, all[1], "beside TCP")
	if r := bulk(t, l, all[0], hosts[1], 1); r.Text != "channel" {
		t.Errorf("behind a firewall it is %q", r.Text)
	}
	lateness(t, l, all[1], "idle")
	if r := bulk(t, l, all[0], hosts[1], 128<<20); r.Text != "channel" {
		t.Errorf("behind a firewall it is %q", r.Text)
	}
	if r := lateness(t, l, all[1], "beside a channel"); r.Members == 0 || r.Seconds > 2 {
		t.Error("what is said waits behind it")
	}
	if r := bulk(t, l, all[1], hosts[0], 1<<20); r.Text != "tcp" {
		t.Errorf("out of the firewall it is %q", r.Text)
	}
}

// TestStreamsThroughAHost has two hosts that do not reach each other: streams go
// through the third, whose own words and streams go on.
func TestStreamsThroughAHost(t *testing.T) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	lab.BlockPair(hosts[0], hosts[2])
	all := startStreamers(t, l, hosts)
	pause(l, 3*time.Second)
	for _, p := range all {
		lateness(t, l, p, "at first")
	}
	pause(l, 3*time.Second)
	for i, p := range all {
		lateness(t, l, p, "idle, at "+hosts[i].Name)
	}
	if r := bulk(t, l, all[0], hosts[2], 64<<20); r.Text != "member" {
		t.Errorf("it is %q", r.Text)
	}
	for i, p := range all {
		if r := lateness(t, l, p, "beside a stream through the second, at "+hosts[i].Name); r.Members == 0 || r.Seconds > 2 {
			t.Error("what is said waits behind it")
		}
	}
	if r := bulk(t, l, all[1], hosts[2], 64<<20); r.Text != "tcp" {
		t.Errorf("from the one between it is %q", r.Text)
	}
}
