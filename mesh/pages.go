package mesh

import (
	"bytes"
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Who is in a browser cannot be dialed, and offers links itself, by way of those
// it knows. It hears of a newcomer when they tell it, a third of a second later;
// the newcomer hears of it at once, and would wait as long to hear where it may be
// dialed. So members tell who is in a browser, and a tunnel is opened to it at once.

// pageHints is what the two sides of a link tell each other of pages.
type pageHints struct {
	pages     map[peer.Instance]bool // in a browser, by the other side's word
	pagesTold map[peer.Instance]bool // of whom it was told
	pagesDue  bool                   // there may be one that it was not told of
}

func newPageHints() pageHints {
	return pageHints{pages: make(map[peer.Instance]bool), pagesTold: make(map[peer.Instance]bool)}
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

// appendPagesLocked tells the other side who is in a browser of those that we have
// a link to.
func (n *Node) appendPagesLocked(l *link, buf []byte) []byte {
	l.pagesDue = false
	if n.observer || l.tunnel != nil {
		return buf
	}
	var pages [][8]byte
	for instance, other := range n.links {
		if other == l || !other.conn.Remote().Web || !other.direct() || l.pagesTold[instance] {
			continue
		}
		if l.pagesDue = len(pages) == wire.MaxPages; l.pagesDue {
			break
		}
		l.pagesTold[instance] = true
		pages = append(pages, instance)
	}
	if len(pages) == 0 {
		return buf
	}
	slices.SortFunc(pages, func(a, b [8]byte) int { return bytes.Compare(a[:], b[:]) })
	return wire.AppendPages(buf, pages)
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
	for _, instance := range list {
		if len(l.pages) < wire.MaxRoutes {
			l.pages[instance] = true
		}
	}
	n.seekDue = earlier(n.seekDue, l.since)
	n.clockwork.set()
	return nil
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
