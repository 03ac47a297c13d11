package web

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe/safetest"
)

// node returns where Node is, by which the page's scripts are tested.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node, which runs the tests of the page's scripts")
	}
	return path
}

func TestScripts(t *testing.T) {
	tests, err := filepath.Glob("testdata/js/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	out, err := exec.Command(node(t), append([]string{"--test"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTextIsAsOnTerminals: a page makes visible what a terminal does, and nothing
// else.
func TestTextIsAsOnTerminals(t *testing.T) {
	var texts []string
	for r := rune(0); r < 0x30000; r++ {
		if (r < 0xd800 || r > 0xdfff) && !unicode.Is(unicode.Cn, r) { // of those there may be more in Node
			texts = append(texts, "a"+string(r)+"b")
		}
	}
	for _, c := range safetest.All() {
		// JSON has no bytes that are not UTF-8, nor has a page.
		texts = append(texts, strings.ToValidUTF8(c.Text, "\ufffd"))
	}
	texts = append(texts, "", "a\r\nb", "क\u094d\u200dष", "\u200d\u200d", "x\u200d", "\U000f0000", "\u0301", "a\n\u0301", "\t\u0301")
	given, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node(t), "testdata/js/text.mjs")
	cmd.Stdin = bytes.NewReader(given)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(texts) {
		t.Fatalf("%d texts: %v", len(got), err)
	}
	wrong := 0
	for i, s := range texts {
		if want := safe.Text(s); got[i] != want {
			if wrong++; wrong <= 20 {
				t.Errorf("%+q: the page shows %+q, a terminal %+q", s, got[i], want)
			}
		}
	}
	if wrong > 20 {
		t.Errorf("and %d more", wrong-20)
	}
}
