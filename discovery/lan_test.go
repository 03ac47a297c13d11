package discovery

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// openLoopback opens a LAN on the loopback, which works for any user.
func openLoopback(t *testing.T) *LAN {
	t.Helper()
	lan, err := Open(Config{Interfaces: []string{loopback(t).Name}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lan.Close(); err != nil {
			t.Error(err)
		}
	})
	return lan
}

// watchFor returns a channel that gets what Browse yields of one instance.
func watchFor(t *testing.T, lan *LAN, instance string) <-chan Instance {
	t.Helper()
	ch := make(chan Instance, 16)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for in, err := range lan.Browse(ctx) {
			if err == nil && in.Instance == instance {
				ch <- in
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return ch
}

func receive(t *testing.T, ch <-chan Instance) Instance {
	t.Helper()
	select {
	case in := <-ch:
		return in
	case <-time.After(10 * time.Second):
		t.Fatal("nothing within 10 s")
		return Instance{}
	}
}

// Real sockets, real hashicorp server and querier, on the loopback.
func TestLoopback(t *testing.T) {
	a, b := openLoopback(t), openLoopback(t)
	first, second := self, self
	first.Instance, second.Instance = randomHex(t), randomHex(t)
	seesFirst, seesSecond := watchFor(t, b, first.Instance), watchFor(t, a, second.Instance)
	if err := a.Announce(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := b.Announce(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	for _, in := range []Instance{receive(t, seesFirst), receive(t, seesSecond)} {
		if in.Room != self.Room || len(in.Addrs) == 0 || !in.Addrs[0].Addr().IsLoopback() || in.Addrs[0].Port() != self.Port {
			t.Errorf("got %+v", in)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for in := receive(t, seesFirst); !in.Gone; in = receive(t, seesFirst) {
	}
}

// randomHex is an instance that no other test on this machine has.
func randomHex(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		b = []byte(time.Now().Format("15040500000000000.000000000"))
	}
	hex := strings.NewReplacer("-", "", ".", "").Replace(string(b))
	return hex[:16]
}

// Close leaves neither goroutine nor descriptor behind. Those of hashicorp's
// server end by themselves when its sockets are closed, so we wait for that.
func TestCloseLeavesNothing(t *testing.T) {
	cycle := func() {
		lan := openLoopback(t)
		s := self
		s.Instance = randomHex(t)
		if err := lan.Announce(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := lan.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	goroutines, files := runtime.NumGoroutine(), openFiles()
	for range 10 {
		cycle()
	}
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > goroutines || openFiles() > files {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines and %d descriptors, before it was %d and %d\n%s", runtime.NumGoroutine(), openFiles(),
				goroutines, files, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func TestProbe(t *testing.T) {
	lo := loopback(t)
	var reports []Report
	// A probe takes all the time it is given. What is enough here may be too
	// little on a busy machine.
	for within := 200 * time.Millisecond; within < 10*time.Second; within *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		var err error
		reports, err = Probe(ctx, []string{lo.Name})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if len(reports) != 1 {
			t.Fatalf("got %+v, want one report", reports)
		}
		if reports[0].Heard {
			break
		}
	}
	if r := reports[0]; r.Interface.Name != lo.Name || r.Err != nil || !r.Heard || len(r.Others) != 0 {
		t.Errorf("got %+v, want our own packet heard, and nobody else", r)
	}
}
