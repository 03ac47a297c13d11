//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

const (
	messageSize = 64 << 10
	warmUp      = time.Second
	window      = 4 * time.Second

	// ordinaryBuffer is the socket buffer that Linux allows a program to ask
	// for if nobody changed net.core.rmem_max.
	ordinaryBuffer = "212992"

	// nobody is a user without the right to exceed it.
	nobody = "65534"
)

// meter reports the rate at which bytes came in, once warmed up.
type meter struct {
	out   *json.Encoder
	start time.Time
	bytes int
}

func (m *meter) add(n int) error {
	now := time.Now()
	if m.start.IsZero() {
		m.start = now.Add(warmUp)
	}
	if now.Before(m.start) {
		return nil
	}
	m.bytes += n
	if elapsed := now.Sub(m.start); elapsed >= window {
		r := report{Type: "usage", Bytes: m.bytes, Seconds: elapsed.Seconds()}
		m.start, m.bytes = now, 0
		return m.out.Encode(r)
	}
	return nil
}

// addrVariable tells a role its host's address.
const addrVariable = "LANYAP_HOSTS_ADDR"

func listen() (*peer.Transport, error) {
	addr, err := netip.ParseAddr(os.Getenv(addrVariable))
	if err != nil {
		return nil, err
	}
	return peer.Listen(peer.Config{Addrs: []netip.Addr{addr}})
}

func playReceiver(_ *bufio.Scanner, out *json.Encoder) error {
	transport, err := listen()
	if err != nil {
		return err
	}
	defer transport.Close()
	if err := out.Encode(report{Type: "ready", ID: transport.Addrs()[0].String()}); err != nil {
		return err
	}
	conn, err := transport.Accept(context.Background())
	if err != nil {
		return err
	}
	m := &meter{out: out}
	for {
		msg, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := m.add(len(msg)); err != nil {
			return err
		}
	}
}

