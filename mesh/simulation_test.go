package mesh_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

var (
	seedFlag      = flag.Uint64("seed", 0, "run the one random schedule with this seed, and log what happens in it")
	schedulesFlag = flag.Int("schedules", 10, "how many random schedules to run")
)

// TestRandomSchedules runs random schedules of joins, leaves, crashes, cuts,
// slow readers, clocks that are set, topics that are opened and closed, pages that
// are opened and loaded anew, and messages, in half of them in rooms of one name with
// different secrets beside each other, and holds after each that everybody has read
// what the contract promises. A schedule that fails names its seed; run it again
// with -seed.
func TestRandomSchedules(t *testing.T) {
	if *seedFlag != 0 {
		cryptotest.SetGlobalRandom(t, *seedFlag)
		inRoom(t, func(r *room) { newSimulation(r, *seedFlag, true).run() })
		return
	}
	for range *schedulesFlag {
		seed := rand.Uint64N(1<<40) + 1
		ok := t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			inRoom(t, func(r *room) { newSimulation(r, seed, false).run() })
		})
		if !ok {
			t.Fatalf("run it again with: go test ./mesh -run TestRandomSchedules -seed %d", seed)
		}
	}
}

// simulation is one random schedule. Time passes only as the schedule says, and
// identities, instances and keys come of the seed too, so a seed replays but for
// what happens at the same instant.
type simulation struct {
	*room
	rng     *rand.Rand
	verbose bool
	small   bool          // nodes have small bounds: gaps are allowed
	pages   int           // how many there are at the most
	groups  []peer.Secret // of which each player knows one
	names   []string
	clocks  map[string]*skew // of hosts
	alive   []*player
	all     []*player
}

// player is a node with what it has said.
type player struct {
	*actor
	said     map[mesh.Member][]said // by recipient; the zero Member is everybody
	group    int                    // whose secret it knows
	side     *part                  // in a second topic; nil: never
	sideShut bool                   // not any more
	mayFault bool                   // killed, or left without waiting: its receipts prove nothing

	page     *meshtest.Page // nil: it is none
	hides    bool           // its browser tells no address
	identity *peer.Identity // of a page: it is loaded anew with it
	served   netip.AddrPort // where the node was that served it
}

func (p *player) isPage() bool { return p.page != nil }

type said struct {
	topic   string
	nth     uint64 // in its stream, of those in that topic
	text    string
	receipt *mesh.Receipt
}

func newSimulation(r *room, seed uint64, verbose bool) *simulation {
	s := &simulation{room: r, rng: rand.New(rand.NewPCG(seed, 0)), verbose: verbose, clocks: make(map[string]*skew)}
	s.small = s.rng.IntN(3) == 0
	s.pages = max(0, s.rng.IntN(6)-2)
	for i := range 3 + s.rng.IntN(3) {
		name := fmt.Sprintf("host%d", i)
		s.names = append(s.names, name)
		s.clocks[name] = new(skew)
	}
	s.groups = []peer.Secret{{}}
	if s.rng.IntN(2) == 0 {
		ours, theirs := passphrases()
		s.groups = append(s.groups, ours, theirs)
	}
	return s
}

func (s *simulation) run() {
	for range 2 + s.rng.IntN(3) {
		s.enter()
	}
	for range 80 {
		s.step()
		s.wait()
	}
	s.mend()
	pass(30 * time.Second)
	s.check()
	if slices.ContainsFunc(s.alive, (*player).isPage) {
		pass(5 * time.Minute) // pages try again after four at the latest
		s.checkLinks()
	}
}

func (s *simulation) note(format string, args ...any) {
	if s.verbose {
		s.Logf("%s  "+format, append([]any{time.Now().Format("04:05.000")}, args...)...)
	}
}

// wait lets some time pass: mostly little, at times as long as a cut takes to
// be noticed.
func (s *simulation) wait() {
	d := time.Duration(s.rng.IntN(20)) * time.Millisecond
	switch s.rng.IntN(12) {
	case 0:
		d = time.Duration(s.rng.IntN(9000)) * time.Millisecond
	case 1, 2, 3:
		d = time.Duration(s.rng.IntN(400)) * time.Millisecond
	case 4, 5:
		d = 0
	}
	time.Sleep(d)
}

func (s *simulation) step() {
	kinds := []struct {
		weight int
		do     func()
	}{
		{40, s.broadcast},
		{10, s.private},
		{4, s.enter},
		{4, s.open},
		{2, s.reload},
		{2, s.leave},
		{2, s.kill},
		{5, func() { s.pair("cut", s.lan.Cut) }},
		{8, func() { s.pair("heal", s.lan.Heal) }},
		{6, func() { s.pair("drop", s.lan.Drop) }},
		{3, s.delay},
		{3, s.cable},
		{4, s.hold},
		{1, s.multicast},
		{2, s.firewall},
		{3, s.setClock},
		{5, s.openSide},
		{1, s.shutSide},
	}
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	at := s.rng.IntN(total)
	for _, k := range kinds {
		if at -= k.weight; at < 0 {
			k.do()
			return
		}
	}
}

