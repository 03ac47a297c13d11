package peer

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// TestReaderWaitsForNoPong pings one whose every write waits: it reads on. If
// both sides of a link stood still for their pongs, neither would read again.
func TestReaderWaitsForNoPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(Hello{}, Hello{})
		fill(t, b)
		pinged := make(chan error, 1)
		go func() {
			_, err := a.Ping(t.Context())
			pinged <- err
		}()
		synctest.Wait()
		if err := a.WriteMessage([]byte("behind the ping")); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ReadMessage(); string(got) != "behind the ping" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		go drain(a)
		if err := <-pinged; err != nil {
			t.Errorf("ping: %v", err)
		}
		_ = a.Close(nil)
		_ = b.Close(nil)
	})
}

// TestPongsAreBounded sends pings without end and takes no pong: what is due
// waits in one goroutine, and each is answered in the end.
func TestPongsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(Hello{}, Hello{})
		fill(t, b)
		go drain(b)
		synctest.Wait()
		before := runtime.NumGoroutine()
		const pings = 1000
		answered := make(chan error, pings)
		for range pings {
			go func() {
				_, err := a.Ping(t.Context())
				answered <- err
			}()
		}
		synctest.Wait()
		// Those of the runtime and of earlier tests count too, and may come and go.
		if n := runtime.NumGoroutine() - before; n > pings+pings/10 {
			t.Errorf("%d goroutines wait for %d pings", n, pings)
		}
		go drain(a)
		for range pings {
			if err := <-answered; err != nil {
				t.Fatal(err)
			}
		}
		_ = a.Close(nil)
		_ = b.Close(nil)
	})
}

// fill writes all that one direction of a Pipe holds.
func fill(t *testing.T, c *Conn) {
	t.Helper()
	for range pipeBuffer / (64 << 10) {
		if err := c.WriteMessage(make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
	}
}

func drain(c *Conn) {
	for {
		if _, err := c.ReadMessage(); err != nil {
			return
		}
	}
}

// TestPingsAreReadSlowly has somebody send far more pings than any honest node: they
// are read no faster than that, what is behind them arrives all the same, and as many
// as an honest one may send hold up nothing.
func TestPingsAreReadSlowly(t *testing.T) {
	for _, tt := range []struct {
		pings       int
		least, most time.Duration
	}{
		{controlRate, 0, 0},
		{11 * controlRate, 9 * time.Second, 11 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := Pipe(Hello{}, Hello{})
			start := time.Now()
			go drain(a)
			go func() {
				for range tt.pings {
					_ = a.writeFrame([]byte("ping 1"), true)
				}
				_ = a.WriteMessage([]byte("behind the pings"))
			}()
			if got, err := b.ReadMessage(); string(got) != "behind the pings" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if d := time.Since(start); d < tt.least || d > tt.most {
				t.Errorf("%d pings took %v, want %v to %v", tt.pings, d, tt.least, tt.most)
			}
			_ = a.Close(nil)
			_ = b.Close(nil)
		})
	}
}
