package mesh

import (
	"bytes"
	"maps"
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Who is in a browser cannot be dialed, and offers links itself, by way of those
// it knows. It hears of a newcomer when they tell it, a third of a second later;
// the newcomer hears of it at once, and would wait as long to hear where it may be
// dialed. So members tell who is in a browser, and a tunnel is opened to it at once.

// pageHints is what the two sides of a link tell each other of pages; empty where
// there are none.
type pageHints struct {
	pages     map[peer.Instance]bool // in a browser, by the other side's last word
	pagesTold []peer.Instance        // of whom it was told, sorted
	pagesDue  bool                   // these may be others by now

	// To an observer, which cannot be offered a link, their records are told as well.
	recordsTold map[peer.Instance]bool
	pageRecords map[peer.Instance]wire.Record // what it was told
}

// pageCameLocked has the others told of a page when its link comes up, and a new
// link of all pages.
func (n *Node) pageCameLocked(l *link) {
	for _, other := range n.links {
		switch {
		case other == l:
		case l.conn.Remote().Web:
			other.pagesDue = true
			other.wake.set()
		case other.conn.Remote().Web:
			l.pagesDue = true
		}
	}
}

// pageGoneLocked has observers told that the link of a page has ended.
func (n *Node) pageGoneLocked(l *link) {
	for _, other := range n.links {
		if l.conn.Remote().Web && other.quiet {
			other.pagesDue = true
			other.wake.set()
		}
	}
}

// appendPagesLocked tells the other side who is in a browser of those that we have
// a link to, if it was told otherwise before.
func (n *Node) appendPagesLocked(l *link, buf []byte) []byte {
	l.pagesDue = false
	if n.observer || l.tunnel != nil {
		return buf
	}
	var pages []peer.Instance
	for instance, other := range n.links {
		if other != l && other.conn.Remote().Web && other.direct() {
			pages = append(pages, instance)
		}
	}
	slices.SortStableFunc(pages, func(a, b peer.Instance) int { return bytes.Compare(a[:], b[:]) })
	pages = pages[:min(len(pages), wire.MaxPages)]
	if !slices.Equal(pages, l.pagesTold) {
		l.pagesTold = pages
		list := make([][8]byte, len(pages))
		for i, instance := range pages {
			list[i] = instance
		}
		buf = wire.AppendPages(buf, list)
	}
	if l.quiet {
		return n.appendPageRecordsLocked(l, buf)
	}
	return buf
}

// appendPageRecordsLocked tells an observer what pages say of themselves, as many
// as fit.
func (n *Node) appendPageRecordsLocked(l *link, buf []byte) []byte {
	for _, instance := range l.pagesTold {
		other := n.links[instance]
		if other == nil || other.m == nil || l.recordsTold[instance] {
			continue
		}
		record := n.archive.recordOf(other.m.peer.Member)
		if l.pagesDue = len(buf)+wire.FrameHeader+len(record) > batchSize; l.pagesDue {
			l.wake.set()
			break
		}
		if l.recordsTold == nil {
			l.recordsTold = make(map[peer.Instance]bool)
		}
		l.recordsTold[instance] = true
		if record != nil {
			buf = wire.AppendRecordFrame(buf, record)
		}
	}
	return buf
}

// pagesOf takes in who is in a browser by the other side's word.
func (n *Node) pagesOf(l *link, p []byte) error {
	list, err := wire.ParsePages(p)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) || l.tunnel != nil {
		return nil
	}
	l.pages = make(map[peer.Instance]bool, len(list))
	for _, instance := range list {
		l.pages[instance] = true
	}
	maps.DeleteFunc(l.pageRecords, func(instance peer.Instance, _ wire.Record) bool { return !l.pages[instance] })
	n.seekDue = earlier(n.seekDue, l.since)
	n.clockwork.set()
	return nil
}

// pageSightingsLocked returns the pages that an observer was told of, which nobody
// can dial.
func (n *Node) pageSightingsLocked() []Sighting {
	var out []Sighting
	for _, l := range n.links {
		for instance, r := range l.pageRecords {
			s := Sighting{Instance: instance.String(), Name: r.Name, Web: true, Via: n.reachedByLocked(instance.String())}
			if !slices.ContainsFunc(out, func(other Sighting) bool { return other.Instance == s.Instance }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// isPageLocked reports whether somebody says that an instance is in a browser.
func (n *Node) isPageLocked(instance peer.Instance) bool {
	for _, l := range n.links {
		if l.pages[instance] {
			return true
		}
	}
	return false
}
