package meshtest_test

import (
	"context"
	"fmt"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

func Example() {
	ctx := context.Background()
	lan := meshtest.NewLAN()
	ana, err := mesh.Join(ctx, mesh.Config{Name: "ana", Network: lan.Host("ana")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	bo, err := mesh.Join(ctx, mesh.Config{Name: "bo", Network: lan.Host("bo")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bo.Close()

	for ev := range ana.Events(ctx) {
		switch ev := ev.(type) {
		case mesh.Joined:
			fmt.Println(ev.Peer.Name, "at", ev.Peer.Addr)
			lan.Host("bo").Kill()
		case mesh.Left:
			fmt.Println(ev.Peer.Name, "crashed:", ev.Reason != nil)
			return
		}
	}
	// Output:
	// bo at 10.0.0.2:7475
	// bo crashed: true
}
