package discovery

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// manyQuestions is a packet that asks n times who is here.
func manyQuestions(t *testing.T, n int) []byte {
	t.Helper()
	return buildPacket(t, dnsmessage.Header{}, func(b *dnsmessage.Builder) error {
		q := dnsmessage.Question{Name: dnsmessage.MustNewName(serviceName), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | topBit}
		for range n {
			if err := b.Question(q); err != nil {
				return err
			}
		}
		return nil
	}, nil, nil)
}

// from is the loopback as a host with another address has it.
func from(t *testing.T, addr string) socket {
	t.Helper()
	lo := loopback(t)
	lo.Addrs = []netip.Addr{netip.MustParseAddr(addr)}
	s, err := listenAnswers(lo, ip4)
	if err != nil {
		t.Skipf("no socket on %s: %v", addr, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Packets full of questions do not silence a node: others who ask get their
// answers while it goes on and right after.
func TestManyQuestionsDoNotSilence(t *testing.T) {
	lo := loopback(t)
	for _, n := range []int{230, 10_000} {
		lan := openLoopback(t)
		s := self
		s.Instance = randomHex(t)
		if err := lan.Announce(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		attacker, bystander := from(t, "127.0.0.2"), from(t, "127.0.0.1")
		answers := make(chan string, 64)
		go func() {
			buf := make([]byte, maxPacket)
			for {
				size, _, err := bystander.read(buf)
				if err != nil {
					return
				}
				if m, err := parse(buf[:size]); err == nil && m.response && len(m.sightings) > 0 {
					answers <- m.sightings[0].instance
				}
			}
		}()
		flood := manyQuestions(t, n)
		asks := func(when string) {
			t.Helper()
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			timeout := time.After(10 * time.Second)
			for {
				select {
				case <-timeout:
					t.Fatalf("%d questions a packet, %s: no answer within 10 s", n, when)
				case in := <-answers:
					if in == s.Instance {
						return
					}
				case <-tick.C:
					if err := bystander.write(serviceQuery(t, true)[0], ip4.group(lo)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		asks("before")
		stop, stopped := make(chan bool), make(chan bool)
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					_ = attacker.write(flood, ip4.group(lo)) // a full buffer loses it
				}
			}
		}()
		// The answers to questions from before the flood have come or never will.
		for range 5 {
			asks("meanwhile")
		}
		close(stop)
		<-stopped
		for range 5 {
			asks("right after")
		}
	}
}
