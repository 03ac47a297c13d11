package transfer

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1,023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 10 << 10: "10 KiB", 1<<20 - 1: "1.0 MiB",
		1 << 30: "1.0 GiB", 1234567890: "1.1 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0.1 s", 440 * time.Millisecond: "0.4 s", 960 * time.Millisecond: "1 s", 59 * time.Second: "59 s",
		200 * time.Second: "3 min 20 s", 125 * time.Minute: "2 h 5 min", 1000 * time.Hour: "days",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
	for _, tt := range []struct {
		done, all int64
		want      int
	}{{0, 0, 100}, {0, 10, 0}, {999, 1000, 99}, {1000, 1000, 100}, {-1, 10, 0}, {1<<63 - 2, 1<<63 - 1, 100}} {
		if got := percent(tt.done, tt.all); got != tt.want {
			t.Errorf("percent(%d, %d) = %d, want %d", tt.done, tt.all, got, tt.want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for s, want := range map[string]int64{
		"5M": 5 << 20, "500K": 500 << 10, "500k": 500 << 10, "1.5MiB/s": 3 << 19, "20Mbit/s": 2500000, "20mbps": 20e6, "8 kbit": 1000,
		"1GB": 1e9, "100": 100, "100B/s": 100, "2g": 2 << 30,
	} {
		if got, err := ParseRate(s); got != want || err != nil {
			t.Errorf("ParseRate(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "M", "-5M", "0", "0.5", "5X", "5MM", "inf", "NaN", "1e30G", "0x10", "1e3", "9999999999G", "5 M B"} {
		if got, err := ParseRate(s); err == nil {
			t.Errorf("ParseRate(%q) = %d", s, got)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"5M", "20Mbit/s", "", "-1", "1e9", "0.1k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := ParseRate(s); err == nil && got < 1 {
			t.Errorf("ParseRate(%q) = %d", s, got)
		}
	})
}

func TestMeter(t *testing.T) {
	now := time.Unix(0, 0)
	var m meter
	m.add(now, 1<<40) // was there already
	if m.rate() != 0 || m.left(100) != 0 {
		t.Error("says something of one sample")
	}
	feed := func(seconds int, perSecond int64) {
		for range 4 * seconds {
			now = now.Add(time.Second / 4)
			m.add(now, m.samples[len(m.samples)-1].done+perSecond/4)
		}
	}
	feed(20, 100<<20)
	if got := m.rate(); got != 100<<20 {
		t.Errorf("rate %f", got)
	}
	if got := m.left(1 << 30); got.Round(time.Millisecond) != 10240*time.Millisecond {
		t.Errorf("left %v", got)
	}
	feed(6, 0) // the cable is pulled
	if m.rate() != 0 || m.left(1) != 0 {
		t.Errorf("after 6 s of nothing %f, %v", m.rate(), m.left(1))
	}
	feed(6, 4)
	if got := m.left(1 << 62); got != mostLeft {
		t.Errorf("left %v, want no more than %v", got, mostLeft)
	}
	if len(m.samples) > 25 {
		t.Errorf("%d samples are kept", len(m.samples))
	}
	m.add(now.Add(time.Second), 5)
	if got := m.rate(); got != 0 {
		t.Errorf("started anew: rate %f", got)
	}
}
