//go:build linux

package hosts

import (
	"fmt"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// What is cut in the middle is of this size, and moves slowly enough for that.
const (
	cutSize = 64 << 20
	cutRate = "16M"

	// underWayMost is what may be on its way when it is cut, and be sent again:
	// it does not depend on the size. It is less than 1 % of a GiB.
	underWayMost = 4 << 20
)

// underWay waits until a part of what moves has been verified.
func underWay(t testing.TB, l *lab.Lab, p *lab.Process, percent int) {
	t.Helper()
	l.Await(patience, fmt.Sprintf("%d %% have moved", percent), func() bool {
		at := last(p, "progress")
		return at.Size > 0 && at.Done*100 >= at.Size*int64(percent)
	})
	if p.Ended() {
		t.Fatal("it had moved before it was cut")
	}
}

// again returns how many bytes went over the wire beyond those that had to.
func again(from *lab.Process, size int) int {
	return int(last(from, "completed").Sent) - size
}

// TestSendOverCutCable pulls the cable in the middle and puts it back when both
// sides have noticed. It goes on from there, and ends as if nothing had been.
func TestSendOverCutCable(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(l *lab.Lab, from, to *lab.Process){
		"for a moment": func(l *lab.Lab, from, _ *lab.Process) {
			done := last(from, "progress").Done
			l.Until(tolerance/5, func() bool { return last(from, "progress").Done > done+cutSize/10 })
		},
		"until both wait": func(l *lab.Lab, from, to *lab.Process) {
			l.Await(4*patience, "both wait", func() bool {
				return last(from, "progress").Phase == "waiting" && last(to, "progress").Phase == "waiting"
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, a, b := pair(t)
			path := file(t, a, "film", cutSize)
			to := receive(t, l, b)
			from := send(t, a, path, "--to", b.Name, "--limit", cutRate)
			underWay(t, l, to, 50) // later it might be over before the cable is out
			b.Unplug()
			cut(l, from, to)
			b.Plug()
			arrives(t, from, to, path)
			if n := again(from, cutSize); n > underWayMost {
				t.Errorf("%d bytes were sent again, want at most %d", n, underWayMost)
			}
		})
	}
}

// TestSendReceiverKilled has who receives killed and started again while the
// sender waits.
func TestSendReceiverKilled(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := file(t, a, "film", cutSize)
	to := receive(t, l, b)
	from := send(t, a, path, "--to", b.Name, "--limit", cutRate)
	underWay(t, l, to, 50)
	to.Kill()
	exits(t, to, patience, -1)
	to = receive(t, l, b)
	arrives(t, from, to, path)
	goesOn(t, to, 50)
}

// TestSendSenderKilled has who sends killed and started again while the receiver
// waits.
func TestSendSenderKilled(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := file(t, a, "film", cutSize)
	to := receive(t, l, b)
	from := send(t, a, path, "--to", b.Name, "--limit", cutRate)
	underWay(t, l, to, 50)
	from.Kill()
	exits(t, from, patience, -1)
	from = send(t, a, path, "--to", b.Name)
	arrives(t, from, to, path)
	if got := last(from, "completed").Sent; got > cutSize/2+underWayMost {
		t.Errorf("sent %d of %d bytes, half of which were there", got, cutSize)
	}
}

// TestSendBothKilled has nobody left who remembers anything but by the disk.
func TestSendBothKilled(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := file(t, a, "film", cutSize)
	to := receive(t, l, b)
	from := send(t, a, path, "--to", b.Name, "--limit", cutRate)
	underWay(t, l, to, 50)
	from.Kill()
	to.Kill()
	exits(t, from, patience, -1)
	exits(t, to, patience, -1)
	to = receive(t, l, b)
	from = send(t, a, path)
	arrives(t, from, to, path)
	goesOn(t, to, 50)
}

// goesOn checks that this part of a transfer was there when it went on, but for
// what was verified and not noted yet when the program was killed.
func goesOn(t testing.TB, to *lab.Process, percent int64) {
	t.Helper()
	got := last(to, "completed")
	if skipped, _ := got.Skipped.(float64); int64(skipped) < got.Size*percent/100-underWayMost {
		t.Errorf("went on with %.0f of %d bytes, %d %% of which were there", skipped, got.Size, percent)
	}
}

// TestSendReceiverVanished waits for somebody who vanished, for so long.
func TestSendReceiverVanished(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	to := receive(t, l, b)
	from := send(t, a, file(t, a, "film", cutSize), "--to", b.Name, "--limit", cutRate, "--timeout", "2s")
	underWay(t, l, to, 20)
	to.Kill()
	exits(t, from, patience, 6)
	hinted(t, from)
	if got := last(from, "failed").Reason; got != "vanished" {
		t.Errorf("failed for the reason %q, want vanished", got)
	}
	if entries := visible(t, b); len(entries) > 0 {
		t.Errorf("%q look as if they were whole", entries)
	}
}
