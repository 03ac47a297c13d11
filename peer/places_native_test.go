//go:build !js

package peer

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is a room in which links come and go without a network.
type crowd struct {
	t     *testing.T
	ports uint16
	pages bool // who comes is a page
	claims
}

// where is the n-th host of a network in which nobody has two addresses.
func where(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }

func source(host int) netip.Prefix { return new(callers).source(where(host)) }

// come has an instance link from a host and returns whom that cost its place.
// Each comes a moment after the one before.
func (c *crowd) come(in Instance, host int, observer, known bool) (loser Instance, err error) {
	c.t.Helper()
	time.Sleep(time.Millisecond)
	a := c.attempt(in, host)
	a.observer, a.known, a.web = observer, known, c.pages
	if before, err := c.claim(a); before != nil || err != nil {
		return loser, err
	}
	l, err := c.become(a)
	if err != nil {
		c.t.Fatalf("claimed, and no place: %v", err)
	}
	if l != nil {
		loser = l.conn.remote.Instance
	}
	return loser, nil
}

// attempt is one from a port of a host that nobody has.
func (c *crowd) attempt(in Instance, host int) *attempt {
	c.ports++
	at := netip.AddrPortFrom(where(host), c.ports)
	return &attempt{instance: in, pair: pairOf(loopback, at, in), from: source(host), cancel: func(error) {}, over: make(chan struct{})}
}

// become makes an attempt a link and returns whose place it took.
func (c *crowd) become(a *attempt) (loser *link, err error) {
	near, _ := Pipe(Hello{}, Hello{ID: NewIdentity().ID(), Instance: a.instance, Observer: a.observer, Web: a.web})
	c.ports++
	_, loser, err = c.link(a, &link{conn: near, offer: uint64(c.ports)}, func(func(Instance) bool) {})
	if loser != nil {
		c.unlink(loser)
	}
	return loser, err
}

// want has an instance that was never here before link and checks whose place it
// gets: nobody's if from is negative, or none at all.
func (c *crowd) want(host int, observer bool, from int, err error) Instance {
	c.t.Helper()
	in := anyInstance()
	holders := c.hosts()
	loser, got := c.come(in, host, observer, false)
	switch holder, ok := holders[loser]; {
	case !errors.Is(got, err):
		c.t.Errorf("a newcomer from host %d: got %v, want %v", host, got, err)
	case ok != (from >= 0) || ok && holder != where(from):
		c.t.Errorf("a newcomer from host %d got the place of host %v, want %d's", host, holder, from)
	}
	return in
}

func (c *crowd) hosts() map[Instance]netip.Addr {
	all := make(map[Instance]netip.Addr)
	for in, l := range c.links {
		all[in] = l.place.from.Addr()
	}
	return all
}

func (c *crowd) held(host int) (n int) {
	for _, at := range c.hosts() {
		if at == where(host) {
			n++
		}
	}
	return n
}

func (c *crowd) leave(in Instance) {
	c.t.Helper()
	l := c.linked(in)
	if l == nil {
		c.t.Fatal("who is to leave is not there")
	}
	c.unlink(l)
}

const nobody = -1

func inCrowd(t *testing.T, most int, f func(c *crowd)) {
	synctest.Test(t, func(t *testing.T) { f(&crowd{t: t, claims: newClaims(anyInstance(), most)}) })
}

