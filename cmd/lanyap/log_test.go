package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe/safetest"
)

// TestHostileTextInLogs: a log may be on a terminal. Each record is one line.
func TestHostileTextInLogs(t *testing.T) {
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out)
	a.env = func(key string) (string, bool) { return "debug", key == "LANYAP_LOG" }
	log, err := a.logger()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range safetest.All() {
		out.Reset()
		log.Info("offer refused", "name", c.Text, "reason", errText(c.Text), c.Text, 1)
		if err := safetest.Check(out.String(), ""); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %q, %v", c.Name, out.String(), err)
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }
