package picker

import (
	"testing"
	"time"
)

const (
	mbit = 1e6 / 8
	mib  = 1 << 20
)

type outcome struct {
	upload  float64 // of the origin, in contents
	time    float64 // until all have it, in the time that one alone takes
	doubles float64 // most that came twice at one, in contents
}

func (n *network) outcome(rate float64) outcome {
	size := float64(n.offset(n.pieces))
	o := outcome{upload: float64(n.nodes[0].sent) / size}
	for _, v := range n.nodes[1:] {
		if v.gone || v.joined < 0 {
			continue
		}
		o.time = max(o.time, (v.done-v.joined).Seconds()*rate/size)
		o.doubles = max(o.doubles, float64(v.doubles)/size)
	}
	return o
}

func (n *network) allDone() bool {
	for _, v := range n.nodes {
		if !v.gone && !v.lies && !v.mute && v.done < 0 {
			return false
		}
	}
	return true
}

func TestEqualReceiversPassOnWhatTheOriginSendsOnce(t *testing.T) {
	for seed := range uint64(5) {
		pieces, offset := equal(64*mib, 256<<10)
		n := newNetwork(seed, 8, 200*mbit, 20*time.Millisecond, pieces, offset)
		for _, v := range n.nodes[1:] {
			n.at(time.Duration(n.random.Float64()*float64(20*time.Millisecond)), v.join)
		}
		if !n.run(time.Hour, n.allDone) {
			t.Fatalf("seed %d: not all of it after an hour", seed)
		}
		if o := n.outcome(200 * mbit); o.upload > 1.3 || o.time > 1.3 || o.doubles > 0.03 {
			t.Errorf("seed %d: %+v", seed, o)
		}
	}
}
