package main

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

func TestEventsAreJSON(t *testing.T) {
	relay := mesh.Peer{Member: mesh.Member{ID: peer.ID{1}, Instance: peer.Instance{2}}, Name: "ana"}
	who := mesh.Peer{Member: mesh.Member{ID: peer.ID{3}, Instance: peer.Instance{4}}, Name: `b"o`, Web: true, Addr: netip.MustParseAddrPort("10.0.0.7:7475")}
	sent := time.Date(2026, 11, 27, 1, 2, 3, 4, time.FixedZone("", 3600))
	e := newEvent("message").person("from", &who).person("via", &relay).person("to", nil).
		number("seq", 12).time("sent", sent).text("text", "a\x00b").flag("private", true).flag("history", false).
		people("peers", []mesh.Peer{relay, who}).people("nobody", nil)
	var got map[string]any
	if err := json.Unmarshal([]byte(e.String()), &got); err != nil {
		t.Fatalf("%v: %s", err, e)
	}
	if at, err := time.Parse(timeLayout, got["time"].(string)); err != nil || time.Since(at) > time.Minute {
		t.Errorf("time %v", got["time"])
	}
	delete(got, "time")
	ana := map[string]any{"id": relay.ID.String(), "instance": relay.Instance.String(), "name": "ana"}
	bo := map[string]any{"id": who.ID.String(), "instance": who.Instance.String(), "name": `b"o`, "web": true, "addr": "10.0.0.7:7475"}
	want := map[string]any{
		"v": 1.0, "type": "message", "from": bo, "via": ana, "seq": 12.0, "sent": "2026-11-27T00:02:03.000000004Z",
		"text": "a\x00b", "private": true, "peers": []any{ana, bo}, "nobody": []any{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\n\r\t\x00\x1f\x7f", "ü漢👍", "\xff\xc3(", "\u2028</script>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		encoded, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(appendQuoted(nil, s), &got); err != nil || got != want {
			t.Errorf("%q became %s: %q, %v", s, appendQuoted(nil, s), got, err)
		}
	})
}
