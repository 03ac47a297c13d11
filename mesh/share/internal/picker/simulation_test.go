package picker

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run the swarms with this seed alone")
	seedsFlag = flag.Uint64("seeds", 0, "how many seeds to run of each swarm; 0: some")
)

const (
	mbit = 1e6 / 8
	rate = 200 * mbit
	ms   = time.Millisecond
)

// swarm is what a kind of network is to do.
type swarm struct {
	name      string
	size      int64 // MiB
	piece     int64 // KiB; 0: 256
	receivers int
	latency   time.Duration

	// begin changes what nodes are like, and has happen what is to happen; all
	// receivers have joined in the first 20 ms if it is nil, or calls all.
	begin func(n *network)

	// The most for those that stayed: in contents that the origin sends; in the
	// time that one alone takes, for each; in contents that came twice.
	upload, time, twice float64
}

// one is the time that one receiver alone takes for all.
func (n *network) one() time.Duration {
	return time.Duration(float64(n.offset(n.pieces)) / rate * float64(time.Second))
}

func (n *network) all(nodes []*node) {
	for _, v := range nodes {
		n.at(n.now+time.Duration(n.random.Float64()*20)*ms, v.join)
	}
}

var swarms = []swarm{
	{
		name: "equal", size: 64, receivers: 8, latency: 20 * ms,
		upload: 1.15, time: 1.3, twice: 0.03,
	},
	{
		name: "equal, slow announcements", size: 64, receivers: 8, latency: 100 * ms,
		upload: 1.25, time: 1.6, twice: 0.03,
	},
	{
		name: "two", size: 64, receivers: 2, latency: 5 * ms,
		upload: 1.15, time: 1.3, twice: 0.03,
	},
	{
		name: "one", size: 64, receivers: 1, latency: 5 * ms,
		upload: 1, time: 1.05, twice: 0,
	},
	{
		name: "sixteen", size: 32, receivers: 16, latency: 10 * ms,
		upload: 1.3, time: 1.6, twice: 0.03,
	},
	{
		name: "one slow", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.nodes[8].up, n.nodes[8].down = 20*mbit, 20*mbit
			n.nodes[8].slow = 10
			n.all(n.nodes[1:])
		},
		upload: 1.5, time: 1.6, twice: 0.03,
	},
	{
		name: "one leaves at half", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.all(n.nodes[1:])
			n.at(n.one()/2, func() { n.nodes[3].leave(2 * time.Second) })
		},
		upload: 1.25, time: 1.5, twice: 0.03,
	},
	{
		name: "one joins late", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.all(n.nodes[1:8])
			n.at(n.one()*6/10, n.nodes[8].join)
		},
		upload: 1.35, time: 1.4, twice: 0.03,
	},
	{
		name: "one lies", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.nodes[4].lies = true
			n.all(n.nodes[1:])
		},
		upload: 1.5, time: 1.5, twice: 0.03,
	},
	{
		name: "one never answers", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.nodes[4].mute = true
			n.all(n.nodes[1:])
		},
		upload: 1.5, time: 1.6, twice: 0.03,
	},
	{
		name: "the origin leaves when all is out", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			n.all(n.nodes[1:])
			n.when(n.out, func() { n.nodes[0].leave(2 * time.Second) })
		},
		upload: 1.15, time: 1.6, twice: 0.03,
	},
	{
		name: "the origin is gone for a while", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			origin := n.nodes[0]
			n.all(n.nodes[1:])
			n.at(n.one()/3, func() { origin.leave(time.Second) })
			n.at(n.one()/3+3*time.Second, origin.back)
		},
		upload: 1.4, time: 3, twice: 0.03,
	},
	{
		name: "some have some of it", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			for _, v := range n.nodes[1:] {
				first, count := n.random.IntN(n.pieces/2), n.random.IntN(n.pieces/2)
				v.picker.Skip(bits.Run{First: first, Count: count})
				v.has.AddRun(bits.Run{First: first, Count: count})
			}
			n.all(n.nodes[1:])
		},
		upload: 1.15, time: 1.3, twice: 0.03,
	},
	{
		name: "small files", size: 8, piece: 8, receivers: 8, latency: 5 * ms,
		upload: 1.5, time: 3, twice: 0.03,
	},
	{
		name: "links of all kinds", size: 64, receivers: 8, latency: 20 * ms,
		begin: func(n *network) {
			for _, v := range n.nodes[1:] {
				v.slow = 1 + 9*n.random.Float64()
				v.up, v.down = rate/v.slow, rate/v.slow
			}
			n.all(n.nodes[1:])
		},
		upload: 6, time: 2, twice: 0.03,
	},
	{
		name: "coming and going", size: 64, receivers: 12, latency: 20 * ms,
		begin: func(n *network) {
			n.all(n.nodes[1:5])
			for i, v := range n.nodes[5:] {
				n.at(time.Duration(n.random.Float64()*float64(n.one())), v.join)
				if i%2 == 0 {
					n.at(n.one()+time.Duration(n.random.Float64()*float64(n.one())), func() { v.leave(2 * time.Second) })
				}
			}
		},
		upload: 2, time: 2, twice: 0.03,
	},
}