func playSender(in *bufio.Scanner, out *json.Encoder) error {
	transport, err := listen()
	if err != nil {
		return err
	}
	defer transport.Close()
	if err := out.Encode(report{Type: "ready", ID: transport.Addrs()[0].String()}); err != nil {
		return err
	}
	in.Scan()
	addr, err := netip.ParseAddrPort(in.Text())
	if err != nil {
		return err
	}
	conn, err := transport.Dial(context.Background(), peer.Target{Addrs: []netip.AddrPort{addr}})
	if err != nil {
		return err
	}
	go func() {
		for { // pings are answered by whoever reads
			if _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	message := make([]byte, messageSize)
	for {
		if err := conn.WriteMessage(message); err != nil {
			return err
		}
	}
}

// describe waits for all candidates and says a session description.
func describe(pc *webrtc.PeerConnection, sdp webrtc.SessionDescription, out *json.Encoder) error {
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(sdp); err != nil {
		return err
	}
	<-gathered
	text, err := json.Marshal(pc.LocalDescription())
	if err != nil {
		return err
	}
	return out.Encode(report{Type: "ready", ID: "pion", Text: string(text)})
}

func remote(in *bufio.Scanner) (sdp webrtc.SessionDescription, err error) {
	in.Scan()
	err = json.Unmarshal(in.Bytes(), &sdp)
	return sdp, err
}

// playPionSender sends the way pion's own example of flow control does, over a
// connection with nothing set.
func playPionSender(in *bufio.Scanner, out *json.Encoder) error {
	const low, high = 512 << 10, 1 << 20
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	channel, err := pc.CreateDataChannel("data", nil)
	if err != nil {
		return err
	}
	drained := make(chan struct{}, 1)
	channel.SetBufferedAmountLowThreshold(low)
	channel.OnBufferedAmountLow(func() {
		select {
		case drained <- struct{}{}:
		default:
		}
	})
	opened := make(chan struct{})
	channel.OnOpen(func() { close(opened) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := describe(pc, offer, out); err != nil {
		return err
	}
	answer, err := remote(in)
	if err != nil {
		return err
	}
	if err := pc.SetRemoteDescription(answer); err != nil {
		return err
	}
	<-opened
	message := make([]byte, messageSize)
	for {
		if err := channel.Send(message); err != nil {
			return err
		}
		if channel.BufferedAmount() > high {
			<-drained
		}
	}
}

func playPionReceiver(in *bufio.Scanner, out *json.Encoder) error {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	m := &meter{out: out}
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(msg webrtc.DataChannelMessage) {
			if err := m.add(len(msg.Data)); err != nil {
				failed <- err
			}
		})
	})
	offer, err := remote(in)
	if err != nil {
		return err
	}
	if err := pc.SetRemoteDescription(offer); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := describe(pc, answer, out); err != nil {
		return err
	}
	return <-failed
}

// link is one way to connect two hosts for a measurement of throughput.
type link struct {
	kind     string // lanyap or pion
	ordinary bool   // as a user who may not have large socket buffers
	roomy    bool   // with a garbage collector that runs less often
}

// rate connects the hosts and returns bytes per second in one window.
func (k link) rate(t *testing.T, l *lab.Lab, from, to *lab.Host) float64 {
	t.Helper()
	env := func(h *lab.Host) []string {
		all := []string{addrVariable + "=" + h.Addr.String()}
		if k.ordinary {
			all = append(all, userVariable+"="+nobody)
		}
		if k.roomy {
			all = append(all, "GOGC=400")
		}
		return all
	}
	if k.ordinary {
		defer limitBuffers(t)()
	}
	receiver := startRole(t, to, k.kind+"-receiver", env(to)...)
	sender := startRole(t, from, k.kind+"-sender", env(from)...)
	defer stop(receiver, sender)
	if k.kind == "pion" {
		l.Await(patience, "the offer is there", sender.Ready)
		receiver.Say(reports(sender, "ready")[0].Text)
		l.Await(patience, "the answer is there", receiver.Ready)
		sender.Say(reports(receiver, "ready")[0].Text)
	} else {
		l.Await(patience, "both listen", func() bool { return receiver.Ready() && sender.Ready() })
		sender.Say(receiver.Self().ID)
	}
	l.Await(time.Minute, "the rate is measured", func() bool { return len(reports(receiver, "usage")) > 0 || receiver.Ended() })
	measured := reports(receiver, "usage")
	if len(measured) == 0 {
		t.Fatalf("%s ended: %s%s", k.kind, receiver.Stderr(), sender.Stderr())
	}
	return float64(measured[0].Bytes) / measured[0].Seconds
}

// limitBuffers sets the machine to what it would be if nobody had tuned it,
// and returns what puts it back. The limits are the machine's, not the
// namespace's.
func limitBuffers(t *testing.T) (restore func()) {
	t.Helper()
	before := make(map[string][]byte)
	for _, path := range []string{"/proc/sys/net/core/rmem_max", "/proc/sys/net/core/wmem_max"} {
		value, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before[path] = value
		if err := os.WriteFile(path, []byte(ordinaryBuffer), 0); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for path, value := range before {
			if err := os.WriteFile(path, value, 0); err != nil {
				t.Error(err)
			}
		}
	}
}

func measureThroughput(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	return multiples(t, l, hosts)
}

func measureLoss(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{PlainNIC: true})
	hosts[1].Lose(1)
	return multiples(t, l, hosts)
}

// multiples measures in turn, since a machine's speed drifts.
func multiples(t *testing.T, l *lab.Lab, hosts []*lab.Host) (string, int) {
	const times = 5
	kinds := []link{{kind: "pion"}, {kind: "lanyap", roomy: true}, {kind: "lanyap"}, {kind: "lanyap", ordinary: true}}
	rates := make([][]float64, len(kinds))
	for range times {
		for i, k := range kinds {
			rates[i] = append(rates[i], k.rate(t, l, hosts[0], hosts[1]))
		}
	}
	var median []float64
	var shown []string
	for _, r := range rates {
		slices.Sort(r)
		median = append(median, r[times/2])
		shown = append(shown, fmt.Sprintf("%.0f", r[times/2]/1e6))
	}
	return fmt.Sprintf("%.1f; %.1f; %.1f (pion, tuned with GOGC=400, tuned, ordinary: %s MB/s)",
		median[1]/median[0], median[2]/median[0], median[3]/median[0], strings.Join(shown, ", ")), times
}
