//go:build linux

package hosts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

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
		machine(), len(s.hosts), *stormTime, *stormSeed, total, strings.Join(kinds, ", "),
		v.Messages, v.Deliveries, v.History, v.Receipts,
		v.Lost, v.Duplicated, v.Reordered, v.Altered, v.FalseReceipts, v.Missed,
		spread(s.views), len(s.views), spread(s.everything), len(s.everything))
}

// spread prints median, 99th percentile and maximum in seconds.
func spread(samples []time.Duration) string {
	return fmt.Sprintf("%s / %s / %s s", digits(quantile(samples, 0.5), time.Second),
		digits(quantile(samples, 0.99), time.Second), digits(quantile(samples, 1), time.Second))
}
