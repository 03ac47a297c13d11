package keeper

import (
	"encoding/json"
	"testing"
)

// FuzzOrder has a page say what it likes.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"do":"offer","id":"a1","to":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],"files":[{"path":"a/b","size":1,"time":2}]}`))
	f.Add([]byte(`{"do":"accept","id":"../x","files":null}`))
	f.Add([]byte(`{"files":[{},{},[[[[]]]]]}`))
	f.Add([]byte(`{"files":{"path":1}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var o order
		if json.Unmarshal(line, &o) != nil {
			return
		}
		if len(o.Files) > maxFiles {
			t.Errorf("%d files", len(o.Files))
		}
		again, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var same order
		if err := json.Unmarshal(again, &same); err != nil || len(same.Files) != len(o.Files) || same.ID != o.ID {
			t.Errorf("%s became %s: %v", line, again, err)
		}
		if isID(o.ID) != (escape(o.ID) == o.ID && o.ID != "" && len(o.ID) <= maxID && !hasOther(o.ID)) {
			t.Errorf("%q is an ID: %t", o.ID, isID(o.ID))
		}
	})
}

// hasOther reports whether s has what URLs have and IDs do not.
func hasOther(s string) bool {
	for _, r := range s {
		switch r {
		case '$', '&', '+', '=', ':', '@', '.', '~':
			return true
		}
	}
	return false
}

// FuzzFileName: what a browser is told to call a file is on one line, and no path.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../x", "C:\\x", "a\r\nX: y", "\u202egnp.exe", ".", "\"", "\xff", "漢"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := fileName(s)
		if name == "" || name == "." || name == ".." {
			t.Errorf("%q became %q", s, name)
		}
		for _, c := range []byte(name + disposition(name)) {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q became %q, %q", s, name, disposition(name))
			}
		}
		for _, c := range name {
			if c == '/' || c == '\\' || c == ':' {
				t.Errorf("%q became %q", s, name)
			}
		}
	})
}
