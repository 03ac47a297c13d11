//go:build !js

package peer

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkHello is hello without the network that it is over: of both sides together.
func BenchmarkHello(b *testing.B) {
	s, other := sides()
	open, otherOpen := s, other
	open.secret, otherOpen.secret = Secret{}, Secret{}
	again, otherAgain := s, other
	again.token, otherAgain.token = token{1}, token{1}
	for what, pair := range map[string][2]side{"open": {open, otherOpen}, "secret": {s, other}, "again": {again, otherAgain}} {
		b.Run(what, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if near, far := pair[0].meet(pair[1]); near.err != nil || far.err != nil {
					b.Fatal(near.err, far.err)
				}
				took = append(took, time.Since(began))
			}
			reportMedian(b, took)
		})
	}
}

func reportMedian(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
}

// BenchmarkFirstLink dials a node for the first time, over the loopback.
func BenchmarkFirstLink(b *testing.B) {
	for what, secret := range map[string]Secret{"open": {}, "secret": kitchen()} {
		b.Run(what, func(b *testing.B) {
			to, err := Listen(Config{Secret: secret})
			if err != nil {
				b.Fatal(err)
			}
			defer to.Close()
			var took []time.Duration
			for b.Loop() {
				took = append(took, firstLink(b, to))
			}
			reportMedian(b, took)
		})
	}
}

// firstLink returns how long it takes one that is new to dial a node.
func firstLink(b *testing.B, to *Transport) time.Duration {
	from, err := Listen(Config{Secret: to.secret})
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	began := time.Now()
	conn, err := from.Dial(b.Context(), Target{Addrs: to.Addrs()})
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	far, err := to.Accept(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	_, _ = conn.Close(nil), far.Close(nil)
	return took
}
