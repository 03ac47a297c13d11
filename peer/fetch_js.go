package peer

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"syscall/js"
)

// A page may talk to the node that served it, by HTTP, and to no other: its origin
// is the address and the port of that node.

// host returns where the node answers that served the page. It is invalid if it was
// not served by an address, or by localhost, which is the loopback's.
func host() netip.AddrPort {
	location := js.Global().Get("location")
	if location.IsUndefined() { // not in a page
		return netip.AddrPort{}
	}
	at, _ := parseHost(location.Get("host").String())
	return at
}

// parseHost reads the host of a URL, of which HTTP's port is left out.
func parseHost(host string) (netip.AddrPort, bool) {
	if rest, ok := strings.CutPrefix(host, "localhost"); ok && (rest == "" || rest[0] == ':') {
		host = loopback.String() + rest
	}
	if at, err := netip.ParseAddrPort(host); err == nil {
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return netip.AddrPortFrom(addr.Unmap(), 80), err == nil
}

// header is what we say of ourselves on every request.
func (t *Transport) header() map[string]any {
	h := map[string]any{
		headerVersion:  protocolVersion,
		headerInstance: t.self.Instance.String(),
		headerRoom:     t.tag,
		headerPort:     noPort,
	}
	if t.self.Observer {
		h[headerObserver] = "1"
	}
	return h
}

// fetch sends a request to the node that served the page and reads what it answers;
// ctx ends both.
func (t *Transport) fetch(ctx context.Context, method string, header map[string]any, body string) (reply, error) {
	abort := js.Global().Get("AbortController").New()
	defer context.AfterFunc(ctx, func() { abort.Call("abort") })()
	options := map[string]any{
		"method": method, "headers": header, "signal": abort.Get("signal"),
		"cache": "no-store", "credentials": "omit", "redirect": "error", "referrerPolicy": "no-referrer",
	}
	if body != "" {
		options["body"] = body
	}
	resp, err := await(ctx, js.Global().Call("fetch", offerPath, options))
	switch {
	case ctx.Err() != nil:
		return reply{}, context.Cause(ctx)
	case err != nil:
		return reply{}, ErrRefused // or else the network is gone: browsers do not say
	}
	said := func(name string) string { return text(resp.Get("headers").Call("get", name)) }
	// A node of ours is not believed blindly: what else answers there may send much.
	if n, err := strconv.Atoi(said("Content-Length")); err != nil && said("Content-Length") != "" || n > maxDescription {
		abort.Call("abort")
		return reply{}, errLongReply
	}
	content, err := await(ctx, resp.Call("arrayBuffer"))
	if err != nil {
		return reply{}, cmpErr(ctx, err)
	}
	if content.Get("byteLength").Int() > maxDescription {
		return reply{}, errLongReply
	}
	sent, _ := contents(content)
	if you, err := netip.ParseAddr(said(headerYou)); err == nil {
		t.seenAt(you.Unmap())
	}
	in, _ := ParseInstance(said(headerInstance))
	media, _, _ := strings.Cut(said("Content-Type"), ";")
	return reply{
		status:   resp.Get("status").Int(),
		instance: in,
		room:     said(headerRoom),
		version:  said(headerVersion),
		media:    strings.ToLower(strings.TrimSpace(media)),
		observer: said(headerObserver) != "",
		body:     sent,
	}, nil
}
