//go:build !js

package mesh_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// TestHandle has a node's port answer for something beside the mesh.
func TestHandle(t *testing.T) {
	n, err := mesh.Join(t.Context(), mesh.Config{Interfaces: []string{loopback(t)}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	get := func() (status int, body string) {
		resp, err := http.Get("http://" + n.Addrs()[0].String() + "/page")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		p, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(p)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	if err := n.Handle(hello); err != nil {
		t.Fatal(err)
	}
	if status, body := get(); status != http.StatusOK || body != "hello" {
		t.Errorf("got %d %q", status, body)
	}
	if err := n.Handle(nil); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(); status != http.StatusNotFound {
		t.Errorf("got %d from nobody", status)
	}
}

// TestHandleWithoutHTTP has a node whose network has none say so.
func TestHandleWithoutHTTP(t *testing.T) {
	n, err := mesh.Join(t.Context(), mesh.Config{Network: meshtest.NewLAN().Host("ana")})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Handle(http.NotFoundHandler()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
