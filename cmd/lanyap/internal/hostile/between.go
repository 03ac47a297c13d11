//go:build linux

package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// port is where whoever is in between answers, TCP and UDP.
const port = 7475

// between announces itself as Instance, or as As if that is not empty, and has whoever
// dials it linked to the node at At, with certificates of its own on both sides: what
// the two say in hello it passes on, and then says it once more to that node, alone.
// It counts "passed", messages of two that both have a link to it, "replayed", the links on
// which it has said all that one of them did, and what a hand does.
func between(ctx context.Context, o Order, n *Tally) error {
	h, end, err := newHand(netip.AddrPortFrom(netip.IPv4Unspecified(), port), n)
	if err != nil {
		return err
	}
	defer end()
	return o.posing(ctx, n, func(ctx context.Context, as, sdp string) (string, error) {
		near, err := h.leg()
		if err != nil {
			return "", err
		}
		answer, err := near.answer(sdp)
		if err != nil {
			_ = near.pc.Close()
			return "", err
		}
		go h.pass(ctx, o, as, near)
		return answer, nil
	})
}

// pass is in between one who has dialed us and the node at o.At.
func (h *hand) pass(ctx context.Context, o Order, as string, near *leg) {
	defer near.pc.Close()
	far, conn, err := h.call(ctx, o, o.between(as))
	if err != nil {
		h.n.Add("not between")
		return
	}
	defer conn.Close()
	defer far.pc.Close()
	said := relay(ctx, h, near, far)
	again, line, err := h.call(ctx, o, o.between(as))
	if err != nil {
		return
	}
	defer line.Close()
	defer again.pc.Close()
	if _, ok := await(ctx, again); !ok {
		return
	}
	for _, m := range said {
		again.say(m)
	}
	h.n.Add("replayed")
	for ok := true; ok; _, ok = await(ctx, again) {
	}
}

// between is in whose name the node at o.At is called: in that of who has dialed us,
// unless we pose as somebody else than that node.
func (o Order) between(as string) string {
	if o.As != "" {
		return o.As
	}
	return as
}

// helloTime is more than hello may take.
const helloTime = 12 * time.Second

// await returns what a node says next.
func await(ctx context.Context, l *leg) (webrtc.DataChannelMessage, bool) {
	select {
	case m := <-l.heard:
		return m, true
	case <-l.ended.Done():
	case <-ctx.Done():
	case <-time.After(helloTime):
	}
	return webrtc.DataChannelMessage{}, false
}

// relay passes on what two sides say until either has ended, and returns what the near
// one said.
func relay(ctx context.Context, h *hand, near, far *leg) (said []webrtc.DataChannelMessage) {
	limit := time.After(helloTime)
	met := map[*leg]bool{}
	for {
		var m webrtc.DataChannelMessage
		from, to := near, far
		select {
		case m = <-near.heard:
			said = append(said, m)
		case m = <-far.heard:
			from, to = far, near
		case <-near.ended.Done():
			return said
		case <-far.ended.Done():
			return said
		case <-limit:
			return said
		case <-ctx.Done():
			return said
		}
		if met[from] = true; len(met) == 2 {
			h.n.Add("passed")
		}
		if !to.opens(ctx) {
			return said
		}
		to.say(m)
	}
}

// opens waits until something can be said to a node.
func (l *leg) opens(ctx context.Context) bool {
	for l.dc.ReadyState() == webrtc.DataChannelStateConnecting {
		select {
		case <-time.After(time.Millisecond):
		case <-l.ended.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// posing announces that an instance is here, and answers who offers it a link with
// what link returns.
func (o Order) posing(ctx context.Context, n *Tally, link func(ctx context.Context, as, sdp string) (string, error)) error {
	here, err := host()
	if err != nil {
		return err
	}
	at := netip.AddrPortFrom(here, port)
	who := o.As
	if who == "" {
		who = o.Instance
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sayWho(w.Header(), who)
		if r.Method == http.MethodGet {
			n.Add("asked")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		n.Add("offered")
		as, sdp, err := caller(r)
		if err == nil {
			sdp, err = link(ctx, as, sdp)
		}
		if err != nil {
			n.Add("failed")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, sdp)
	})
	say := o
	say.At, say.As = at, who
	return answering(ctx, at, h, func() error { return instances(ctx, say, n) })
}

// fingerprints are those of certificates in a description.
var fingerprints = regexp.MustCompile(`a=fingerprint:sha-256 [0-9A-F:]+`)

// swaps announces itself as Instance and passes on each offer to the node at At, with
// another certificate's fingerprint, the answer too, and the packets of both. It counts
// "swapped" and "packets".
func swaps(ctx context.Context, o Order, n *Tally) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var s switchboard
	go s.forward(conn, n)
	return o.posing(ctx, n, func(ctx context.Context, as, sdp string) (string, error) {
		swap := "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AA:", 32), ":")
		answer, line, err := o.exchange(ctx, as, fingerprints.ReplaceAllString(sdp, swap), port)
		if err != nil {
			return "", err
		}
		context.AfterFunc(ctx, func() { _ = line.Close() })
		s.connect(candidate(sdp), o.At)
		n.Add("swapped")
		return fingerprints.ReplaceAllString(answer, swap), nil
	})
}

// candidate returns the first address of IPv4 that a description names.
func candidate(sdp string) netip.AddrPort {
	for line := range strings.Lines(sdp) {
		f := strings.Fields(line)
		if len(f) < 8 || !strings.HasPrefix(f[0], "a=candidate:") {
			continue
		}
		if at, err := netip.ParseAddrPort(f[4] + ":" + f[5]); err == nil && at.Addr().Is4() {
			return at
		}
	}
	return netip.AddrPort{}
}

// switchboard passes packets on between pairs of addresses.
type switchboard struct {
	mu sync.Mutex // guards to
	to map[netip.AddrPort]netip.AddrPort
}

func (s *switchboard) connect(a, b netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == nil {
		s.to = make(map[netip.AddrPort]netip.AddrPort)
	}
	s.to[a], s.to[b] = b, a
}

func (s *switchboard) forward(conn *net.UDPConn, n *Tally) {
	buf := make([]byte, 1<<16)
	for {
		size, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		s.mu.Lock()
		to, ok := s.to[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())]
		s.mu.Unlock()
		if ok {
			n.Add("packets")
			_, _ = conn.WriteToUDPAddrPort(buf[:size], to)
		}
	}
}

// mirrors calls the node at At in the name of As and says back what it hears. It
// counts "mirrored", the links on which it did, and what a hand does.
func mirrors(ctx context.Context, o Order, n *Tally) error {
	h, end, err := newHand(netip.AddrPortFrom(netip.IPv4Unspecified(), port), n)
	if err != nil {
		return err
	}
	defer end()
	for next := o.pace(ctx); next(); {
		l, conn, err := h.call(ctx, o, o.name())
		if err != nil {
			n.Add("failed")
			continue
		}
		if m, ok := await(ctx, l); ok {
			n.Add("mirrored")
			for ; ok; m, ok = await(ctx, l) {
				l.say(m)
			}
		}
		_ = conn.Close()
		_ = l.pc.Close()
	}
	return nil
}
