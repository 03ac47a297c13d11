package mesh_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// listenFor listens at a node until the test ends.
func (r *room) listenFor(a *actor, service string) net.Listener {
	r.Helper()
	l, err := a.Listen(service)
	if err != nil {
		r.Fatal(err)
	}
	return l
}

// dialFor opens a stream.
func (r *room) dialFor(from, to *actor, service string) net.Conn {
	r.Helper()
	c, err := from.Dial(r.Context(), to.Self().Member, service)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// streamer is a raw node's transport.
type streamer interface {
	DialStream(context.Context, peer.Instance, []netip.AddrPort) (*peer.Stream, error)
	AcceptStream(context.Context) (*peer.Stream, error)
}

func TestListenErrors(t *testing.T) {
	inRoom(t, func(r *room) {
		a, o := r.join("ana", nil), r.join("olga", func(c *mesh.Config) { c.Observer = true })
		l := r.listenFor(a, "notes/1")
		for _, tt := range []struct {
			node    *actor
			service string
			want    error
		}{
			{a, "notes/1", mesh.ErrService},
			{a, "", mesh.ErrService},
			{a, strings.Repeat("x", 65), mesh.ErrService},
			{a, "a\nb", mesh.ErrService},
			{o, "notes/1", mesh.ErrObserver},
		} {
			if _, err := tt.node.Listen(tt.service); !errors.Is(err, tt.want) {
				t.Errorf("listening for %q: %v, want %v", tt.service, err, tt.want)
			}
			if tt.service == "notes/1" {
				continue
			}
			if _, err := tt.node.Dial(r.Context(), a.Self().Member, tt.service); !errors.Is(err, tt.want) {
				t.Errorf("dialing %q: %v, want %v", tt.service, err, tt.want)
			}
		}
		if _, err := o.Dial(r.Context(), a.Self().Member, "notes/1"); !errors.Is(err, mesh.ErrObserver) {
			t.Errorf("an observer dials: %v", err)
		}
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a listener that is closed accepts: %v", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("it is closed again: %v", err)
		}
		r.listenFor(a, "notes/1")
		longest := strings.Repeat("x", 64)
		r.listenFor(a, longest)
		r.dialFor(r.join("bo", nil), a, longest)
	})
}

// TestListenerCloses has a listener close with streams that nobody accepted, and one
// that somebody did: that one goes on.
func TestListenerCloses(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		l := r.listenFor(b, "notes/1")
		accepted := r.dialFor(a, b, "notes/1")
		far, err := l.Accept()
		if err != nil {
			r.Fatal(err)
		}
		waiting := r.dialFor(a, b, "notes/1")
		l.Close()
		if _, err := waiting.Read(make([]byte, 1)); err == nil {
			r.Error("a stream that nobody accepted goes on")
		}
		swap(r, accepted, far)
		if _, err := a.Dial(r.Context(), b.Self().Member, "notes/1"); !errors.Is(err, mesh.ErrNoService) {
			r.Errorf("dialing what is closed: %v", err)
		}
	})
}

// TestListenerThatDoesNotAccept has so many streams wait, and further ones refused at
// once, while another service is served.
func TestListenerThatDoesNotAccept(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		l := r.listenFor(b, "notes/1")
		for range 64 {
			r.dialFor(a, b, "notes/1")
		}
		if _, err := a.Dial(r.Context(), b.Self().Member, "notes/1"); !errors.Is(err, mesh.ErrBusy) {
			r.Errorf("one too many: %v, want %v", err, mesh.ErrBusy)
		}
		r.listenFor(b, "other")
		r.dialFor(a, b, "other")
		if _, err := l.Accept(); err != nil {
			r.Fatal(err)
		}
		r.dialFor(a, b, "notes/1")
	})
}

// accepting takes all that comes for a service and keeps it.
func (r *room) accepting(a *actor, service string) {
	l := r.listenFor(a, service)
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
}

// TestStreamsOfOneMember has one member open streams without an end: it gets so many,
// and no other loses any by it.
func TestStreamsOfOneMember(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b, c := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		r.accepting(b, "notes/1")
		var open []net.Conn
		for {
			synctest.Wait()
			s, err := a.Dial(r.Context(), b.Self().Member, "notes/1")
			if errors.Is(err, mesh.ErrBusy) {
				break
			}
			if err != nil || len(open) > 1000 {
				r.Fatalf("after %d: %v", len(open), err)
			}
			open = append(open, s)
		}
		if len(open) != 128 {
			r.Errorf("one member has %d streams, want 128", len(open))
		}
		r.dialFor(c, b, "notes/1")
	})
}

