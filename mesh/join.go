package mesh

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/mesh/internal/hpke"
	"github.com/lanyap/lanyap/mesh/internal/paths"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/logger"
)

// Join starts a node. When it returns the node answers and is advertised, and
// has begun to dial those it finds. ctx bounds the start alone.
func Join(ctx context.Context, cfg Config) (*Node, error) {
	var byHand []*contacts.Address
	for _, text := range cfg.Peers {
		a, err := contacts.ParseAddress(text)
		if err != nil {
			return nil, err
		}
		byHand = append(byHand, a)
	}
	cfg = cfg.withDefaults()
	if err := checkTopic(cfg.Topic); err != nil {
		return nil, err
	}
	if cfg.MaxMembers < 0 || cfg.MaxMembers > maxMembers {
		return nil, fmt.Errorf("mesh: a room of %d members beside this one: 1 to %d, or 0 for as many", cfg.MaxMembers, maxMembers)
	}
	n, err := join(ctx, cfg, byHand)
	if err != nil {
		cfg.logs.close()
		return nil, err
	}
	return n, nil
}

func join(ctx context.Context, cfg Config, byHand []*contacts.Address) (*Node, error) {
	hook := new(early)
	transport, err := cfg.Network.Listen(peer.Config{
		Identity: cfg.Identity,
		Room:     cfg.Room,
		Secret:   cfg.secret,
		Name:     cfg.Name,
		Topics:   cfg.topics(),
		Observer: cfg.Observer,
		Port:     cfg.Port,
		MaxLinks: cfg.MaxMembers,
		Logger:   cfg.Logger,

		AllowRemote: cfg.AllowRemote,
		Refused:     hook.refused,
	})
	if err != nil {
		return nil, err
	}
	disc, err := cfg.Network.Discover(discovery.Config{Interfaces: cfg.Interfaces, Logger: cfg.Logger})
	if err != nil {
		transport.Close()
		return nil, err
	}
	n := newNode(cfg, transport, disc, byHand)
	hook.node.Store(n)
	if n.tunnelKey, err = hpke.NewKey(); err != nil {
		n.Close()
		return nil, err
	}
	n.revision = 1
	n.record = n.signRecord(n.self.Topics)
	n.archive.shelf(n.self.Member).learn(n.record)
	if err := n.openStore(cfg); err != nil {
		n.Close()
		return nil, err
	}
	n.wg.Go(n.runExaminer)
	n.wg.Go(n.accept)
	if s, ok := transport.(streams); ok {
		n.wg.Go(func() { n.acceptStreams(s) })
	}
	if err := disc.Announce(ctx, n.service()); err != nil {
		n.Close()
		return nil, err
	}
	if f, ok := transport.(fleeting); ok {
		f.OnHide(n.pageGone)
	}
	n.wg.Go(n.browse)
	n.wg.Go(n.runClockwork)
	if w, ok := transport.(surroundings); ok {
		n.wg.Go(func() { w.Watch(n.ctx, n.networkChanged) })
	}
	return n, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Logger == nil {
		cfg.Logger = logger.Discard()
	}
	if cfg.Identity == nil {
		cfg.Identity = peer.NewIdentity()
	}
	if cfg.Name == "" {
		cfg.Name = cfg.Identity.ID().Short()
	}
	if cfg.Room == "" {
		cfg.Room = peer.DefaultRoom
	}
	if cfg.Topic == "" {
		cfg.Topic = defaultTopic
	}
	if cfg.secret.IsZero() {
		cfg.secret = peer.NewSecret(cfg.Room, cfg.Secret)
	}
	cfg.MaxMembers = cmp.Or(cfg.MaxMembers, maxMembers)
	if cfg.wall == nil {
		cfg.wall = time.Now
	}
	// The transport and discovery wait for nobody's handler either.
	cfg.Logger, cfg.logs = newLogs(cfg.Logger)
	if cfg.Network == nil {
		cfg.Network = machine{interfaces: cfg.Interfaces}
	}
	return cfg
}

// roomKey returns what all that is signed in a room is bound to. That of a room with
// a secret follows from both, so that nothing of one is good in another.
func roomKey(room string, secret peer.Secret) wire.RoomKey {
	if secret.IsZero() {
		return wire.NewRoomKey(room)
	}
	return secret.RoomKey(room)
}

// topics returns what a node takes part in when it starts.
func (cfg Config) topics() []string {
	if cfg.Observer {
		return nil
	}
	return []string{cfg.Topic}
}

// surroundings is what a Transport may tell of its host; see Network.
type surroundings interface {
	OnLink(netip.Addr) bool
	Watch(ctx context.Context, changed func())
}

func newNode(cfg Config, transport Transport, disc Discovery, byHand []*contacts.Address) *Node {
	hello := transport.Self()
	bounds := limitsFor(debug.SetMemoryLimit(-1)) // which changes nothing
	n := &Node{
		log:        cfg.Logger,
		logs:       cfg.logs,
		identity:   cfg.Identity,
		self:       newPeer(hello, netip.AddrPort{}),
		salt:       hello.Salt,
		observer:   cfg.Observer,
		room:       roomKey(cfg.Room, cfg.secret),
		tag:        peer.RoomTag(cfg.Room),
		transport:  transport,
		discovery:  disc,
		most:       cfg.MaxMembers,
		limits:     bounds,
		burden:     burden{limit: bounds.relayed},
		through:    newPace(),
		wall:       cfg.wall,
		examined:   make(chan *ask, 4),
		clockwork:  newSignal(),
		born:       time.Now(),
		services:   newServices(),
		addrs:      transport.Addrs(),
		stream:     newStream(wire.Broadcast),
		members:    make(map[Member]*member),
		links:      make(map[peer.Instance]*link),
		paths:      paths.New(hello.Instance),
		tunnels:    make(map[[wire.TagSize]byte]*tunnelLink),
		seeks:      make(map[peer.Instance]*seek),
		nonces:     make(map[[wire.NonceSize]byte]time.Time),
		archive:    newArchive(historyLimit(cfg.KeepHistory), bounds),
		wanted:     historyLimit(cfg.History),
		marks:      make(map[Member]mark),
		accused:    newAccused(),
		compareDue: time.Now().Add(compareEvery),
		contacts:   contacts.New(hello.Instance, rand.Uint64(), byHand),
		carries:    newCarries(transport),
	}
	if w, ok := transport.(surroundings); ok {
		n.onLink = w.OnLink
	}
	n.main = newTopic(n, cfg.Topic)
	n.topics = []*Topic{n.main}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.done = n.ctx.Done()
	return n
}
