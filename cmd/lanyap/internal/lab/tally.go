//go:build linux

package lab

import "bytes"

// worthReading is for Tally. The type of an event is among its first keys.
func (p *Process) worthReading(line []byte) bool {
	head := line[:min(len(line), 64)]
	if bytes.Contains(head, []byte(`"type":"message"`)) {
		p.outMu.Lock()
		defer p.outMu.Unlock()
		p.counted++
		return false
	}
	for _, kind := range []string{`"ready"`, `"joined"`, `"left"`} {
		if bytes.Contains(head, []byte(kind)) {
			return true
		}
	}
	return false
}

// Counted returns how many messages the program showed, with Tally.
func (p *Process) Counted() int {
	p.outMu.Lock()
	defer p.outMu.Unlock()
	return p.counted
}
