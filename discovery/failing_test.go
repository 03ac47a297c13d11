package discovery

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
