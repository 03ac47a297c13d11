//go:build linux

package hosts

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/mesh"
)

// playHalves is a node with a name. It answers each stream with the digest of what
// came, and reports who comes and goes. For a line with a size it sends so many
// bytes to the first other member in two halves: it reports the first one, and
// waits for another line before the second.
func playHalves(in *bufio.Scanner, out *json.Encoder) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	node, err := mesh.Join(ctx, mesh.Config{Name: in0(in), Topic: "chat"})
	if err != nil {
		return err
	}
	defer node.Close()
	l, err := node.Listen("digest")
	if err != nil {
		return err
	}
	go digestAll(l)
	s := &streamer{node: node, out: out}
	s.report(report{Type: "ready", ID: node.Self().ID.String()})
	go func() {
		for ev, err := range node.Events(ctx) {
			switch ev := ev.(type) {
			case mesh.Joined:
				s.report(report{Type: "came", Text: ev.Peer.Name})
			case mesh.Left:
				s.report(report{Type: "went", Text: ev.Peer.Name})
			}
			if err != nil {
				return
			}
		}
	}()
	for in.Scan() {
		size := 0
		if _, err := fmt.Sscan(in.Text(), &size); err != nil {
			return err
		}
		r := report{Type: "whole", Bytes: size}
		if err := sendHalves(ctx, s, in, size); err != nil {
			r.Text = err.Error()
		}
		s.report(r)
	}
	return in.Err()
}

// digestAll answers each stream with the digest of what came.
func digestAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			h := sha256.New()
			if _, err := io.Copy(h, c); err == nil {
				_, _ = c.Write(h.Sum(nil))
			}
		}()
	}
}

func sendHalves(ctx context.Context, s *streamer, in *bufio.Scanner, size int) error {
	c, err := s.node.Dial(ctx, s.node.Present()[0].Member, "digest")
	if err != nil {
		return err
	}
	defer c.Close()
	h := sha256.New()
	source := io.TeeReader(rand.NewChaCha8([32]byte{1}), h)
	if _, err := io.CopyN(c, source, int64(size/2)); err != nil {
		return err
	}
	s.report(report{Type: "half", Text: c.(interface{ Carrier() string }).Carrier()})
	in.Scan()
	if _, err := io.CopyN(c, source, int64(size-size/2)); err != nil {
		return err
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	if err == nil && string(got) != string(h.Sum(nil)) {
		err = fmt.Errorf("the digest is %x, want %x", got, h.Sum(nil))
	}
	return err
}

// TestStreamOutlivesItsLink has UDP stop between two hosts in the midst of 256 MiB
// until both have missed each other, and come back; and then a cable be out for some
// seconds. The stream goes on.
func TestStreamOutlivesItsLink(t *testing.T) {
	t.Parallel()
	const size = 256 << 20
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	var nodes []*lab.Process
	for _, h := range hosts {
		p := startRole(t, h, "halves")
		p.Say(h.Name)
		nodes = append(nodes, p)
	}
	both := func(what, kind string, n int) {
		t.Helper()
		l.Await(3*patience, what, func() bool {
			return len(reports(nodes[0], kind)) >= n && len(reports(nodes[1], kind)) >= n
		})
	}
	both("both see each other", "came", 1)
	a := nodes[0]
	half := func(n int) {
		t.Helper()
		a.Say(fmt.Sprint(size))
		l.Await(3*patience, "half of it is sent", func() bool { return len(reports(a, "half")) == n })
		if r := reports(a, "half")[n-1]; r.Text != "tcp" {
			t.Errorf("it goes over %q", r.Text)
		}
	}
	whole := func(n int) {
		t.Helper()
		a.Say("go on")
		l.Await(3*patience, "all of it is sent", func() bool { return len(reports(a, "whole")) == n })
		if r := reports(a, "whole")[n-1]; r.Text != "" {
			t.Error(r.Text)
		}
	}
	half(1)
	hosts[1].NoUDP()
	both("both miss each other", "went", 1)
	hosts[1].Heal()
	both("both are back", "came", 2)
	whole(1)

	half(2)
	hosts[1].Unplug()
	pause(l, 4*time.Second)
	hosts[1].Plug()
	whole(2)
}