// out says whether the receivers have all of it together.
func (n *network) out() bool {
	all := bits.New(n.pieces)
	for _, v := range n.nodes[1:] {
		if !v.gone {
			all.Union(v.has)
		}
	}
	return all.Full()
}

// when does something as soon as it is so.
func (n *network) when(so func() bool, do func()) {
	if so() {
		do()
		return
	}
	n.at(n.now+10*ms, func() { n.when(so, do) })
}

// honest are the receivers that are here and do what they should.
func (n *network) honest() []*node {
	var honest []*node
	for _, v := range n.nodes[1:] {
		if !v.gone && !v.lies && !v.mute {
			honest = append(honest, v)
		}
	}
	return honest
}

func (n *network) allDone() bool {
	for _, v := range n.nodes[1:] {
		if v.done < 0 && !v.gone && !v.lies && !v.mute {
			return false
		}
	}
	return true
}

func (s *swarm) network(seed uint64) *network {
	size, piece := s.size<<20, s.piece<<10
	if piece == 0 {
		piece = 256 << 10
	}
	n := &network{
		random:  rand.New(rand.NewPCG(seed, 1)),
		latency: s.latency,
		pieces:  int(size / piece),
		offset:  func(i int) int64 { return int64(i) * piece },
		next:    1<<63 - 1,
	}
	for range s.receivers + 1 {
		n.add(rate, rate)
	}
	if s.begin != nil {
		s.begin(n)
	} else {
		n.all(n.nodes[1:])
	}
	return n
}

func seeds() uint64 {
	switch {
	case *seedsFlag > 0:
		return *seedsFlag
	case raceEnabled:
		return 1
	}
	return 8
}

func TestSwarm(t *testing.T) {
	for _, s := range swarms {
		t.Run(s.name, func(t *testing.T) {
			var worst [3]float64
			for seed := range seeds() {
				if *seedFlag != 0 {
					seed = *seedFlag
				}
				for i, v := range s.run(t, seed) {
					worst[i] = max(worst[i], v)
				}
			}
			t.Logf("at most: the origin sent %.3f, the time %.3f, twice %.3f", worst[0], worst[1], worst[2])
		})
	}
}

// run lets a swarm go until all that stayed have all, and returns what the origin
// sent, the time, and what came twice.
func (s *swarm) run(t *testing.T, seed uint64) [3]float64 {
	n := s.network(seed)
	if !n.run(100*n.one(), n.allDone) {
		for _, v := range n.honest() {
			pieces, _ := v.picker.Remaining()
			t.Logf("%d pieces are missing", pieces)
		}
		t.Fatalf("seed %d: somebody waits for ever", seed)
	}
	size := float64(n.offset(n.pieces))
	upload, took, twice := float64(n.nodes[0].sent)/size, 0.0, 0.0
	for _, v := range n.honest() {
		took = max(took, float64(v.done-v.joined)/float64(n.one())/max(v.slow, 1))
		twice = max(twice, float64(v.doubles)/size)
	}
	if upload > s.upload || took > s.time || twice > s.twice {
		t.Errorf("seed %d: the origin sent %.3f, the time was %.3f, %.3f came twice", seed, upload, took, twice)
	}
	return [3]float64{upload, took, twice}
}