func (s *simulation) host() string { return s.names[s.rng.IntN(len(s.names))] }

// one returns a node that is alive, or nil.
func (s *simulation) one() *player {
	if len(s.alive) == 0 {
		return nil
	}
	return s.alive[s.rng.IntN(len(s.alive))]
}

func (s *simulation) enter() {
	if len(s.alive) >= 6 {
		return
	}
	name := fmt.Sprintf("n%d", len(s.all))
	host, group := s.host(), s.rng.IntN(len(s.groups))
	a := s.join(host, func(cfg *mesh.Config) {
		cfg.Name = name
		mesh.SetSecret(cfg, s.groups[group])
		s.clocks[host].config(cfg)
	})
	if s.small {
		a.Shrink()
	}
	p := &player{actor: a, said: make(map[mesh.Member][]said), group: group}
	s.alive, s.all = append(s.alive, p), append(s.all, p)
	s.note("%s joins group %d on %s as %s", name, group, host, a.Self().Instance)
}

// open opens a page of a node that is alive.
func (s *simulation) open() {
	pages := 0
	for _, p := range s.alive {
		if p.isPage() {
			pages++
		}
	}
	if by := s.one(); by != nil && !by.isPage() && pages < s.pages {
		s.load(s.host(), by.Addrs()[0], by.group, peer.NewIdentity())
	}
}

// reload loads a page anew, or closes it if its node is gone.
func (s *simulation) reload() {
	p := s.one()
	if p == nil || !p.isPage() {
		return
	}
	unloaded := s.rng.IntN(2) == 0
	s.note("%s goes, unloaded %v", p.Self().Name, unloaded)
	s.remove(p)
	p.mayFault = true
	if unloaded {
		p.page.Unload()
	}
	p.Close()
	if s.serves(p) {
		s.load(p.host.Name(), p.served, p.group, p.identity)
	}
}

// serves reports whether a node of a page's group is alive where its page came from.
func (s *simulation) serves(page *player) bool {
	return slices.ContainsFunc(s.alive, func(p *player) bool {
		return !p.isPage() && p.Addrs()[0] == page.served && p.group == page.group
	})
}

func (s *simulation) load(host string, from netip.AddrPort, group int, identity *peer.Identity) {
	name := fmt.Sprintf("p%d", len(s.all))
	hides := s.rng.IntN(3) == 0
	page := s.lan.Host(host).Page(from)
	if hides {
		page.HideAddrs()
	}
	a := s.join(host, func(cfg *mesh.Config) {
		cfg.Name, cfg.Identity, cfg.Network, cfg.Peers = name, identity, page, []string{from.String()}
		mesh.SetSecret(cfg, s.groups[group])
		s.clocks[host].config(cfg)
	})
	if s.small {
		a.Shrink()
	}
	p := &player{actor: a, said: make(map[mesh.Member][]said), group: group, page: page, hides: hides, identity: identity, served: from}
	s.alive, s.all = append(s.alive, p), append(s.all, p)
	s.note("%s is loaded from %v on %s as %s, hides %v", name, from, host, a.Self().Instance, hides)
}

func (s *simulation) remove(p *player) {
	for i, q := range s.alive {
		if q == p {
			s.alive = append(s.alive[:i], s.alive[i+1:]...)
			return
		}
	}
}

func (s *simulation) leave() {
	p := s.one()
	if p == nil {
		return
	}
	s.remove(p)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := p.Leave(ctx)
	p.mayFault = err != nil
	s.note("%s leaves: %v", p.Self().Name, err)
}

func (s *simulation) kill() {
	p := s.one()
	if p == nil || s.rng.IntN(2) == 0 {
		return
	}
	s.note("host of %s is killed", p.Self().Name)
	synctest.Wait()
	p.host.Kill()
	for _, q := range append([]*player(nil), s.alive...) {
		if q.host == p.host {
			q.mayFault = true
			s.remove(q)
			synctest.Wait()
			q.Close()
		}
	}
}

func (s *simulation) pair(what string, do func(a, b *meshtest.Host)) {
	a, b := s.lan.Host(s.host()), s.lan.Host(s.host())
	if a == b {
		return
	}
	s.note("%s %s %s", what, a.Name(), b.Name())
	do(a, b)
}

