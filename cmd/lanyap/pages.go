package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/keeper"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/web"
	"github.com/lanyap/lanyap/mesh"
)

// pageFlags are those of commands that serve a page to browsers.
type pageFlags struct {
	noPage bool
}

func (p *pageFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&p.noPage, "no-page", false, "serve no page by which browsers join")
}

// pages is what a node does for browsers; nil: nothing.
type pages struct {
	node   *mesh.Node
	keeper *keeper.Keeper
}

// servePage has a node serve the page, unless it must not, or cannot: it does not
// listen on a port of its own.
func (a *app) servePage(node *mesh.Node, in networkFlags, flags pageFlags) (*pages, error) {
	if flags.noPage {
		return nil, nil
	}
	logger, err := a.logger()
	if err != nil {
		return nil, err
	}
	k, err := keeper.Open(keeper.Config{Node: node, Sealed: in.private(), Logger: logger})
	if err != nil {
		return nil, err
	}
	err = a.handle(node, web.New(web.Config{Room: in.room, Private: in.private(), Self: node.Self(), Version: func() string { return readBuild().Version }, Files: k}))
	p := &pages{node, k}
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		p.close()
		return nil, nil
	case err != nil:
		p.close()
		return nil, err
	}
	return p, nil
}

// closePagesLimit is how long the end of what is done for browsers may keep a program
// from saying goodbye: a transfer with somebody who is cut off takes longer to end.
const closePagesLimit = 500 * time.Millisecond

// close ends what is done for browsers. The node is still there: they are told.
func (p *pages) close() {
	if p == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = p.keeper.Close() // what is left on disk goes at the next start
	}()
	select {
	case <-closed:
	case <-time.After(closePagesLimit):
	}
}

// leaving is a node that ends what it does for browsers before it leaves.
type leaving struct {
	*mesh.Node
	pages *pages
}

func (l leaving) Leave(ctx context.Context) error {
	l.pages.close()
	return l.Node.Leave(ctx)
}

// chatting is the same for a chat.
type chatting struct {
	chat.Node
	pages *pages
}

func (c chatting) Leave(ctx context.Context) error {
	c.pages.close()
	return c.Node.Leave(ctx)
}

// urls returns where the page is now; the first is the best guess for somebody on
// the same network. None: nowhere.
func (p *pages) urls() []string {
	if p == nil {
		return nil
	}
	var list []string
	for _, addr := range pageAddrs(p.node.Addrs(), routed()) {
		list = append(list, "http://"+addr.String()+"/")
	}
	return list
}

// drawQR draws the code of an address on standard error, if that is a terminal wide
// enough.
func (a *app) drawQR(url string) string {
	if !a.isTerminal(a.stderr) {
		return ""
	}
	width, color := a.canvas(a.stderr)
	code, _ := qr.Draw(url, width, color)
	return code
}

// usualWidth is that of what is no terminal, or does not say.
const usualWidth = 80

// canvas returns how many columns there are to draw on, and whether in colour.
func (a *app) canvas(out io.Writer) (width int, color bool) {
	file, ok := fileOf(out)
	if !ok || !a.isTerminal(out) {
		return usualWidth, false
	}
	noColor, _ := a.env("NO_COLOR")
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width == 0 {
		width = usualWidth
	}
	return width, noColor == ""
}

// pageAddrs returns those of a node's addresses at which a browser can open the
// page, those first from which it can reach most. A link-local address of IPv6 has a
// zone, which no browser takes. Of addresses that are equally good the preferred
// one is the first.
func pageAddrs(addrs []netip.AddrPort, preferred netip.Addr) []netip.AddrPort {
	list := slices.DeleteFunc(slices.Clone(addrs), func(a netip.AddrPort) bool {
		ip := a.Addr()
		return ip.Is6() && ip.IsLinkLocalUnicast()
	})
	if slices.ContainsFunc(list, func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() }) {
		list = slices.DeleteFunc(list, func(a netip.AddrPort) bool { return a.Addr().IsLoopback() })
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(pageRank(a.Addr()), pageRank(b.Addr())), chosen(b, preferred)-chosen(a, preferred))
	})
	return list
}

func chosen(a netip.AddrPort, preferred netip.Addr) int {
	if a.Addr() == preferred {
		return 1
	}
	return 0
}

// pageRank orders addresses. A page that comes from a public one, as every global
// address of IPv6 is, may be kept by the browser from talking to a private one
// (Local Network Access).
func pageRank(ip netip.Addr) int {
	switch {
	case ip.Is4() && !isPublic(ip):
		return 0
	case !isPublic(ip):
		return 1
	case ip.Is4():
		return 2
	}
	return 3
}

// carrierGrade is what providers share among their customers, and overlay networks
// use (RFC 6598).
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

func isPublic(ip netip.Addr) bool {
	return !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !ip.IsLoopback() && !carrierGrade.Contains(ip)
}

// routed returns the address of this machine from which packets go out for elsewhere;
// invalid if there is none. Nothing is sent: it is the kernel that is asked.
func routed() netip.Addr {
	conn, err := net.Dial("udp4", "192.0.2.1:9") // of no network (RFC 5737)
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().Unmap()
}
