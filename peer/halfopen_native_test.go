//go:build !js

package peer

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestHalfOpenBounds(t *testing.T) {
	host := func(n int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 32)
	}
	t.Run("one address holds four, and its oldest gives way after its grace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var h halfOpen
			first, _ := h.enter(t.Context(), host(1), false)
			time.Sleep(time.Millisecond)
			for range maxHalfOpenFrom - 1 {
				if _, err := h.enter(t.Context(), host(1), false); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := h.enter(t.Context(), host(1), false); !errors.Is(err, ErrFull) {
				t.Errorf("got %v, want ErrFull", err)
			}
			if _, err := h.enter(t.Context(), host(2), false); err != nil {
				t.Errorf("another address is refused: %v", err)
			}
			time.Sleep(halfOpenGrace)
			if _, err := h.enter(t.Context(), host(1), false); err != nil {
				t.Errorf("after the grace: %v", err)
			}
			if first.ctx.Err() == nil {
				t.Error("the oldest is still there")
			}
		})
	})
	t.Run("when all places are taken the crowd gives way, not the newcomer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var h halfOpen
			for i := range maxHalfOpen {
				if _, err := h.enter(t.Context(), host(i/maxHalfOpenFrom), false); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := h.enter(t.Context(), host(1000), false); !errors.Is(err, ErrFull) {
				t.Errorf("got %v, want ErrFull", err)
			}
			time.Sleep(halfOpenGrace)
			v, err := h.enter(t.Context(), host(1000), false)
			if err != nil {
				t.Fatal(err)
			}
			if len(h.slots) != maxHalfOpen {
				t.Errorf("%d places are taken", len(h.slots))
			}
			v.leave()
			if len(h.slots) != maxHalfOpen-1 || v.ctx.Err() == nil {
				t.Error("leave does not end and free the place")
			}
		})
	})
	t.Run("a place is lost after its time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var h halfOpen
			v, _ := h.enter(t.Context(), host(1), false)
			time.Sleep(dialTimeout)
			synctest.Wait()
			if v.ctx.Err() == nil {
				t.Error("it is still there")
			}
			v.leave()
		})
	})
}
