package meshtest_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

func listen(t *testing.T, h *meshtest.Host, cfg peer.Config) mesh.Transport {
	t.Helper()
	tr, err := h.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// dial links a to b and returns both ends.
func dial(t *testing.T, a, b mesh.Transport) (near, far *peer.Conn) {
	t.Helper()
	near, err := a.Dial(t.Context(), peer.Target{Instance: b.Self().Instance, Addrs: b.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	far, err = b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		near.Close(nil)
		far.Close(nil)
	})
	return near, far
}

func TestDialErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		a := listen(t, lan.Host("a"), peer.Config{})
		b := listen(t, lan.Host("b"), peer.Config{})
		attic := listen(t, lan.Host("b"), peer.Config{Room: "attic"})
		walled := listen(t, lan.Host("walled"), peer.Config{})
		lan.Host("walled").SetFirewall(true)
		away := listen(t, lan.Host("away"), peer.Config{})
		lan.Host("away").Cut()
		full := listen(t, lan.Host("full"), peer.Config{MaxLinks: 1})
		dial(t, b, full)

		tests := []struct {
			name     string
			instance peer.Instance
			addrs    []netip.AddrPort
			want     error
		}{
			{"itself", peer.Instance{}, a.Addrs(), peer.ErrSelf},
			{"nobody's port", peer.Instance{}, []netip.AddrPort{netip.AddrPortFrom(lan.Host("b").Addr(), 1)}, peer.ErrRefused},
			{"nobody's address", peer.Instance{}, []netip.AddrPort{netip.MustParseAddrPort("10.0.9.9:7475")}, peer.ErrTimeout},
			{"another room", peer.Instance{}, attic.Addrs(), peer.ErrRoom},
			{"another instance", peer.Instance{1}, b.Addrs(), peer.ErrInstance},
			{"behind a firewall", peer.Instance{}, walled.Addrs(), peer.ErrTimeout},
			{"cut off", peer.Instance{}, away.Addrs(), peer.ErrTimeout},
			{"full", peer.Instance{}, full.Addrs(), peer.ErrFull},
		}
		for _, tt := range tests {
			if conn, err := a.Dial(t.Context(), peer.Target{Instance: tt.instance, Addrs: tt.addrs}); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, %v; want %v", tt.name, conn, err, tt.want)
			}
		}
	})
}

func TestPorts(t *testing.T) {
	h := meshtest.NewLAN().Host("a")
	first, second := listen(t, h, peer.Config{}), listen(t, h, peer.Config{})
	if a, b := first.Addrs()[0].Port(), second.Addrs()[0].Port(); a != 7475 || b != 7476 {
		t.Errorf("ports are %d and %d", a, b)
	}
	if _, err := h.Listen(peer.Config{Port: 7475}); err == nil {
		t.Error("a port that is taken was given away")
	}
}

// TestCut holds that what is written into a cut arrives after it, and that a
// link ends when it lasts.
func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		near, far := dial(t, listen(t, lan.Host("a"), peer.Config{}), listen(t, lan.Host("b"), peer.Config{}))
		lan.Cut(lan.Host("a"), lan.Host("b"))
		near.WriteMessage([]byte("hi"))
		time.AfterFunc(6*time.Second, func() { lan.Heal(lan.Host("a"), lan.Host("b")) })
		start := time.Now()
		if p, err := far.ReadMessage(); string(p) != "hi" || time.Since(start) != 6*time.Second {
			t.Errorf("got %q, %v after %v", p, err, time.Since(start))
		}
		lan.Host("b").Cut()
		start = time.Now()
		for _, c := range []*peer.Conn{near, far} {
			if _, err := c.ReadMessage(); err == nil || time.Since(start) != 7*time.Second {
				t.Errorf("got %v after %v, want the end after 7s", err, time.Since(start))
			}
		}
	})
}

func TestDelayAndHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		a, b := lan.Host("a"), lan.Host("b")
		near, far := dial(t, listen(t, a, peer.Config{}), listen(t, b, peer.Config{}))
		lan.Delay(a, b, 10*time.Millisecond)
		start := time.Now()
		near.WriteMessage([]byte("1"))
		near.WriteMessage([]byte("2"))
		for range 2 {
			far.ReadMessage()
		}
		if d := time.Since(start); d != 10*time.Millisecond {
			t.Errorf("two messages took %v, want both 10ms", d)
		}
		b.Hold()
		near.WriteMessage([]byte("3"))
		time.AfterFunc(time.Minute, b.Release)
		start = time.Now()
		if p, _ := far.ReadMessage(); string(p) != "3" || time.Since(start) != time.Minute {
			t.Errorf("got %q after %v, want 3 after the hold", p, time.Since(start))
		}
	})
}

// TestClose holds that a farewell comes after what was written before it.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		near, far := dial(t, listen(t, lan.Host("a"), peer.Config{}), listen(t, lan.Host("b"), peer.Config{}))
		near.WriteMessage([]byte("last words"))
		near.Close(errors.New("that is all"))
		if p, err := far.ReadMessage(); string(p) != "last words" {
			t.Errorf("got %q, %v", p, err)
		}
		var closed *peer.CloseError
		if _, err := far.ReadMessage(); !errors.As(err, &closed) || closed.Reason != "that is all" {
			t.Errorf("got %v, want the farewell", err)
		}
	})
}

func TestKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		a, b := listen(t, lan.Host("a"), peer.Config{}), listen(t, lan.Host("b"), peer.Config{})
		_, far := dial(t, a, b)
		lan.Host("a").Kill()
		if _, err := far.ReadMessage(); err == nil {
			t.Error("the link to a host that was killed lives")
		}
		if _, err := a.Accept(t.Context()); !errors.Is(err, peer.ErrClosed) {
			t.Errorf("its Accept returned %v", err)
		}
		if _, err := b.Dial(t.Context(), peer.Target{Addrs: a.Addrs()}); !errors.Is(err, peer.ErrRefused) {
			t.Errorf("dialing it returned %v", err)
		}
	})
}

// TestReplace holds that a new link takes the place of the old, and that the
// old one ends nothing when it is closed.
func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		a, b := listen(t, lan.Host("a"), peer.Config{}), listen(t, lan.Host("b"), peer.Config{})
		near, far := dial(t, a, b)
		again, other := dial(t, b, a)
		near.Close(nil)
		synctest.Wait()
		if far.Err() != nil {
			t.Errorf("the other end of the old link was ended by it: %v", far.Err())
		}
		again.WriteMessage([]byte("hi"))
		if p, err := other.ReadMessage(); string(p) != "hi" {
			t.Errorf("over the new link: %q, %v", p, err)
		}
		c := listen(t, lan.Host("c"), peer.Config{})
		if _, err := a.Dial(t.Context(), peer.Target{Addrs: c.Addrs()}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Dial(t.Context(), peer.Target{Addrs: a.Addrs()}); !errors.Is(err, peer.ErrLinked) {
			t.Errorf("two dials that cross: %v, want ErrLinked", err)
		}
	})
}

func TestDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := meshtest.NewLAN()
		announce := func(host, instance string) mesh.Discovery {
			d, err := lan.Host(host).Discover(discovery.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Announce(t.Context(), discovery.Service{Instance: instance, Room: "r", Port: 7475}); err != nil {
				t.Fatal(err)
			}
			return d
		}
		a := announce("a", "aa")
		defer a.Close()
		b := announce("b", "bb")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := make(chan string, 100)
		go func() {
			for i := range a.Browse(ctx) {
				s := i.Instance
				if i.Gone {
					s += " gone"
				}
				seen <- s
			}
		}()
		expect := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for len(seen) > 0 {
				got = append(got, <-seen)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		expect("at the start", "bb")
		time.Sleep(20 * time.Second)
		expect("after 20s", "bb")
		lan.Host("b").Cut()
		defer announce("c", "cc").Close()
		expect("a new one", "cc")
		lan.Host("b").Heal()
		expect("after the cut", "bb")
		lan.SetMulticast(false)
		expect("without multicast")
		lan.SetMulticast(true)
		expect("after multicast was off", "bb", "cc")
		b.Close()
		expect("a goodbye", "bb gone")
	})
}
