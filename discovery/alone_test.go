package discovery

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

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
