//go:build linux

package hosts

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

var stormLogs = flag.String("storm-logs", "", "`directory` of the logs of a storm that failed, to check them once more")

// verdict checks what all programs of the run showed and prints the outcome.
func (s *storm) verdict(end time.Time) {
	s.t.Helper()
	traces := make([]*lab.Trace, len(s.all))
	for i, p := range s.all {
		traces[i] = p.trace
	}
	v := lab.CheckStorm(end, traces...)
	for _, problem := range v.Problems {
		s.t.Error(problem)
	}
	if !v.Clean() {
		s.t.Errorf("%d other faults", v.Other)
	}
	summary := s.summary(v)
	s.note("%s", summary)
	s.t.Log(summary)
}

// TestStormLogs checks the logs of an earlier storm once more.
//
//	go test ./cmd/lanyap/internal/hosts -run StormLogs -storm-logs DIR
func TestStormLogs(t *testing.T) {
	if *stormLogs == "" {
		t.Skip("no -storm-logs")
	}
	paths, err := filepath.Glob(filepath.Join(*stormLogs, "*"+logSuffix))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no logs in %s: %v", *stormLogs, err)
	}
	var traces []*lab.Trace
	for _, path := range paths {
		traces = append(traces, readLog(t, path))
	}
	v := lab.CheckStorm(time.Time{}, traces...)
	for _, problem := range v.Problems {
		t.Error(problem)
	}
	v.Problems = nil
	t.Logf("%+v", v)
}

func readLog(t *testing.T, path string) *lab.Trace {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	trace, err := lab.ReadTrace(filepath.Base(path), file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, killedSuffix) {
		trace.Kill()
	}
	return trace
}

// summary is one paragraph for people.
func (s *storm) summary(v lab.Verdict) string {
	var kinds []string
	total := 0
	for kind, n := range s.faults {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, n))
		total += n
	}
	slices.Sort(kinds)
	return fmt.Sprintf("%s. %d hosts, %v, seed %d: %d faults (%s); "+
		"%d messages, %d deliveries (%d as history), %d receipts; "+
		"%d lost, %d duplicated, %d reordered, %d altered, %d false receipts, %d told as gaps. "+
		"After the end of a fault views that differed were equal within p50 / p99 / max %s (N %d), and everybody had everything within %s (N %d).",
		machine(), len(s.hosts), s.lasts, *stormSeed, total, strings.Join(kinds, ", "),
		v.Messages, v.Deliveries, v.History, v.Receipts,
		v.Lost, v.Duplicated, v.Reordered, v.Altered, v.FalseReceipts, v.Missed,
		spread(s.views), len(s.views), spread(s.everything), len(s.everything))
}

// spread prints median, 99th percentile and maximum in seconds.
func spread(samples []time.Duration) string {
	return fmt.Sprintf("%s / %s / %s s", digits(quantile(samples, 0.5), time.Second),
		digits(quantile(samples, 0.99), time.Second), digits(quantile(samples, 1), time.Second))
}