func (s *simulation) delay() {
	d := time.Duration(s.rng.IntN(30)) * time.Millisecond
	s.pair("delay "+d.String(), func(a, b *meshtest.Host) { s.lan.Delay(a, b, d) })
}

func (s *simulation) cable() {
	h := s.lan.Host(s.host())
	if s.rng.IntN(3) == 0 {
		s.note("cable of %s out", h.Name())
		h.Cut()
		return
	}
	s.note("cable of %s in", h.Name())
	h.Heal()
}

func (s *simulation) hold() {
	h := s.lan.Host(s.host())
	if s.rng.IntN(2) == 0 {
		s.note("hold %s", h.Name())
		h.Hold()
		return
	}
	s.note("release %s", h.Name())
	h.Release()
}

func (s *simulation) multicast() { s.lan.SetMulticast(s.rng.IntN(2) == 0) }

func (s *simulation) firewall() { s.lan.Host(s.host()).SetFirewall(s.rng.IntN(3) == 0) }

// setClock sets the wall clock of a host, whether or not anything runs on it.
func (s *simulation) setClock() {
	host, jump := s.host(), time.Duration(0)
	if s.rng.IntN(3) > 0 {
		jump = jumps[s.rng.IntN(len(jumps))]
	}
	s.note("clock of %s is set to %v", host, jump)
	s.clocks[host].set(jump)
}

// sideTopic is what nodes take part in now and then, beside their own topic.
const sideTopic = "side"

func (s *simulation) openSide() {
	p := s.one()
	if p == nil || p.side != nil {
		return
	}
	s.note("%s opens a topic", p.Self().Name)
	p.side = s.room.open(p.actor, sideTopic)
}

// shutSide has somebody leave the second topic, for good.
func (s *simulation) shutSide() {
	p := s.one()
	if p == nil || p.side == nil || p.sideShut {
		return
	}
	s.note("%s closes a topic", p.Self().Name)
	p.sideShut = true
	p.side.topic.Close()
}

// speaker is a Node or a Topic.
type speaker interface {
	Members() []mesh.Peer
	Broadcast(ctx context.Context, data []byte) (*mesh.Receipt, error)
	Send(ctx context.Context, to mesh.Member, data []byte) (*mesh.Receipt, error)
}

// where returns in which of its topics a player speaks next.
func (s *simulation) where(p *player) (speaker, string) {
	if p.side != nil && !p.sideShut && s.rng.IntN(2) == 0 {
		return p.side.topic, sideTopic
	}
	return p.Node, "main"
}

// note keeps what a player has said.
func (p *player) note(to mesh.Member, topic, text string, r *mesh.Receipt) {
	nth := uint64(1)
	for _, before := range p.said[to] {
		if before.topic == topic {
			nth = before.nth + 1
		}
	}
	p.said[to] = append(p.said[to], said{topic, nth, text, r})
}

func (s *simulation) text() string {
	if s.rng.IntN(8) == 0 {
		return fmt.Sprint(s.rng.Uint64()) + heavy
	}
	return fmt.Sprint(s.rng.Uint64())
}

func (s *simulation) broadcast() {
	p := s.one()
	if p == nil {
		return
	}
	for range 1 + s.rng.IntN(10) {
		text := s.text()
		topic, name := s.where(p)
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		receipt, err := topic.Broadcast(ctx, []byte(text))
		cancel()
		if err != nil {
			s.note("%s: broadcast: %v", p.Self().Name, err)
			return
		}
		s.note("%s says %d in %s to %q", p.Self().Name, receipt.Seq(), name, names(receipt.To()))
		p.note(mesh.Member{}, name, text, receipt)
	}
}

func (s *simulation) private() {
	p := s.one()
	if p == nil {
		return
	}
	topic, name := s.where(p)
	members := topic.Members()
	if len(members) == 0 {
		return
	}
	to := members[s.rng.IntN(len(members))]
	text := s.text()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	receipt, err := topic.Send(ctx, to.Member, []byte(text))
	if err != nil {
		s.note("%s to %s: %v", p.Self().Name, to.Name, err)
		return
	}
	s.note("%s says %d in %s to %s alone", p.Self().Name, receipt.Seq(), name, to.Name)
	p.note(to.Member, name, text, receipt)
}

// mend makes the network whole again.
func (s *simulation) mend() {
	s.note("mend")
	s.lan.SetMulticast(true)
	for i, a := range s.names {
		h := s.lan.Host(a)
		h.Heal()
		h.Release()
		h.SetFirewall(false)
		for _, b := range s.names[:i] {
			s.lan.Heal(h, s.lan.Host(b))
			s.lan.Delay(h, s.lan.Host(b), 0)
		}
	}
}