// TestStreamsOfAll has nine members open as many streams as each may.
func TestStreamsOfAll(t *testing.T) {
	inRoom(t, func(r *room) {
		b := r.join("bo", nil)
		r.accepting(b, "notes/1")
		open := 0
		for _, name := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			a := r.join(name, nil)
			for range 128 {
				synctest.Wait()
				if _, err := a.Dial(r.Context(), b.Self().Member, "notes/1"); err == nil {
					open++
				} else if !errors.Is(err, mesh.ErrBusy) {
					r.Fatal(err)
				}
			}
		}
		if open != 1024 {
			r.Errorf("%d streams are open, want 1024", open)
		}
	})
}

// TestOddStreams has a stranger with a link open streams and not ask for a service as
// it should.
func TestOddStreams(t *testing.T) {
	for _, tt := range []struct {
		name, says, answer string
		after              time.Duration // until it ends
	}{
		{"nothing", "", "", 5 * time.Second},
		{"half", "\x01\x05no", "", 5 * time.Second},
		{"no service", "\x01\x00", "\x01", 0},
		{"another service", "\x01\x05other", "\x01", 0},
		{"another version", "\x02\x05other", "\x03", 0},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", "\x03", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				b := r.join("bo", nil)
				r.accepting(b, "notes/1")
				pass(time.Second) // or it might be about to listen for more
				eve, err := r.lan.Host("eve").Listen(peer.Config{})
				if err != nil {
					r.Fatal(err)
				}
				defer eve.Close()
				link, err := eve.Dial(r.Context(), peer.Target{Addrs: b.Addrs()})
				if err != nil {
					r.Fatal(err)
				}
				defer link.Close(nil)
				s, err := eve.(streamer).DialStream(r.Context(), b.Self().Instance, b.Addrs())
				if err != nil {
					r.Fatal(err)
				}
				defer s.Close()
				began := time.Now()
				io.WriteString(s, tt.says)
				answer, _ := io.ReadAll(s)
				if string(answer) != tt.answer || time.Since(began) != tt.after {
					r.Errorf("got %q after %v, want %q after %v", answer, time.Since(began), tt.answer, tt.after)
				}
			})
		})
	}
}

// TestOddAnswers has a stranger answer what a service is asked for, or not.
func TestOddAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         error // nil: any
	}{
		{"nothing", "", nil},
		{"none", "\x01", mesh.ErrNoService},
		{"busy", "\x02", mesh.ErrBusy},
		{"what is not known", "\x07", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				b := r.join("bo", nil)
				raw, err := r.lan.Host("raw").Listen(peer.Config{})
				if err != nil {
					r.Fatal(err)
				}
				defer raw.Close()
				link, err := raw.Dial(r.Context(), peer.Target{Addrs: b.Addrs()})
				if err != nil {
					r.Fatal(err)
				}
				defer link.Close(nil)
				go func() {
					s, err := raw.(streamer).AcceptStream(r.Context())
					if err != nil {
						return
					}
					io.WriteString(s, tt.answer)
					time.Sleep(time.Minute)
					s.Close()
				}()
				pass(time.Second)
				self := raw.Self()
				_, err = b.Dial(r.Context(), mesh.Member{ID: self.ID, Instance: self.Instance}, "notes/1")
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					r.Errorf("got %v, want %v", err, tt.want)
				}
				pass(2 * time.Minute)
			})
		})
	}
}

// TestCloseEndsStreams has a node close while its program dials, accepts, reads and
// writes.
func TestCloseEndsStreams(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		l := r.listenFor(b, "notes/1")
		near := r.dialFor(a, b, "notes/1")
		far, err := l.Accept()
		if err != nil {
			r.Fatal(err)
		}
		ends := make(chan error, 4)
		go func() {
			_, err := l.Accept()
			ends <- err
		}()
		go func() {
			_, err := far.Read(make([]byte, 1))
			ends <- err
		}()
		go func() {
			var err error
			for err == nil {
				_, err = far.Write(make([]byte, 64<<10))
			}
			ends <- err
		}()
		r.lan.Host("cy").SetFirewall(true)
		c := r.join("cy", nil)
		go func() {
			_, err := b.Dial(r.Context(), c.Self().Member, "notes/1") // waits for the firewall
			ends <- err
		}()
		synctest.Wait()
		b.Close()
		for range cap(ends) {
			if err := <-ends; !errors.Is(err, mesh.ErrClosed) && !errors.Is(err, net.ErrClosed) {
				r.Errorf("it ends with %v", err)
			}
		}
		if _, err := b.Listen("notes/1"); !errors.Is(err, mesh.ErrClosed) {
			r.Errorf("listening then: %v", err)
		}
		if _, err := b.Dial(r.Context(), a.Self().Member, "notes/1"); !errors.Is(err, mesh.ErrClosed) {
			r.Errorf("dialing then: %v", err)
		}
		if _, err := io.Copy(io.Discard, near); err == nil {
			r.Error("the other side takes it for the end of what was said")
		}
	})
}

