//go:build !js

package peer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// client is one TCP connection to a node's port, for requests one after the
// other; the last of them may leave it open as a watch.
type client struct {
	net.Conn
	limit  *io.LimitedReader // below r: what is left of the bytes one response may have
	r      *bufio.Reader
	local  netip.Addr
	remote netip.AddrPort
}

func newClient(conn net.Conn) *client {
	limit := &io.LimitedReader{R: conn}
	return &client{
		Conn:   conn,
		limit:  limit,
		r:      bufio.NewReaderSize(limit, 2<<10),
		local:  plain(conn.LocalAddr()).Addr(),
		remote: plain(conn.RemoteAddr()),
	}
}

// plain returns an IPv4 address as such, whatever socket it came through.
func plain(addr net.Addr) netip.AddrPort {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// do sends one request and reads its response; ctx ends both.
func (s *client) do(ctx context.Context, method, path string, header http.Header, body string) (reply, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.SetDeadline(time.Now()) })
	defer stop()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+hostOf(s.remote)+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header = header
	if err := req.Write(s); err != nil {
		return reply{}, cmpErr(ctx, err)
	}
	s.limit.N = maxReply
	r, err := readReply(s.r, req)
	if err != nil && s.limit.N <= 0 {
		return reply{}, errLongReply
	}
	if err != nil {
		return reply{}, cmpErr(ctx, err)
	}
	return r, nil
}

// readReply reads the response to req from r, which ends at maxReply.
func readReply(r *bufio.Reader, req *http.Request) (reply, error) {
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDescription+1))
	if err != nil {
		return reply{}, err
	}
	if len(body) > maxDescription {
		return reply{}, errLongReply
	}
	in, _ := ParseInstance(resp.Header.Get(headerInstance))
	return reply{
		status:   resp.StatusCode,
		instance: in,
		room:     resp.Header.Get(headerRoom),
		version:  resp.Header.Get(headerVersion),
		media:    mediaType(resp.Header),
		observer: resp.Header.Get(headerObserver) != "",
		body:     body,
	}, nil
}

// mediaType is the type that a header gives its body, without parameters.
func mediaType(h http.Header) string {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media
}

// hostOf writes an address for a Host header, which has no zones (RFC 6874 is
// for people's browsers, not for the wire).
func hostOf(addr netip.AddrPort) string {
	return netip.AddrPortFrom(addr.Addr().WithZone(""), addr.Port()).String()
}

// header is what we say of ourselves on every request and response.
func (t *Transport) header() http.Header {
	h := http.Header{
		headerVersion:  {protocolVersion},
		headerInstance: {t.self.Instance.String()},
		headerRoom:     {t.tag},
		headerPort:     {strconv.Itoa(int(t.sockets.port))},
	}
	if t.self.Observer {
		h.Set(headerObserver, "1")
	}
	return h
}

// ask finds out who answers at the other end.
func (t *Transport) ask(ctx context.Context, s *client) (Instance, error) {
	r, err := s.do(ctx, http.MethodGet, offerPath, t.header(), "")
	switch {
	case err != nil:
		return Instance{}, err
	case r.status != http.StatusNoContent || r.version != protocolVersion:
		return Instance{}, t.refusal(r)
	case r.instance == t.self.Instance:
		return Instance{}, ErrSelf
	case r.room != t.tag:
		return Instance{}, ErrRoom
	case r.instance.IsZero():
		return Instance{}, errors.New("answered without an instance")
	}
	return r.instance, nil
}