func TestPlaces(t *testing.T) {
	t.Run("one host cannot fill a room", func(t *testing.T) {
		inCrowd(t, 128, func(c *crowd) {
			for range 128 {
				c.want(0, false, nobody, nil)
			}
			c.want(0, false, nobody, ErrFull)
			for host := 1; host <= 126; host++ {
				c.want(host, false, 0, nil)
			}
			if n := c.held(0); n != 2 {
				t.Errorf("the greedy host holds %d places, want 2", n)
			}
		})
	})
	t.Run("a full room of one each has no place for another", func(t *testing.T) {
		inCrowd(t, 128, func(c *crowd) {
			for host := range 128 {
				c.want(host, false, nobody, nil)
			}
			c.want(500, false, nobody, ErrFull)
			c.want(0, false, nobody, ErrFull)
		})
	})
	t.Run("several greedy hosts are left with as many each", func(t *testing.T) {
		inCrowd(t, 128, func(c *crowd) {
			for i := range 128 {
				c.want(i%4, false, nobody, nil)
			}
			for host := 10; host < 42; host++ {
				if loser, err := c.come(anyInstance(), host, false, false); err != nil || loser.IsZero() {
					t.Errorf("host %d: %v", host, err)
				}
			}
			for host := range 4 {
				if n := c.held(host); n != 24 {
					t.Errorf("host %d holds %d places, want 24", host, n)
				}
			}
		})
	})
	t.Run("the silent go first, then the newest", func(t *testing.T) {
		inCrowd(t, 4, func(c *crowd) {
			first := c.want(0, false, nobody, nil)
			second := c.want(0, false, nobody, nil)
			third := c.want(0, false, nobody, nil)
			fourth := c.want(0, false, nobody, nil)
			for _, in := range []Instance{first, third, fourth} {
				c.links[in].conn.spoke.Store(true)
			}
			if loser, err := c.come(anyInstance(), 1, false, false); loser != second || err != nil {
				t.Errorf("it was not the silent one's place: %v", err)
			}
			if loser, err := c.come(anyInstance(), 2, false, false); loser != fourth || err != nil {
				t.Errorf("it was not the newest one's place: %v", err)
			}
		})
	})
	t.Run("pages of a host keep out no node, there or elsewhere", func(t *testing.T) {
		inCrowd(t, 8, func(c *crowd) {
			node := c.want(0, false, nobody, nil)
			c.pages = true
			for range 7 {
				c.links[c.want(0, false, nobody, nil)].conn.spoke.Store(true)
			}
			c.want(0, false, nobody, ErrFull)
			c.pages = false
			second := c.want(0, false, 0, nil)
			for host := 1; host <= 6; host++ {
				c.want(host, false, 0, nil)
			}
			if c.held(0) != 2 || c.linked(node) == nil || c.linked(second) == nil {
				t.Error("not the pages' places were taken")
			}
			c.want(0, false, nobody, ErrFull)
		})
	})
	t.Run("a page takes no node's place but a crowd's", func(t *testing.T) {
		inCrowd(t, 4, func(c *crowd) {
			for host := range 4 {
				c.want(host, false, nobody, nil)
			}
			c.pages = true
			c.want(7, false, nobody, ErrFull)
			c.want(0, false, nobody, ErrFull)
		})
	})
	t.Run("who was here before has its place", func(t *testing.T) {
		inCrowd(t, 8, func(c *crowd) {
			ana := c.want(100, false, nobody, nil)
			for host := range 7 {
				c.want(host, false, nobody, nil)
			}
			c.leave(ana)
			late := c.want(200, false, nobody, nil)
			if _, err := c.come(ana, 100, false, false); !errors.Is(err, ErrFull) {
				t.Errorf("without proof: %v, want ErrFull", err)
			}
			if loser, err := c.come(ana, 100, false, true); loser != late || err != nil {
				t.Errorf("she got %v, %v, want the place of who came late", loser, err)
			}
			if _, err := c.come(late, 200, false, true); !errors.Is(err, ErrFull) {
				t.Errorf("who came late is back: %v, want ErrFull", err)
			}
		})
	})
	t.Run("who was here before cannot take more than its share", func(t *testing.T) {
		inCrowd(t, 8, func(c *crowd) {
			var greedy []Instance
			for range 8 {
				greedy = append(greedy, c.want(0, false, nobody, nil))
			}
			c.want(1, false, 0, nil)
			for _, in := range greedy {
				if c.linked(in) == nil {
					if _, err := c.come(in, 0, false, true); !errors.Is(err, ErrFull) {
						t.Errorf("got %v, want ErrFull", err)
					}
				}
			}
		})
	})
	t.Run("observers keep out no members, and share their own places", func(t *testing.T) {
		inCrowd(t, 128, func(c *crowd) {
			for range 32 {
				c.want(0, true, nobody, nil)
			}
			c.want(0, true, nobody, ErrFull)
			c.want(1, true, 0, nil)
			for host := range 128 {
				c.want(host, false, nobody, nil)
			}
			c.want(2, true, 0, nil)
		})
	})
	t.Run("a link that replaces another needs no place", func(t *testing.T) {
		inCrowd(t, 2, func(c *crowd) {
			ana := c.want(0, false, nobody, nil)
			c.want(1, false, nobody, nil)
			if loser, err := c.come(ana, 7, false, true); err != nil || !loser.IsZero() {
				t.Errorf("got the place of %v, %v", loser, err)
			}
		})
	})
	t.Run("a dial of ours takes a place as well", func(t *testing.T) {
		inCrowd(t, 2, func(c *crowd) {
			ana := c.want(0, false, nobody, nil)
			c.want(1, false, nobody, nil)
			c.want(0, true, nobody, nil) // as many observers as there may be
			dial := func(in Instance, host int) (*attempt, error) {
				a := c.attempt(in, host)
				a.dialing = true
				_, err := c.claim(a)
				return a, err
			}
			if _, err := dial(anyInstance(), 2); !errors.Is(err, ErrFull) {
				t.Errorf("a dial from a full room: %v, want ErrFull", err)
			}
			c.leave(ana)
			c.want(3, false, nobody, nil)
			if _, err := dial(ana, 4); !errors.Is(err, ErrFull) {
				t.Errorf("a dial to her name elsewhere: %v, want ErrFull", err)
			}
			a, err := dial(ana, 0)
			if err != nil {
				t.Fatalf("a dial to who was there before: %v", err)
			}
			if loser, err := c.become(a); err != nil || loser == nil || loser.place.from != source(3) {
				t.Errorf("it got %v, %v, want the latecomer's place", loser, err)
			}
		})
	})
	t.Run("what is remembered is bounded", func(t *testing.T) {
		inCrowd(t, 4, func(c *crowd) {
			for range 2 * maxTokens {
				c.leave(c.want(0, false, nobody, nil))
			}
			if len(c.seen) != maxTokens {
				t.Errorf("%d are remembered, want %d", len(c.seen), maxTokens)
			}
		})
	})
}

