// Command page is the member that lives in a browser's tab.
package main

import (
	"context"
	"fmt"
	"syscall/js"

	"github.com/lanyap/lanyap/mesh"
)

func main() {
	ctx := context.Background()
	host := js.Global().Get("location").Get("host").String()
	node, err := mesh.Join(ctx, mesh.Config{Peers: []string{host}})
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	for event := range node.Events(ctx) {
		fmt.Printf("%T %+v\n", event, event)
	}
}
