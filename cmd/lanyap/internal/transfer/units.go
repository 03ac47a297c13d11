package transfer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes returns a number of bytes for people: 1,023 B, 1.5 KiB, 12 MiB. Units are
// those of IEC 80000-13, powers of 1,024.
func Bytes(n int64) string {
	if n < 1024 {
		return Count(n) + " B"
	}
	v := float64(n)
	unit := 0
	for v >= 1023.95 && unit < len(units)-1 { // what would be shown as 1,024.0
		v /= 1024
		unit++
	}
	if v < 9.995 {
		return fmt.Sprintf("%.1f %s", v, units[unit])
	}
	return fmt.Sprintf("%.0f %s", v, units[unit])
}

var units = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// Count returns a number with commas between thousands.
func Count[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// rate returns bytes a second for people.
func rate(perSecond float64) string { return Bytes(int64(perSecond)) + "/s" }

// duration returns how long something took or takes for people: 0.4 s, 12 s,
// 3 min 20 s, 2 h 5 min.
func duration(d time.Duration) string {
	switch {
	case d < 950*time.Millisecond:
		return fmt.Sprintf("%.1f s", max(d.Seconds(), 0.1))
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(math.Round(d.Seconds())))
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 100*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return "days"
	}
}

// percent returns how much of all is done, rounded down: 100 is all of it.
func percent(done, all int64) int {
	if all <= 0 || done >= all {
		return 100
	}
	return int(100 * max(0, float64(done)/float64(all)))
}

var errRate = errors.New("is no rate")

// rateUnits are what a rate may end with, in bytes. A single letter is a power of
// 1,024, as rsync(1) and curl(1) have it; bits are counted in thousands, as all
// who sell lines do.
var rateUnits = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
	{"kbit", 1e3 / 8}, {"mbit", 1e6 / 8}, {"gbit", 1e9 / 8}, // before those of which they are the end
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30},
	{"b", 1}, {"", 1},
}

// ParseRate reads a rate in bytes a second: 5M, 500K, 1.5MiB/s, 20Mbit/s.
func ParseRate(s string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "/s"), "ps")
	for _, u := range rateUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(v*u.bytes >= 1 && v*u.bytes < 1<<62) || strings.ContainsAny(digits, "xpe_in") {
			return 0, errRate
		}
		return int64(v * u.bytes), nil
	}
	return 0, errRate
}
