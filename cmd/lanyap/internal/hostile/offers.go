//go:build linux

package hostile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer"
)

// offerers is how many offers are under way at once.
const offerers = 16

// offers posts offers of links to At, which is Instance, in the name of As, and takes
// each back after Hold. It counts "offers", and of each the status that it is answered
// with, or "failed".
func offers(ctx context.Context, o Order, n *Tally) error {
	request, err := offerRequest(o.Instance)
	if err != nil {
		return err
	}
	next := o.pace(ctx)
	return o.crowd(offerers, func(d *net.Dialer) {
		for next() {
			n.Add("offers")
			n.Add(offer(ctx, d, o, fmt.Sprintf(request, o.name())))
		}
	})
}

// offer makes one, and returns what came of it.
func offer(ctx context.Context, d *net.Dialer, o Order, request string) string {
	conn, err := d.DialContext(ctx, "tcp", o.At.String())
	if err != nil {
		time.Sleep(10 * time.Millisecond) // out of ports, or refused
		return "failed"
	}
	status, err := post(conn, request)
	if err != nil {
		_ = conn.Close()
		return "failed"
	}
	if o.Hold > 0 && status == http.StatusCreated {
		time.AfterFunc(o.Hold, func() { _ = conn.Close() })
		return strconv.Itoa(status)
	}
	_ = conn.(*net.TCPConn).SetLinger(0) // so that the port can be had again
	_ = conn.Close()
	return strconv.Itoa(status)
}

// post sends a request and returns the status of its response.
func post(conn net.Conn, request string) (int, error) {
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, nil
}

// offerRequest is an offer that is in order; %s is for whom it comes from.
func offerRequest(instance string) (string, error) {
	sdp, err := anySDP()
	if err != nil {
		return "", err
	}
	return offerHead(instance, "%s", len(sdp)) + strings.ReplaceAll(sdp, "%", "%%"), nil
}

// offerHead is what comes before so many bytes of SDP.
func offerHead(instance, from string, size int) string {
	return fmt.Sprintf("POST /v1/offer HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n"+
		"Lanyap-Version: 1\r\nLanyap-Room: %s\r\nLanyap-For: %s\r\nLanyap-Port: 7475\r\nLanyap-Instance: %s\r\n\r\n",
		size, peer.RoomTag(peer.DefaultRoom), instance, from)
}

// anySDP is an offer that is in order.
func anySDP() (string, error) {
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings())).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	defer pc.Close()
	if _, err := pc.CreateDataChannel("x", nil); err != nil {
		return "", err
	}
	offer, err := pc.CreateOffer(nil)
	return offer.SDP, err
}