// TestFullRoom fills a room from one address. Others from there are refused;
// from elsewhere they get in, called or calling, and who looks gets in anyway.
func TestFullRoom(t *testing.T) {
	elsewhere := netip.IPv6Loopback()
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("needs IPv6 for a second address: ", err)
	}
	_ = probe.Close()
	const places = 4
	hub := listening(t, Config{MaxLinks: places, Addrs: []netip.Addr{loopback, elsewhere}})
	go func() {
		for _, err := hub.Accept(t.Context()); err == nil; _, err = hub.Accept(t.Context()) {
		}
	}()
	dial := func(from *Transport, at netip.Addr) (*Conn, error) {
		return from.Dial(t.Context(), Target{Instance: hub.self.Instance, Addrs: []netip.AddrPort{netip.AddrPortFrom(at, hub.sockets.port)}})
	}
	ended := make(chan error, places)
	for range places {
		conn, err := dial(listening(t, Config{}), loopback)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := conn.ReadMessage()
			ended <- err
		}()
	}
	if _, err := dial(listening(t, Config{}), loopback); !errors.Is(err, ErrFull) {
		t.Errorf("one more from the same address: %v, want ErrFull", err)
	}
	if _, err := dial(listening(t, Config{Observer: true}), loopback); err != nil {
		t.Errorf("somebody who only looks: %v", err)
	}
	if _, err := dial(listening(t, Config{}), elsewhere); err != nil {
		t.Errorf("from another address: %v", err)
	}
	var closed *CloseError
	if err := <-ended; !errors.As(err, &closed) {
		t.Errorf("whose place it was ended with %v, want that it was closed", err)
	}
	called := listening(t, Config{Addrs: []netip.Addr{elsewhere}})
	if _, err := hub.Dial(t.Context(), Target{Instance: called.self.Instance, Addrs: called.Addrs()}); err != nil {
		t.Errorf("called at another address: %v", err)
	}
}
