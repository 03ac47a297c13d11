// Command rival is the node that ours is measured against: go-libp2p with its
// own mDNS discovery and gossipsub. It is driven as ours is:
// it joins, prints ready, joined, left and message events as JSON lines, and
// says each line of its input to all. It is a module of its own, so that the
// product does not depend on it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	maxMessage = 1 << 20 // bytes; ours takes texts of 64 KiB
	queue      = 1 << 16 // messages that wait to be printed

	// linger is how long the last words have to get out.
	linger = 200 * time.Millisecond
)

func run(ctx context.Context) error {
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/0.0.0.0/tcp/0"))
	if err != nil {
		return err
	}
	defer h.Close()
	h.Network().Notify(&network.NotifyBundle{
		DisconnectedF: func(_ network.Network, c network.Conn) {
			show(event{Type: "left", Peer: ident(c.RemotePeer())})
		},
	})
	// Without flooding, what is said before the first heartbeat is lost.
	ps, err := pubsub.NewGossipSub(ctx, h, pubsub.WithFloodPublish(true), pubsub.WithMaxMessageSize(maxMessage))
	if err != nil {
		return err
	}
	topic, err := ps.Join("lan")
	if err != nil {
		return err
	}
	sub, err := topic.Subscribe(pubsub.WithBufferSize(queue))
	if err != nil {
		return err
	}
	peers, err := topic.EventHandler()
	if err != nil {
		return err
	}
	go showPeers(ctx, peers)
	if err := mdns.NewMdnsService(h, "_gossipbench._udp", &finder{ctx, h}).Start(); err != nil {
		return err
	}
	show(event{Type: "ready", ID: h.ID().String()})
	go showMessages(ctx, sub, h.ID())
	said := say(ctx, topic)
	time.Sleep(linger)
	return said
}

// say says each line of standard input.
func say(ctx context.Context, topic *pubsub.Topic) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, maxMessage)
	for in.Scan() {
		if err := topic.Publish(ctx, []byte(in.Text())); err != nil {
			return err
		}
	}
	return in.Err()
}

// finder connects to whom mDNS finds.
type finder struct {
	ctx context.Context
	h   host.Host
}

func (f *finder) HandlePeerFound(found peer.AddrInfo) {
	go func() {
		if err := f.h.Connect(f.ctx, found); err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
}

func showPeers(ctx context.Context, peers *pubsub.TopicEventHandler) {
	for {
		ev, err := peers.NextPeerEvent(ctx)
		if err != nil {
			return
		}
		if ev.Type == pubsub.PeerJoin {
			show(event{Type: "joined", Peer: ident(ev.Peer)})
		}
	}
}

func showMessages(ctx context.Context, sub *pubsub.Subscription, self peer.ID) {
	for {
		m, err := sub.Next(ctx)
		if err != nil {
			return
		}
		if m.ReceivedFrom != self {
			show(event{Type: "message", From: ident(m.GetFrom()), Text: string(m.Data)})
		}
	}
}

// event is a line of output, with the keys that ours has, as far as they are
// looked at.
type event struct {
	Type string            `json:"type"`
	ID   string            `json:"id,omitempty"`
	Peer map[string]string `json:"peer,omitempty"`
	From map[string]string `json:"from,omitempty"`
	Text string            `json:"text,omitempty"`
}

func ident(id peer.ID) map[string]string { return map[string]string{"id": id.String()} }

var out struct {
	mu sync.Mutex // guards the order of lines
	*json.Encoder
}

func init() { out.Encoder = json.NewEncoder(os.Stdout) }

func show(ev event) {
	out.mu.Lock()
	defer out.mu.Unlock()
	if err := out.Encode(ev); err != nil {
		os.Exit(1) // nobody listens any more
	}
}
