//go:build !js

package discovery

import "time"

// silentFor is how long nobody else was heard when we no longer trust in our
// membership of the group. On a network with another node on it, one asks every
// 20 to 30 s. Tests have less patience.
var silentFor = time.Minute

// absentFor is how long we leave the group then. All programs of a machine do
// so in the same moment, or the system would not notice.
const absentFor = 200 * time.Millisecond

// membership is what becomes of ours of the group. A switch that watches
// memberships may have forgotten it, since nobody asks for them any more (RFC
// 4541 section 2.1.1): we hear nothing, and those who come do not see us. The
// system reports it again only if we leave the group and join it.
type membership struct {
	heardAt  time.Time // when somebody else was last heard
	rejoinAt time.Time // when to look again; zero: the link does not work
	absent   bool      // left, and not joined again
}

// heard notes that somebody else is.
func (m *membership) heard(now time.Time) {
	m.heardAt = now
	if m.rejoinAt.IsZero() {
		m.plan(now)
	}
}

// plan looks again at the next multiple of twice that time since 1970, so that
// all programs of this machine do in the same moment, whenever they started.
func (m *membership) plan(now time.Time) {
	period := 2 * silentFor
	m.rejoinAt = now.Add(period - time.Duration(now.UnixNano())%period)
}

// rejoin leaves the group, or joins it again, if nobody was heard for long.
// Then we begin anew: what was said meanwhile we have not heard.
func (s *station) rejoin(now time.Time, k *link) {
	if !k.absent && (now.Sub(k.heardAt) < silentFor || k.iface.Loopback) {
		k.plan(now)
		return
	}
	change := k.socket.leave
	if k.absent {
		change = k.socket.join
	}
	if err := change(); err != nil {
		s.failed(now, k, "join again", err)
		return
	}
	k.absent = !k.absent
	if k.absent {
		k.rejoinAt = now.Add(absentFor)
		return
	}
	k.plan(now)
	if s.self != nil {
		k.startAnnouncing(now)
	}
	k.startQuerying(now)
}
