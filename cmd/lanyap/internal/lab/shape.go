//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
)

// Shape lets no more than so many Mbit a second over the host's cable, in each
// direction. What does not fit waits up to 50 ms at the end that sends it.
func (h *Host) Shape(mbit int) {
	h.lab.t.Helper()
	for _, end := range []struct {
		ns  namespace
		nic string
	}{{h.ns, h.nic}, {h.sw.ns, h.port}} {
		_, err := h.lab.thread.run(end.ns, "", "tc", "qdisc", "replace", "dev", end.nic, "root",
			"tbf", "rate", fmt.Sprintf("%dmbit", mbit), "burst", "128kb", "latency", "50ms")
		h.lab.must(err)
	}
}

// Traffic returns how many bytes the host has sent and received over its cable,
// with all headers.
func (h *Host) Traffic() (sent, received int64) {
	h.lab.t.Helper()
	out, err := h.lab.thread.run(h.ns, "", "ip", "-s", "-j", "link", "show", "dev", h.nic)
	h.lab.must(err)
	var links []struct {
		Stats64 struct {
			Rx, Tx struct{ Bytes int64 }
		}
	}
	h.lab.must(json.Unmarshal(out, &links))
	return links[0].Stats64.Tx.Bytes, links[0].Stats64.Rx.Bytes
}
