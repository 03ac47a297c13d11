package mesh_test

import (
	"context"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

func TestMachine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	start := time.Now()
	a, err := mesh.Join(ctx, mesh.Config{Name: "ana", Room: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("joined", time.Since(start), a.Addrs())
	b, err := mesh.Join(ctx, mesh.Config{Name: "bo", Room: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("joined", time.Since(start), b.Addrs())
	for ev := range a.Events(ctx) {
		t.Logf("a: %T", ev)
		break
	}
	t.Log("linked", time.Since(start))
	r, err := a.Broadcast(ctx, []byte("hi"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(r.To()), r.Delivered(ctx))
	t.Log("delivered", time.Since(start))
	t.Log(b.Leave(ctx))
	t.Log("left", time.Since(start))
	t.Log(a.Close())
	t.Log("closed", time.Since(start))
}
