package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// privateHandler is that of a node in a private room, with whose name, ID and name of
// the room nothing else can be mistaken.
func privateHandler() *handler {
	return newHandler(Config{
		Room: "kitchen-cabinet", Private: true,
		Self:    mesh.Peer{Member: mesh.Member{ID: peer.NewIdentity().ID(), Instance: peer.Instance{7}}, Name: "annabelle"},
		Version: func() string { return "v9.8.7" },
		Files:   http.NotFoundHandler(),
	}, fixture())
}

// TestPrivateRoomTellsNothing: whatever is asked, in whatever way, of a node in a
// private room, its answer has nothing of the room in it.
func TestPrivateRoomTellsNothing(t *testing.T) {
	h := privateHandler()
	paths := []string{
		"/", "/?name=bo", "/?room=kitchen-cabine", "/?room=kitchen-cabinet", "/page.json", "/page.json?room=kitchen-cabinet", "/events", "/files", "/files/",
		"/files/x", "/files/x/y", "/assets", "/assets/", "/nothing", "/index.html", "/members", "/history", "/.well-known/lanyap",
	}
	err := fs.WalkDir(fixture(), ".", func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, "/assets/"+path, "/assets/"+h.site.look().hash+"/"+path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			resp := ask(h, method, path, "Accept: application/json, text/event-stream", "Upload-Offset: 0")
			all := fmt.Sprintln(resp.Status, resp.Header) + body(t, resp)
			for _, secret := range []string{"kitchen", "cabinet", "annabelle", h.Self.ID.String(), h.Self.ID.Short(), "v9.8.7"} {
				if strings.Contains(all, secret) {
					t.Errorf("%s %s is answered with %q:\n%s", method, path, secret, all)
				}
			}
			// Neither does it tell whether somebody knows the room's name.
			if strings.HasPrefix(path, "/?") || path == "/" {
				if first == "" {
					first = all
				}
				if method == "GET" && all != first {
					t.Errorf("GET %s is answered unlike GET /", path)
				}
			}
		}
	}
}

func TestPrivatePageJSON(t *testing.T) {
	h := privateHandler()
	want := fmt.Sprintf(`{"private":true,"tag":%q,"node":{"instance":%q},"you":"192.0.2.1","files":true}`, peer.RoomTag(h.Room), h.Self.Instance)
	resp := ask(h, "GET", "/page.json")
	var got json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
