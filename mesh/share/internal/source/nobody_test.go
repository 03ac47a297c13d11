//go:build unix && !linux

package source_test

import (
	"os"
	"testing"
)

func asNobody(t *testing.T, f func()) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	f()
}
