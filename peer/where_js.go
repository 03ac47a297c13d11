package peer

import (
	"context"
	"net/netip"
	"syscall/js"
	"time"
)

// statsTimeout bounds how long we wait for the browser's statistics.
const statsTimeout = time.Second

// whereIs returns where the other side answers, or zero if it does nowhere or the
// browser does not tell: the address that the browser found it at, with the port
// that hello says it listens on.
func (ss *session) whereIs(remote Hello) netip.AddrPort {
	if ss.host.IsValid() {
		return ss.host
	}
	found := ss.remoteCandidate()
	if !found.IsValid() {
		return found
	}
	if remote.Web {
		return netip.AddrPortFrom(found.Addr(), 0)
	}
	return answersAt(found, remote.Addrs)
}

// remoteCandidate returns the address that the link goes to, as far as the browser
// says.
func (ss *session) remoteCandidate() netip.AddrPort {
	ctx, cancel := context.WithTimeout(ss.ended, statsTimeout)
	defer cancel()
	report, err := await(ctx, ss.pc.Call("getStats"))
	if err != nil {
		return netip.AddrPort{}
	}
	var found netip.AddrPort
	visit, forget := callback(func(entry js.Value) {
		if entry.Get("type").String() != "candidate-pair" || entry.Get("state").String() != "succeeded" || !entry.Get("nominated").Truthy() {
			return
		}
		remote := report.Call("get", entry.Get("remoteCandidateId"))
		if !remote.Truthy() {
			return
		}
		if addr, err := netip.ParseAddr(text(remote.Get("address"))); err == nil {
			found = netip.AddrPortFrom(addr.Unmap(), uint16(remote.Get("port").Int()))
		}
	})
	defer forget()
	report.Call("forEach", visit)
	return found
}

// text is a string, or empty for anything else.
func text(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}
