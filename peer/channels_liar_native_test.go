//go:build !js

package peer

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/stream"
)

// liar is a link whose near end sends what it likes over the data channel for
// streams.
type liar struct {
	near, far    *Conn
	farTransport *Transport
	session      *session
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	a, b := listening(t, Config{}), listening(t, Config{})
	near, err := a.Dial(t.Context(), Target{Instance: b.Self().Instance, Addrs: b.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	far, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := far.ReadMessage(); err != nil {
				return
			}
		}
	}()
	return &liar{near: near, far: far, farTransport: b, session: near.ch.(*rtcChannel).session}
}

// mustEnd waits until the far side has ended the link.
func (l *liar) mustEnd(t *testing.T, want error) {
	t.Helper()
	select {
	case <-l.far.Done():
		if err := l.far.Err(); !errors.Is(err, want) {
			t.Errorf("the link ended of %v, want %v", err, want)
		}
	case <-time.After(20 * time.Second):
		t.Error("the link lives")
	}
}

func (l *liar) open(t *testing.T) stream.Carrier {
	t.Helper()
	c, err := l.session.openBeside()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func streamFrame(kind byte, number uint32, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, number), rest...)
}

func TestLyingChannels(t *testing.T) {
	for _, c := range []struct {
		name string
		want error
		send func(t *testing.T, l *liar)
	}{
		{"another data channel", errProtocol, func(t *testing.T, l *liar) {
			l.session.pc.CreateDataChannel("other", nil)
		}},
		{"a second one for streams", errProtocol, func(t *testing.T, l *liar) {
			l.open(t)
			l.session.pc.CreateDataChannel(besideLabel, nil)
		}},
		{"an unreliable one", errProtocol, func(t *testing.T, l *liar) {
			l.session.pc.CreateDataChannel(besideLabel, &webrtc.DataChannelInit{MaxRetransmits: new(uint16)})
		}},
		{"garbage", stream.ErrProtocol, func(t *testing.T, l *liar) {
			l.open(t).WriteMessage([]byte("GET"))
		}},
		{"longer than a frame", stream.ErrProtocol, func(t *testing.T, l *liar) {
			l.open(t).WriteMessage(make([]byte, stream.MaxFrame+1))
		}},
		{"more than the credit", stream.ErrProtocol, func(t *testing.T, l *liar) {
			c := l.open(t)
			c.WriteMessage(streamFrame(1, 1))
			for range 2 {
				c.WriteMessage(streamFrame(2, 1, make([]byte, 16<<10)...))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLiar(t)
			c.send(t, l)
			l.mustEnd(t, c.want)
		})
	}
}

// Who opens without end has what it cannot take in refused, and nothing is kept
// of it.
func TestThousandsOfChannels(t *testing.T) {
	l := newLiar(t)
	c := l.open(t)
	for n := range uint32(10_000) {
		if c.WriteMessage(streamFrame(1, n+1)) != nil {
			break
		}
	}
	if err := l.near.WriteMessage([]byte("still here?")); err != nil && l.far.Err() == nil {
		t.Errorf("the link carries no message: %v", err)
	}
	if n := len(l.far.channels.accept); n > maxUnaccepted {
		t.Errorf("%d channels wait to be accepted", n)
	}
	l.far.channels.mu.Lock()
	defer l.far.channels.mu.Unlock()
	if n := len(l.far.channels.all); n > 1 {
		t.Errorf("there are %d", n)
	}
}

// An earlier version ends the link when somebody opens a data channel: nobody
// does.
func TestNoChannelsToAnEarlierVersion(t *testing.T) {
	l := newLiar(t)
	l.near.takesChannels = false // as a hello without the flag has it
	if _, err := l.near.OpenChannel(); !errors.Is(err, ErrNoChannels) {
		t.Errorf("got %v, want %v", err, ErrNoChannels)
	}
	g, err := parseGreeting(appendGreeting(nil, greeting{hello: Hello{Name: "old"}}))
	if err != nil || g.channels {
		t.Errorf("a hello without the flag: %v, %v", g.channels, err)
	}
	g, err = parseGreeting(appendGreeting(nil, greeting{hello: Hello{Name: "new"}, channels: true}))
	if err != nil || !g.channels || g.hello.Observer {
		t.Errorf("a hello with the flag: %+v, %v", g, err)
	}
}

// Who takes in nothing of channels holds up its own link at the most: no other, and
// not the end.
func TestChannelsThatAreNeverTakenIn(t *testing.T) {
	l := newLiar(t)
	l.session.besides.takeWith(func(stream.Carrier) {}) // which nobody reads
	writing := make(chan error, maxLiarChannels)
	for range maxLiarChannels {
		c, err := l.far.OpenChannel()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := c.Write(make([]byte, 1<<20))
			writing <- err
		}()
	}
	if _, err := l.far.OpenChannel(); err == nil {
		t.Error("one more was opened")
	}
	b := l.farTransport
	near, err := listening(t, Config{}).Dial(t.Context(), Target{Instance: b.Self().Instance, Addrs: b.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := other.WriteMessage(make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
		if _, err := near.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	for range maxLiarChannels {
		if err := <-writing; err == nil {
			t.Error("a write of what was never taken in succeeded")
		}
	}
}

// maxLiarChannels is how many channels there may be.
const maxLiarChannels = 64
