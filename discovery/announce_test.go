package discovery

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnnounceRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := b.start(t, 1)
		for name, s := range map[string]Service{
			"no instance":       {Room: self.Room, Port: 1},
			"instance too long": {Instance: self.Instance + "0", Room: self.Room, Port: 1},
			"room not hex":      {Instance: self.Instance, Room: "living room lamp", Port: 1},
			"no port":           {Instance: self.Instance, Room: self.Room},
		} {
			if err := node.Announce(t.Context(), s); err == nil {
				t.Errorf("%s: announced", name)
			}
		}
		node.close()
		node.close()
		if err := node.Announce(t.Context(), self); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: got %v, want ErrClosed", err)
		}
		for _, err := range node.Browse(t.Context()) {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("Browse after Close: got %v, want ErrClosed", err)
			}
		}
	})
}

// A second announcement takes the place of the first.
func TestAnnounceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		nodes := startNodes(t, b, 2)
		time.Sleep(time.Minute)
		if err := nodes[0].Announce(t.Context(), self); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		seen := nodes[1].sees()
		if _, ok := seen[self.Instance]; !ok || len(seen) != 1 {
			t.Errorf("the other sees %v, want only %s", seen, self.Instance)
		}
	})
}
