package peer

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoWallClock holds that nothing here lives by a clock that somebody may
// set: a time sync would end links, or let none end. It cannot set this
// machine's, so it looks for whatever drops the monotonic reading of a time.
func TestNoWallClock(t *testing.T) {
	wall := regexp.MustCompile(`time\.(Unix|Date|Parse)|\.(Unix|UnixNano|UnixMicro|UnixMilli|Round|Truncate|UTC|Local|In|AddDate)\(`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Skip("needs the package's source:", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") ||
			file == "certificate_native.go" || // where dates are what is meant
			file == "page_js.go" { // where a clock that jumps makes us ask, no more
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range wall.FindAllString(string(source), -1) {
			t.Errorf("%s has %s", file, found)
		}
	}
}
