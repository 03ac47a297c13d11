//go:build !js

package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The offer is exchanged as WHIP does it (RFC 9725): POST it, get the answer.
// What is no part of a description travels in headers, on every request and
// every response.
const (
	offerPath = "/v1/offer"
	watchPath = "/v1/watch"
	sdpType   = "application/sdp"

	headerVersion  = "Lanyap-Version"  // of the protocol: 1
	headerInstance = "Lanyap-Instance" // the sender's
	headerRoom     = "Lanyap-Room"     // room tag
	headerPort     = "Lanyap-Port"     // where the sender answers, TCP and UDP; 0: nowhere, it is a page
	headerObserver = "Lanyap-Observer" // 1: the sender only looks, see Hello
	headerFor      = "Lanyap-For"      // the instance meant; another answers 421
	headerProof    = "Lanyap-Proof"    // see proof: to replace the link or reopen its watch
	headerYou      = "Lanyap-You"      // on answers to a page: the address that it is seen at
)

const (
	protocolVersion = "1"
	noPort          = "0" // a page's
)

// maxReply bounds a whole response, in bytes: whoever is dialed is a stranger,
// and anybody can be dialed.
const maxReply = maxHeader + maxDescription

var (
	errLongReply = fmt.Errorf("answered with more than %d bytes", maxReply)
	errNoNode    = errors.New("something else answers there")
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

// reply is what a node answered.
type reply struct {
	status   int
	instance Instance // zero if it named none
	room     string
	version  string // empty if no node of ours answered
	media    string // type of body
	observer bool
	body     []byte // at most maxDescription
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

// cmpErr prefers why the context ended over what that did to the connection.
func cmpErr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// hostOf writes an address for a Host header, which has no zones (RFC 6874 is
// for people's browsers, not for the wire).
func hostOf(addr netip.AddrPort) string {
	return netip.AddrPortFrom(addr.Addr().WithZone(""), addr.Port()).String()
}

// refusal turns a reply that is not what was asked for into an error. Only who
// speaks our protocol is believed: any web server says 404 and 409.
func (t *Transport) refusal(r reply) error {
	switch {
	case r.version == "":
		return errNoNode
	case r.version != protocolVersion:
		return ErrVersion
	case r.instance == t.self.Instance:
		return ErrSelf
	case r.status == http.StatusNotFound:
		return ErrRoom
	case r.status == http.StatusMisdirectedRequest:
		return ErrInstance
	case r.status == http.StatusConflict:
		return ErrLinked
	case r.status == http.StatusServiceUnavailable:
		return ErrFull
	}
	return fmt.Errorf("answered %s", strconv.Itoa(r.status)+" "+http.StatusText(r.status))
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
