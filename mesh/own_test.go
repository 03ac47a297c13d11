package mesh_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// Two parts of one program speak to each other as to anybody.
func TestStreamToOneself(t *testing.T) {
	inRoom(t, func(r *room) {
		t := r.T
		a := r.join("ana", nil)
		near, far := open(t, a.Node, a.Node, "notes/1")
		for _, c := range []interface{ Carrier() string }{near.(interface{ Carrier() string }), far.(interface{ Carrier() string })} {
			if c.Carrier() != "own" {
				t.Errorf("carried by %q", c.Carrier())
			}
		}
		if far.RemoteAddr() != (mesh.Addr{Member: a.Self().Member, Service: "notes/1"}) {
			t.Errorf("opened by %v", far.RemoteAddr())
		}
		time.Sleep(time.Minute) // which is longer than a member may be away
		swap(t, near, far)
		if _, err := a.Dial(t.Context(), a.Self().Member, "other"); !errors.Is(err, mesh.ErrNoService) {
			t.Errorf("nobody listens: %v", err)
		}
		near, far = open(t, a.Node, a.Node, "notes/1")
		a.Close()
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, mesh.ErrClosed) {
			t.Errorf("the node has closed: %v", err)
		}
		if _, err := a.Dial(t.Context(), a.Self().Member, "notes/1"); !errors.Is(err, mesh.ErrClosed) {
			t.Errorf("dialed at a node that has closed: %v", err)
		}
		near.Close()
	})
}

func TestStreamToOneselfIsAConn(t *testing.T) {
	n, err := mesh.Join(t.Context(), mesh.Config{Name: "ana", Network: meshtest.NewLAN().Host("ana")})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	nettest.TestConn(t, pipes(n, n))
}
