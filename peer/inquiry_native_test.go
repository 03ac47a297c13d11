//go:build !js

package peer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestVerdict is what becomes of a link by when its ping is answered and what
// its port says.
func TestVerdict(t *testing.T) {
	const never = time.Hour
	reset, closed, doubt := inquiry{wait: quickWait}, inquiry{closed: true, wait: quickWait}, inquiry{wait: patience}
	broken := errors.New("broken")
	tests := []struct {
		name  string
		q     inquiry
		pong  time.Duration
		err   error // instead of a pong
		port  time.Duration
		right bool
		want  error
		at    time.Duration
	}{
		{"a killed process", reset, never, nil, time.Millisecond, false, ErrGone, time.Millisecond + lastWord},
		{"a killed process whose connections were closed", closed, never, nil, time.Millisecond, false, ErrGone, time.Millisecond + promptWord},
		{"the same far away", closed, never, nil, 5 * time.Millisecond, false, ErrGone, 5*time.Millisecond + promptShare*5*time.Millisecond},
		{"the same farther away", closed, never, nil, 30 * time.Millisecond, false, ErrGone, 30*time.Millisecond + lastWord},
		{"a live process far away that lost its watch", closed, 40 * time.Millisecond, nil, 5 * time.Millisecond, false, nil, 40 * time.Millisecond},
		{"a live process behind a firewall that rejects", reset, 10 * time.Millisecond, nil, time.Millisecond, false, nil, 10 * time.Millisecond},
		{"a live process whose port answers late", reset, 3 * time.Second, nil, 200 * time.Millisecond, true, nil, 3 * time.Second},
		{"a process whose port alone answers", reset, never, nil, time.Millisecond, true, ErrTimeout, time.Millisecond + patience},
		{"a firewall that drops", reset, 100 * time.Millisecond, nil, never, false, nil, 100 * time.Millisecond},
		{"a killed process behind a firewall that drops", reset, never, nil, never, false, ErrTimeout, quickWait},
		{"a stopped process that nobody asks the port of", doubt, 4 * time.Second, nil, never, false, nil, 4 * time.Second},
		{"a link that ends meanwhile", doubt, time.Second, broken, never, false, broken, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				pong, port := make(chan error, 1), make(chan portAnswer, 1)
				time.AfterFunc(tt.pong, func() { pong <- tt.err })
				time.AfterFunc(tt.port, func() { port <- portAnswer{tt.right, tt.port} })
				got := judge(pong, port, tt.q)
				if took := time.Since(start); !errors.Is(got, tt.want) || took != tt.at {
					t.Errorf("got %v after %v, want %v after %v", got, took, tt.want, tt.at)
				}
			})
		})
	}
}

// TestDoubtSparesTheLiving has a stranger make a node doubt a link whose other
// side lives and has a port that refuses, as behind a firewall that rejects.
func TestDoubtSparesTheLiving(t *testing.T) {
	a, b := listening(t, Config{}), listening(t, Config{})
	near, far := linkOf(t, b, a)
	go func() { _, _ = near.ReadMessage() }()
	go func() { _, _ = far.ReadMessage() }()
	_ = b.listener.Close()                       // new calls are refused; those that stand do not notice
	thief := altered(t, func(thief *Transport) { // on the same host, as if it were b
		thief.self.Instance, thief.sockets.port = b.self.Instance, b.sockets.port
	})
	if _, err := thief.Dial(t.Context(), Target{Instance: a.self.Instance, Addrs: a.Addrs()}); !errors.Is(err, ErrLinked) {
		t.Errorf("the stranger got %v, want ErrLinked", err)
	}
	l := a.claims.linked(b.self.Instance)
	if l == nil {
		t.Fatal("there is no link any more")
	}
	for l.asking.Load() { // as long as the doubt lasts
		time.Sleep(time.Millisecond)
	}
	if _, err := far.Ping(t.Context()); err != nil {
		t.Errorf("the link ended: %v", err)
	}
}

// TestTakenPort asks of a link whose port somebody else seems to have. The link
// goes only if it does not answer itself.
func TestTakenPort(t *testing.T) {
	a, b := listening(t, Config{}), listening(t, Config{})
	near, far := linkOf(t, a, b)
	go func() { _, _ = near.ReadMessage() }()
	l := a.claims.linked(b.self.Instance)
	if l.gone(t.Context()) {
		t.Error("the right process answers, and is said to be gone")
	}
	_ = b.listener.Close()
	if !l.gone(t.Context()) { // nobody reads, so there is no pong
		t.Error("neither port nor link answers, and it is said to live")
	}
	go func() { _, _ = far.ReadMessage() }()
	if _, err := near.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// anyInstance is an instance that nobody has.
func anyInstance() Instance { return ID{}.Instance(NewSalt()) }

func listening(t *testing.T, cfg Config) *Transport {
	t.Helper()
	tr, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// linkOf returns both ends of a link that the first dialed.
func linkOf(t *testing.T, from, to *Transport) (near, far *Conn) {
	t.Helper()
	near, err := from.Dial(t.Context(), Target{Instance: to.self.Instance, Addrs: to.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	if far, err = to.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// TestLateJudge has the pong and the end of the wait be there at once, as when this
// process got no turn meanwhile: the link lives.
func TestLateJudge(t *testing.T) {
	for range 100 {
		pong := make(chan error, 1)
		pong <- nil
		if err := judge(pong, nil, inquiry{wait: 0}); err != nil {
			t.Fatal(err)
		}
	}
}