// TestStreamOutlivesItsLink has the link of a stream end and be made anew.
func TestStreamOutlivesItsLink(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		near, far := open(r, a.Node, b.Node, "notes/1")
		for range 3 {
			r.lan.Drop(a.host, b.host)
			pass(time.Second)
			if _, err := a.Ping(r.Context(), b.Self().Member); err != nil {
				r.Errorf("ping over the new link: %v", err)
			}
		}
		swap(r, near, far)
	})
}

// TestStreamOfWhoIsGone has a member vanish: its streams say so, to who reads and to
// who writes, and others go on.
func TestStreamOfWhoIsGone(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b, c := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		near, _ := open(r, a.Node, b.Node, "notes/1")
		other, far := open(r, a.Node, c.Node, "notes/1")
		b.host.Cut()
		if _, err := io.Copy(io.Discard, near); err == nil {
			r.Error("what was cut off has come to an orderly end")
		}
		if _, err := near.Write([]byte("x")); err == nil {
			r.Error("what was cut off takes more")
		}
		pass(time.Minute)
		swap(r, other, far)
	})
}

// TestStreamsOfWhoStaysAway has a member's link end and never come back, while TCP
// goes on: its streams are ended all the same.
func TestStreamsOfWhoStaysAway(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		near, far := open(r, a.Node, b.Node, "notes/1")
		for _, h := range []*actor{a, b} {
			h.host.SetFirewall(true)
		}
		r.lan.Drop(a.host, b.host)
		began := time.Now()
		const sweep = 10 * time.Second
		for _, c := range []net.Conn{near, far} {
			if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
				r.Errorf("read %v, want that it broke", err)
			}
		}
		pass(sweep)
		for _, c := range []net.Conn{near, far} {
			if _, err := c.Write([]byte("x")); !errors.Is(err, mesh.ErrNoMember) {
				r.Errorf("wrote %v, want %v", err, mesh.ErrNoMember)
			}
		}
		if took := time.Since(began); took < 15*time.Second || took > 15*time.Second+2*sweep {
			r.Errorf("it took %v, want 15 s and a round of the clockwork", took)
		}
	})
}

// TestStreamOverAShortCut has a cable be out for some seconds.
func TestStreamOverAShortCut(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		near, far := open(r, a.Node, b.Node, "notes/1")
		r.lan.Cut(a.host, b.host)
		time.AfterFunc(5*time.Second, func() { r.lan.Heal(a.host, b.host) })
		swap(r, near, far)
	})
}

// TestKilledStreamIsNoEnd has the other side's process die: that is no end of what it
// said.
func TestKilledStreamIsNoEnd(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		near, far := open(r, a.Node, b.Node, "notes/1")
		far.Write([]byte("half of "))
		b.host.Kill()
		if got, err := io.ReadAll(near); err == nil || string(got) != "half of " {
			r.Errorf("read %q, %v, want an error behind what arrived", got, err)
		}
	})
}

// TestDialIsCancelled has ctx end while a firewall does not answer.
func TestDialIsCancelled(t *testing.T) {
	inRoom(t, func(r *room) {
		b := r.join("bo", nil)
		a := r.join("ana", nil)
		b.host.SetFirewall(true)
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if _, err := a.Dial(ctx, b.Self().Member, "notes/1"); !errors.Is(err, context.DeadlineExceeded) {
			r.Errorf("got %v, want ctx's error", err)
		}
	})
}

// TestPresent has members of other topics be here, observers not.
func TestPresent(t *testing.T) {
	inRoom(t, func(r *room) {
		a := r.join("ana", nil)
		r.join("bo", func(c *mesh.Config) { c.Topic = "other" })
		r.join("olga", func(c *mesh.Config) { c.Observer = true })
		var names []string
		for _, p := range a.Present() {
			names = append(names, p.Name)
		}
		if !slices.Equal(names, []string{"bo"}) || len(a.Members()) != 0 {
			r.Errorf("present are %q, members %v", names, a.Members())
		}
	})
}

// TestAcceptedOutlivesItsListener has listeners close as soon as they have accepted:
// what was accepted goes on.
func TestAcceptedOutlivesItsListener(t *testing.T) {
	inRoom(t, func(r *room) {
		a, b := r.join("ana", nil), r.join("bo", nil)
		for range 500 {
			near, far := open(r, a.Node, b.Node, "notes/1") // which closes the listener
			synctest.Wait()
			if _, err := near.Write([]byte("x")); err != nil {
				r.Fatal(err)
			}
			if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
				r.Fatal(err)
			}
			near.Close()
			far.Close()
		}
	})
}
