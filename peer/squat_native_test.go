//go:build !js

package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// impostor is a node that says it is another's instance.
func impostor(t *testing.T, of *Transport) *Transport {
	t.Helper()
	return altered(t, func(thief *Transport) { thief.self.Instance = of.self.Instance })
}

// altered is a node that was changed before it began to answer.
func altered(t *testing.T, change func(*Transport)) *Transport {
	t.Helper()
	tr, err := open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	change(tr)
	tr.serve()
	t.Cleanup(func() { tr.Close() })
	return tr
}

// squat posts offers in another's name to a node for as long as the test takes,
// each as soon as the one before is answered, and holds what is answered with 201.
func squat(t *testing.T, victim, at *Transport) {
	t.Helper()
	thief := impostor(t, victim)
	ss, err := thief.newSession(loopback, at.Addrs()[0], true)
	if err != nil {
		t.Fatal(err)
	}
	defer ss.release()
	sdp, err := ss.offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header := thief.header()
	header.Set("Content-Type", sdpType)
	header.Set(headerFor, at.self.Instance.String())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	first := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			conn, err := net.Dial("tcp", at.Addrs()[0].String())
			if err != nil {
				continue
			}
			defer conn.Close() // it is held until the test ends
			header.Set(headerPort, fmt.Sprint(1+n%60000))
			_, _ = newClient(conn).do(ctx, http.MethodPost, offerPath, header, sdp)
			if n == 0 {
				close(first)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	<-first
}

// forge answers calls as another's instance would, with an answer that nothing
// comes of, and returns where.
func forge(t *testing.T, victim *Transport, status int) netip.AddrPort {
	t.Helper()
	thief := impostor(t, victim)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := func(conn net.Conn) {
		defer conn.Close()
		r := bufio.NewReader(conn)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		defer req.Body.Close()
		ss, err := thief.newSession(loopback, plain(conn.RemoteAddr()), true)
		if err != nil {
			return
		}
		defer ss.release()
		sdp, _ := ss.offer(t.Context())
		sdp = strings.Replace(sdp, "a=setup:actpass", "a=setup:active", 1)
		resp := http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: thief.header(), ContentLength: int64(len(sdp)), Body: http.NoBody}
		resp.Header.Set("Content-Type", sdpType)
		resp.Body = readCloser{strings.NewReader(sdp)}
		_ = resp.Write(conn)
		_, _ = r.ReadByte() // until we are let go
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return plain(l.Addr())
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// comeBack ends a link for both sides, as an outage does, and has both dial. It
// returns how long it takes until they are linked again.
func comeBack(t *testing.T, a, b *Transport, at func(*Transport) []netip.AddrPort) time.Duration {
	t.Helper()
	for from, to := range map[*Transport]*Transport{a: b, b: a} {
		if l := from.claims.linked(to.self.Instance); l != nil {
			l.conn.end(ErrTimeout, "")
			<-l.over
		}
	}
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for from, to := range map[*Transport]*Transport{a: b, b: a} {
		go func() {
			for ctx.Err() == nil {
				_, _ = from.Dial(ctx, Target{Instance: to.self.Instance, Addrs: at(to)})
				time.Sleep(20 * time.Millisecond)
			}
		}()
	}
	await(t, "the link is back", func() bool {
		x, y := a.claims.linked(b.self.Instance), b.claims.linked(a.self.Instance)
		return x != nil && y != nil && x.conn.Err() == nil && y.conn.Err() == nil
	})
	took := time.Since(began)
	return took
}

// backWithin is generous: without anybody in the way it takes 10 ms, with half a
// dozen forged addresses 5 s.
const backWithin = 30 * time.Second

// TestSquatters has strangers do what they can in a member's name while it is
// away: it is back nevertheless, and while it is here nobody asks after it.
func TestSquatters(t *testing.T) {
	own := func(tr *Transport) []netip.AddrPort { return tr.Addrs() }
	tests := []struct {
		name string
		do   func(t *testing.T, a, victim *Transport) (at func(*Transport) []netip.AddrPort)
	}{
		{"nobody", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort { return own }},
		{"offers without a gap", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort {
			squat(t, victim, a)
			return own
		}},
		{"offers by several, to both", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort {
			for range 3 {
				squat(t, victim, a)
				squat(t, a, victim)
			}
			return own
		}},
		{"a link under its instance", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort {
			thief := impostor(t, victim)
			for range 3 {
				if _, err := thief.Dial(t.Context(), Target{Instance: a.self.Instance, Addrs: a.Addrs()}); err == nil {
					t.Log("the impostor's side believes in a link") // until it is told
				}
			}
			return own
		}},
		{"forged addresses that answer", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort {
			forged := []netip.AddrPort{forge(t, victim, http.StatusCreated), forge(t, victim, http.StatusCreated), forge(t, victim, http.StatusCreated)}
			return func(tr *Transport) []netip.AddrPort { return append(forged, tr.Addrs()...) }
		}},
		{"forged addresses that refuse", func(t *testing.T, a, victim *Transport) func(*Transport) []netip.AddrPort {
			forged := []netip.AddrPort{
				forge(t, victim, http.StatusConflict), forge(t, victim, http.StatusServiceUnavailable),
				forge(t, victim, http.StatusTeapot), forge(t, victim, http.StatusNotFound),
			}
			return func(tr *Transport) []netip.AddrPort { return append(forged, tr.Addrs()...) }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, victim := listening(t, Config{}), listening(t, Config{})
			near, far := linkOf(t, a, victim)
			for _, conn := range []*Conn{near, far} {
				go func() { _, _ = conn.ReadMessage() }()
			}
			at := tt.do(t, a, victim)
			if _, err := near.Ping(t.Context()); err != nil {
				t.Errorf("the link ended: %v", err)
			}
			if l := a.claims.linked(victim.self.Instance); l == nil || l.asking.Load() {
				t.Error("a link that works is doubted")
			}
			took := comeBack(t, a, victim, at)
			if took > backWithin {
				t.Errorf("it was back after %v", took)
			}
			t.Log("back after ", took)
		})
	}
}

// TestForgerFirst dials a list in which a forger comes first, once: the dial gets
// through to the true one.
func TestForgerFirst(t *testing.T) {
	for _, status := range []int{http.StatusCreated, http.StatusConflict, http.StatusServiceUnavailable, http.StatusForbidden} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			a, victim := listening(t, Config{}), listening(t, Config{})
			began := time.Now()
			conn, err := a.Dial(t.Context(), Target{Instance: victim.self.Instance, Addrs: append([]netip.AddrPort{forge(t, victim, status)}, victim.Addrs()...)})
			if err != nil || conn.Remote().ID != victim.self.ID {
				t.Errorf("got %v", err)
			}
			t.Log("linked after ", time.Since(began))
		})
	}
}

// TestForgerAlone: what is told is what the forger said.
func TestForgerAlone(t *testing.T) {
	t.Parallel()
	a, victim := listening(t, Config{}), listening(t, Config{})
	dead := netip.MustParseAddrPort("127.0.0.1:1")
	for status, want := range map[int]error{http.StatusConflict: ErrLinked, http.StatusServiceUnavailable: ErrFull} {
		to := Target{Instance: victim.self.Instance, Addrs: []netip.AddrPort{forge(t, victim, status), dead}}
		if _, err := a.Dial(t.Context(), to); !errors.Is(err, want) {
			t.Errorf("answered %d: got %v, want %v", status, err, want)
		}
	}
}
