package discovery

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// start starts nodes 1 to n and ends them with the test.
func startNodes(t *testing.T, b *bus, n int) []*busNode {
	t.Helper()
	var nodes []*busNode
	for i := range n {
		nodes = append(nodes, b.start(t, i+1))
	}
	t.Cleanup(func() {
		for _, node := range nodes {
			node.close()
		}
	})
	return nodes
}

// Idle nodes, in both families, together send a packet a second for sixteen
// of them, and each goes on knowing all others.
func TestIdleTraffic(t *testing.T) {
	for _, size := range []int{2, 16, 64} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus()
				nodes := startNodes(t, b, size)
				time.Sleep(30 * time.Second)
				before := b.count()
				const span = 20 * time.Minute
				time.Sleep(span)
				rate := float64(b.count()-before) / span.Seconds()
				t.Logf("%d nodes: %d packets in the first 30 s, then %.2f/s", size, before, rate)
				if limit := max(1, float64(size)/16); rate > limit {
					t.Errorf("%d idle nodes send %.2f packets/s, want at most %.0f", size, rate, limit)
				}
				for _, n := range nodes {
					n.LAN.mu.Lock()
					known := len(n.known.entries)
					n.LAN.mu.Unlock()
					if known != size-1 {
						t.Errorf("node %s knows %d others after %v, want %d", n.service.Instance, known, span, size-1)
					}
				}
			})
		})
	}
}

// A node that comes late is seen by all and sees all before any timer fires.
func TestLateNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		nodes := startNodes(t, b, 16)
		time.Sleep(time.Minute)
		late := b.start(t, 17)
		defer late.close()
		synctest.Wait()
		for _, n := range nodes {
			in, ok := n.sees()[late.service.Instance]
			if want := netip.MustParseAddrPort("10.0.0.17:7475"); !ok || in.Addrs[0] != want || in.Room != late.service.Room {
				t.Errorf("node %s sees %+v, want %v", n.service.Instance, in, want)
			}
		}
		if n := len(late.sees()); n != 16 {
			t.Errorf("the late node sees %d others, want 16", n)
		}
	})
}

// Where answers by unicast do not get through, as with many firewalls, those
// by multicast come within the delays of the RFC.
func TestLateNodeWithoutUnicast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.lose = func(_, to netip.AddrPort) bool { return to.Port() != mdnsPort }
		startNodes(t, b, 16)
		time.Sleep(time.Minute)
		late := b.start(t, 17)
		defer late.close()
		time.Sleep(2*answerMax + time.Millisecond)
		synctest.Wait()
		if n := len(late.sees()); n != 16 {
			t.Errorf("the late node sees %d others, want 16", n)
		}
	})
}

// Nodes that start at once on a network that loses a fifth of what is
// received all see each other soon.
func TestLoss(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		r := rand.New(rand.NewPCG(seed, 0))
		b.lose = func(_, _ netip.AddrPort) bool { return r.IntN(5) == 0 }
		nodes := startNodes(t, b, 16)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		oneSided := 0
		for i, n := range nodes {
			for _, o := range nodes[:i] {
				_, a := n.sees()[o.service.Instance]
				_, b := o.sees()[n.service.Instance]
				if !a && !b {
					oneSided++
				}
			}
		}
		if oneSided > 0 {
			t.Errorf("after 2 s %d pairs know nothing of each other", oneSided)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, n := range nodes {
			if seen := len(n.sees()); seen != 15 {
				t.Errorf("after a minute node %s sees %d others, want 15", n.service.Instance, seen)
			}
		}
	})
}

func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		a := b.start(t, 1)
		defer a.close()
		c := b.start(t, 2)
		time.Sleep(time.Second)
		c.close()
		synctest.Wait()
		if seen := a.sees(); len(seen) != 0 {
			t.Errorf("after the goodbye still seen: %v", seen)
		}
		a.mu.Lock()
		last := a.events[len(a.events)-1]
		a.mu.Unlock()
		if !last.Gone || last.Instance != c.service.Instance || len(last.Addrs) == 0 {
			t.Errorf("last event is %+v, want a goodbye with the last addresses", last)
		}
	})
}

// Who answers only the querier is seen, whatever our own sockets hear.
func TestLookupSees(t *testing.T) {
	for _, hearsAny := range []bool{false, true} {
		t.Run(fmt.Sprintf("any=%v", hearsAny), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus()
				b.any = hearsAny
				b.lookup = found(fmt.Sprintf("%016x", 2))
				node := b.start(t, 1)
				defer node.close()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if n := len(node.sees()); n != 1 {
					t.Errorf("sees %d others, want 1", n)
				}
			})
		})
	}
}

// found is a querier that finds one instance.
func found(instance string) func(context.Context, Interface) []sighting {
	return func(context.Context, Interface) []sighting {
		return []sighting{{instance: instance, room: self.Room, port: 7475, ttl: recordTTL, addrs: iface(1).Addrs}}
	}
}

// A consumer that takes nothing for a while finds the latest of each.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		next := make(chan struct{})
		got := make(map[string]Instance)
		done := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(done)
			for in, err := range node.Browse(ctx) {
				if err != nil {
					t.Error(err)
				}
				got[in.Instance] = in
				<-next
			}
		}()
		stays, leaves := b.start(t, 2), b.start(t, 3)
		defer stays.close()
		time.Sleep(time.Minute)
		leaves.close()
		close(next)
		synctest.Wait()
		cancel()
		<-done
		if len(got) != 2 || got[stays.service.Instance].Gone || !got[leaves.service.Instance].Gone {
			t.Errorf("got %+v, want one that is here and one that is gone", slices.Collect(maps.Values(got)))
		}
	})
}
