package discovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
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

// Who starts before there is a network is found when there is one, and when
// the cable is back after it was out.
func TestNetworkComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		other := startNodes(t, b, 1)[0]
		node := b.startOn(t, 2)
		defer node.close()
		up := iface(2)
		node.changes <- []Interface{up}
		synctest.Wait()
		if _, ok := other.sees()[node.service.Instance]; !ok || len(node.sees()) != 1 {
			t.Fatal("with the network there, they do not see each other")
		}
		time.Sleep(time.Minute)
		down := up
		down.Running = false
		node.changes <- []Interface{down}
		time.Sleep(time.Minute)
		node.mu.Lock()
		node.events = nil
		node.mu.Unlock()
		node.changes <- []Interface{up}
		synctest.Wait()
		if len(node.sees()) != 1 {
			t.Error("after the cable was out, the other was not told again")
		}
		node.changes <- nil
		time.Sleep(askFor)
		synctest.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		for s := range b.sockets {
			if s.addr.Addr() == up.Addrs[0] {
				t.Errorf("socket %v is open without an interface", s.addr)
			}
		}
	})
}

// An address that cannot be used yet is tried again, on a change and by time.
func TestSocketFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		other := startNodes(t, b, 1)[0]
		usable := make(chan struct{})
		fails := func(i Interface, f family) (socket, error) {
			select {
			case <-usable:
				return b.socket(i, f, true)
			default:
				return nil, errors.New("cannot assign requested address")
			}
		}
		node := b.startWith(t, 2, fails, iface(2))
		defer node.close()
		time.Sleep(5 * retryMin)
		close(usable)
		node.changes <- []Interface{iface(2)}
		synctest.Wait()
		if _, ok := other.sees()[node.service.Instance]; !ok || len(node.sees()) != 1 {
			t.Error("they do not see each other")
		}
	})
}

// Where another program has the port for itself, that is said, and when it is
// gone all is well.
func TestErr(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		other := startNodes(t, b, 1)[0]
		free := make(chan struct{})
		held := func(i Interface, f family) (socket, error) {
			select {
			case <-free:
				return b.socket(i, f, true)
			default:
				return nil, ErrPort
			}
		}
		node := b.startWith(t, 2, held, iface(2))
		defer node.close()
		if err := node.Err(); !errors.Is(err, ErrPort) || !strings.Contains(err.Error(), "eth0") {
			t.Errorf("got %v, want ErrPort, and where", err)
		}
		if err := other.Err(); err != nil {
			t.Errorf("the other has %v", err)
		}
		node.changes <- nil
		synctest.Wait()
		if err := node.Err(); err != nil {
			t.Errorf("without an interface: %v", err)
		}
		node.changes <- []Interface{iface(2)}
		close(free)
		time.Sleep(time.Minute)
		if err := node.Err(); err != nil {
			t.Errorf("when the port is free: %v", err)
		}
		if len(node.sees()) != 1 {
			t.Error("when the port is free, the other is not seen")
		}
	})
}

// One family that works is enough.
func TestErrOfOneFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := b.startWith(t, 1, func(i Interface, f family) (socket, error) {
			if f == ip4 {
				return nil, ErrPort
			}
			return b.socket(i, f, true)
		}, iface(1))
		defer node.close()
		time.Sleep(time.Minute)
		if err := node.Err(); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// A switch forgets who wants to hear the group: those who were there do not
// hear each other, nor whoever comes. It does not stay so.
func TestSwitchForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		nodes := startNodes(t, b, 2)
		time.Sleep(10 * time.Minute)
		b.forget()
		late := b.start(t, 3)
		defer late.close()
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		nodes = append(nodes, late)
		for _, n := range nodes {
			if seen := len(n.sees()); seen != 2 {
				t.Errorf("node %s sees %d others, want 2", n.service.Instance, seen)
			}
			n.LAN.mu.Lock()
			known := len(n.known.entries)
			n.LAN.mu.Unlock()
			if known != 2 {
				t.Errorf("node %s knows %d others, want 2", n.service.Instance, known)
			}
		}
	})
}

// Processes of one machine leave the group together, whenever each of them
// started, or it would stay joined.
func TestMachineLeavesTogether(t *testing.T) {
	for _, between := range []time.Duration{17 * time.Second, 77 * time.Second} {
		t.Run(between.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus()
				first := b.start(t, 1)
				defer first.close()
				time.Sleep(between)
				second := b.start(t, 1)
				defer second.close()
				if !b.left(10 * time.Minute) {
					t.Error("in ten minutes without others they never left the group all at once")
				}
			})
		})
	}
}

// Who is alone leaves the group all the same when each lookup finds ourselves.
func TestAloneLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.lookup = found(fmt.Sprintf("%016x", 1))
		node := b.start(t, 1)
		defer node.close()
		if !b.left(10 * time.Minute) {
			t.Error("in ten minutes it never left the group")
		}
	})
}

// A router that repeats our own words is nobody else.
func TestAloneWithEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := b.start(t, 1)
		defer node.close()
		router := b.stranger(t, "10.0.0.254:5353")
		echo, err := announcement(node.service, iface(1).Addrs).pack()
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			router.say(t, echo)
			if b.left(30 * time.Second) {
				return
			}
		}
		t.Error("in ten minutes it never left the group")
	})
}

// Where a socket hears what was not sent to the group, a packet from off the
// link says nothing of the group.
func TestAloneWithUnicast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.any = true
		node := b.start(t, 1)
		defer node.close()
		far := b.stranger(t, "192.0.2.1:5353")
		packets, err := query(false, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if err := far.write(packets[0], netip.MustParseAddrPort("10.0.0.1:5353")); err != nil {
				t.Fatal(err)
			}
			if b.left(30 * time.Second) {
				return
			}
		}
		t.Error("in ten minutes it never left the group")
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

func TestAnnounceRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := b.start(t, 1)
		for name, s := range map[string]Service{
			"no instance":       {Room: self.Room, Port: 1},
			"instance too long": {Instance: self.Instance + "0", Room: self.Room, Port: 1},
			"room not hex":      {Instance: self.Instance, Room: "living room lamp", Port: 1},
			"no port":           {Instance: self.Instance, Room: self.Room},
		} {
			if err := node.Announce(t.Context(), s); err == nil {
				t.Errorf("%s: announced", name)
			}
		}
		node.close()
		node.close()
		if err := node.Announce(t.Context(), self); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: got %v, want ErrClosed", err)
		}
		for _, err := range node.Browse(t.Context()) {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("Browse after Close: got %v, want ErrClosed", err)
			}
		}
	})
}

// A second announcement takes the place of the first.
func TestAnnounceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		nodes := startNodes(t, b, 2)
		time.Sleep(time.Minute)
		if err := nodes[0].Announce(t.Context(), self); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		seen := nodes[1].sees()
		if _, ok := seen[self.Instance]; !ok || len(seen) != 1 {
			t.Errorf("the other sees %v, want only %s", seen, self.Instance)
		}
	})
}
