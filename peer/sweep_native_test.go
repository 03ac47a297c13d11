//go:build !js

package peer

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
)

// TestSweepMakesWay sweeps sockets away just as somebody takes them again.
func TestSweepMakesWay(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a second loopback address")
	}
	ss := listenHere(t).sockets
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := make(chan struct{})
	defer close(stop)
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				ss.sweep()
			}
		}
	})
	var last *socket
	for opened := 0; opened < 100; {
		s, err := ss.take(netip.MustParseAddr("127.0.0.2"))
		if err != nil {
			t.Fatal(err)
		}
		ss.drop(s)
		if s != last {
			opened++
		}
		last = s
		runtime.Gosched()
	}
}
