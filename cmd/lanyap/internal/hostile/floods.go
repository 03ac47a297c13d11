//go:build linux

package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Floods are what members do who send one kind of frame without an end: each makes a
// link to At, which it keeps for as long as it is let, and writes batches of what no
// node sends so often, or at all. Each counts what stay does, "read", and under
// its own name the batches.
func init() {
	for name, f := range floods {
		attacks[floodPrefix+name] = func(ctx context.Context, o Order, n *Tally) error {
			return o.flood(ctx, n, f)
		}
	}
}

const floodPrefix = "floods "

// Floods returns the names of the attacks by frames that say nothing wrong, for which
// nobody is thrown out; or of those that do.
func Floods(wrong bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(floods)) {
		if strings.HasPrefix(name, "wrong ") == wrong {
			names = append(names, floodPrefix+name)
		}
	}
	return names
}

// flood returns the k-th frame of a flood.
type flood func(in *insider, k int) []byte

// batchSize is how long a batch is, at least: a link message of several frames.
const batchSize = 4 << 10

// flood writes batches until the link ends.
func (o Order) flood(ctx context.Context, n *Tally, f flood) error {
	next := o.pace(ctx)
	return o.stay(ctx, n, func(ctx context.Context, in *insider) {
		go in.listen(n)
		for k := 0; ctx.Err() == nil && next(); {
			var batch []byte
			for len(batch) < batchSize {
				batch = append(batch, f(in, k)...)
				k++
			}
			if in.WriteMessage(batch) != nil {
				return
			}
			n.Add(o.Do)
		}
	})
}

var floods = map[string]flood{
	"messages": func(in *insider, _ int) []byte { return in.message(make([]byte, 200)) },
	// Of a repeated message nothing is read but its number.
	"repeats": func(in *insider, k int) []byte {
		if k == 0 {
			return in.message(nil)
		}
		return frame(frameMessage, in.signedMessage(1, 0, nil))
	},
	"haves":   func(*insider, int) []byte { return have(1) },
	"gaps":    func(in *insider, k int) []byte { return frame(frameGap, []byte{1}, number(1), number(1)) },
	"byeacks": func(*insider, int) []byte { return frame(frameByeAck) },
	"byes":    func(*insider, int) []byte { return frame(frameBye) },
	"records": func(in *insider, k int) []byte { return in.record(uint64(2+k), fmt.Sprint("topic ", k)) },
	"others' records": func(in *insider, _ int) []byte {
		return frame(frameRecord, chance(32), chance(16), number(1), chance(32), short("x"), []byte{0}, chance(64))
	},
	"asks":  func(*insider, int) []byte { return frame(frameAsk, []byte{0}, []byte{0xff, 0xff}) },
	"asked": func(*insider, int) []byte { return frame(frameAsked) },
	"past": func(in *insider, k int) []byte {
		return frame(framePast, number(1), in.signedMessage(uint64(1+k), chanceDigest(k), nil))
	},
	"stream": func(*insider, int) []byte { return frame(frameStream, chance(100)) },
	"pages":  func(*insider, int) []byte { return frame(framePages, chance(8*128)) },
	"unknown": func(*insider, int) []byte {
		return frame(frameUnknown, chance(1000))
	},
	// Members that there are not, at ports of ours where nobody answers.
	"peers": func(in *insider, k int) []byte {
		var entries []byte
		for i := range 64 {
			entries = append(append(entries, chance(8)...), 1<<7)
			entries = append(entries, address(netip.AddrPortFrom(in.LocalAddr(), uint16(20_000+64*k+i)))...)
		}
		return frame(framePeers, entries)
	},
	"ways": func(*insider, int) []byte {
		var entries []byte
		for range 64 {
			entries = append(append(entries, chance(8)...), 1)
		}
		return frame(frameReach, []byte{3}, chance(8), entries)
	},
	"relays to nobody": func(in *insider, _ int) []byte { return in.relay(chance(8), 4, append([]byte{3}, chance(100)...)) },
	"tunnels' records": func(in *insider, _ int) []byte { return in.relay(in.to(), 4, append([]byte{3}, chance(100)...)) },
	"tunnels' opens": func(in *insider, k int) []byte {
		record := in.record(uint64(2 + k))[4:]
		return in.relay(in.to(), 4, slices.Concat([]byte{1}, chance(16), record, chance(64)))
	},
	"tunnels' keys": func(in *insider, _ int) []byte {
		return in.relay(in.to(), 4, append([]byte{2}, chance(16+16+32+64)...))
	},
	"carried offers": func(in *insider, _ int) []byte {
		return in.relay(in.to(), 4, slices.Concat([]byte{4}, chance(8), []byte{0}, []byte("v=0\r\n")))
	},
	"carried answers": func(in *insider, _ int) []byte {
		return in.relay(in.to(), 4, slices.Concat([]byte{5}, chance(8), []byte{0}, []byte("v=0\r\n")))
	},

	"wrong hops":     func(in *insider, _ int) []byte { return in.relay(in.to(), 200, []byte{3}) },
	"wrong length":   func(*insider, int) []byte { return []byte{frameMessage, 0xff, 0xff, 0xff} },
	"wrong body":     func(in *insider, _ int) []byte { return in.message(make([]byte, 64<<10+1)) },
	"wrong sequence": func(in *insider, k int) []byte { return frame(frameMessage, in.signedMessage(uint64(100+k), 1, nil)) },
	"wrong signature": func(in *insider, _ int) []byte {
		m := in.message(nil)
		clear(m[len(m)-64:])
		return m
	},
	"wrong peers": func(*insider, int) []byte { return frame(framePeers, bytes.Repeat([]byte{0}, 9*129)) },
}

// to is the instance of who is attacked.
func (in *insider) to() []byte {
	to := in.Remote().Instance
	return to[:]
}

// relay is a frame to somebody, who need not be there.
func (in *insider) relay(to []byte, hops byte, payload []byte) []byte {
	self := in.transport.Self().Instance
	return frame(frameRelay, to, self[:], []byte{hops}, payload)
}

// address is how a frame has one.
func address(at netip.AddrPort) []byte {
	raw := at.Addr().Unmap().AsSlice()
	family := byte(4)
	if len(raw) == 16 {
		family = 6
	}
	return binary.BigEndian.AppendUint16(append([]byte{family}, raw...), at.Port())
}

// chance is so many bytes of chance.
func chance(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // which never fails
	return b
}

// chanceDigest is a digest of nothing, and 0 of what has none before it.
func chanceDigest(k int) uint64 {
	if k == 0 {
		return 0
	}
	return binary.BigEndian.Uint64(chance(8)) | 1
}

// digest is that of a message as it was signed.
func digest(message []byte) uint64 {
	sum := sha256.Sum256(message)
	return binary.BigEndian.Uint64(sum[:])
}
