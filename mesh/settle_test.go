package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// settles calls Settle with a deadline and returns what it returns, and how
// long it took.
func (r *room) settles(a *actor, within time.Duration) (missing []mesh.Sighting, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	start := time.Now()
	missing, err = a.Settle(ctx)
	return missing, time.Since(start), err
}

// settled fails the test unless a has met everybody within 3 s.
func (r *room) settled(a *actor, members int) {
	r.Helper()
	if missing, took, err := r.settles(a, 3*time.Second); err != nil || missing != nil {
		r.Errorf("%s: %v after %v, missing: %v", a.Self().Name, err, took, missing)
	}
	if n := len(a.Members()); n != members {
		r.Errorf("%s sees %d members, want %d", a.Self().Name, n, members)
	}
}

func TestSettleAlone(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.joinSilently("ana", nil).unread()
		missing, took, err := r.settles(ana, time.Minute)
		if err != nil || missing != nil || took > time.Second {
			t.Errorf("alone: %v after %v, missing: %v", err, took, missing)
		}
		r.joinSilently("other", func(cfg *mesh.Config) { cfg.Room = "other" }).unread()
		pass(time.Second)
		r.settled(ana, 0)
	})
}

// TestSettleOfAPair has a member that reaches nobody else, and says so.
func TestSettleOfAPair(t *testing.T) {
	inRoom(t, func(r *room) {
		r.join("ana", nil)
		pass(5 * time.Second)
		bo := r.joinSilently("bo", nil).unread()
		for range 100 { // as the chat does, which asks once it has met somebody
			if len(bo.Members()) == 1 {
				break
			}
			pass(time.Millisecond)
		}
		if missing, took, err := r.settles(bo, time.Minute); err != nil || missing != nil || took > time.Second/5 {
			t.Errorf("a pair: %v after %v, missing: %v; ana knew long before that there is nobody else", err, took, missing)
		}
	})
}

func TestSettleMeetsEverybody(t *testing.T) {
	for name, multicast := range map[string]bool{"who are sighted": true, "of whom the first member tells": false} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				r.lan.SetMulticast(multicast)
				newHost := r.lan.Host("new") // 10.0.0.1
				var there []*actor
				for i := range 4 {
					a := r.join(fmt.Sprint("host", i), byHand("10.0.0.2"))
					r.lan.Delay(newHost, a.host, time.Duration(i)*100*time.Millisecond)
					there = append(there, a)
				}
				pass(20 * time.Second)
				fresh := r.joinSilently("new", byHand("10.0.0.2")).unread()
				r.settled(fresh, 4)
				r.say(fresh, "hello")
				pass(5 * time.Second)
				for _, a := range there {
					if got := a.story(); !slices.Contains(got, "new 1: hello") {
						t.Errorf("%s read %q, want the message live", a.Self().Name, got)
					}
				}
			})
		})
	}
}

// TestSettleOfTwoAtOnce has two start at one moment that are near each other
// and far from the rest.
func TestSettleOfTwoAtOnce(t *testing.T) {
	inRoom(t, func(r *room) {
		for i := range 3 {
			a := r.join(fmt.Sprint("host", i), nil)
			for _, name := range []string{"one", "two"} {
				r.lan.Delay(r.lan.Host(name), a.host, 50*time.Millisecond)
			}
		}
		pass(5 * time.Second)
		one := r.joinSilently("one", nil).unread()
		two := r.joinSilently("two", nil).unread()
		r.settled(one, 4)
		r.settled(two, 4)
	})
}

func TestSettleThroughOthers(t *testing.T) {
	inRoom(t, func(r *room) {
		r.join("bo", nil)
		cy := r.join("cy", nil)
		r.lan.Cut(r.lan.Host("ana"), cy.host)
		pass(5 * time.Second)
		ana := r.joinSilently("ana", nil).unread()
		r.settled(ana, 2)
	})
}

func TestSettleNamesWhoIsMissing(t *testing.T) {
	inRoom(t, func(r *room) {
		r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(5 * time.Second)
		r.lan.Delay(r.lan.Host("ana"), cy.host, 3*time.Second) // the link is up, and nothing comes yet
		ana := r.joinSilently("ana", nil).unread()
		missing, took, err := r.settles(ana, time.Second/2) // less than until there is a tunnel
		if !errors.Is(err, context.DeadlineExceeded) || took != time.Second/2 {
			t.Errorf("%v after %v, want the deadline", err, took)
		}
		if len(missing) != 1 || missing[0].Instance != cy.Self().Instance.String() {
			t.Errorf("missing: %v, want cy", missing)
		}
		r.settled(ana, 2)
	})
}

func TestSettleForgetsWhoLeaves(t *testing.T) {
	inRoom(t, func(r *room) {
		r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(5 * time.Second)
		r.lan.Delay(r.lan.Host("ana"), cy.host, 3*time.Second)
		ana := r.joinSilently("ana", nil).unread()
		pass(time.Second / 2)
		cy.Close()
		r.settled(ana, 1)
	})
}

func TestSettleOfAClosedNode(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.joinSilently("ana", nil).unread()
		done := make(chan error, 1)
		go func() {
			_, err := ana.Settle(context.Background())
			done <- err
		}()
		synctest.Wait()
		ana.Close()
		if err := <-done; !errors.Is(err, mesh.ErrClosed) {
			t.Errorf("settle: %v, want %v", err, mesh.ErrClosed)
		}
	})
}

// TestSaidAtOnceIsLiveForWhoWasHere has somebody speak as soon as it has met the
// first of four, and none of the others take history.
func TestSaidAtOnceIsLiveForWhoWasHere(t *testing.T) {
	for name, multicast := range map[string]bool{"who are sighted": true, "of whom the first member tells": false} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				r.lan.SetMulticast(multicast)
				newHost := r.lan.Host("new") // 10.0.0.1
				quiet := func(cfg *mesh.Config) { cfg.History, cfg.Peers = -1, []string{"10.0.0.2"} }
				var there []*actor
				for i := range 4 {
					a := r.join(fmt.Sprint("host", i), quiet)
					r.lan.Delay(newHost, a.host, time.Duration(1+100*i)*time.Millisecond)
					there = append(there, a)
				}
				pass(20 * time.Second)
				fresh := r.joinSilently("new", quiet).unread()
				for len(fresh.Members()) == 0 {
					pass(time.Millisecond)
				}
				if n := len(fresh.Members()); n != 1 {
					t.Fatalf("met %d at once, want the nearest", n)
				}
				r.say(fresh, "hello")
				pass(5 * time.Second)
				late := r.join("late", quiet)
				pass(5 * time.Second)
				for _, a := range there {
					if got := a.story(); !slices.Contains(got, "new 1: hello") {
						t.Errorf("%s read %q, want the message live", a.Self().Name, got)
					}
				}
				if got := late.story(); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "hello") }) {
					t.Errorf("who came late and wants no history read %q", got)
				}
			})
		})
	}
}
