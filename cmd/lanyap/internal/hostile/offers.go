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
// with, or "failed"; and "refused", when there was no connection for one.
func offers(ctx context.Context, o Order, n *Tally) error {
	request, err := offerRequest(o.Instance)
	if err != nil {
		return err
	}
	return o.crowd(ctx, n, offerers, func(conn net.Conn, _ int) {
		n.Add("offers")
		n.Add(offer(conn, o.Hold, fmt.Sprintf(request, o.name())))
	})
}

// offer makes one, and returns what came of it.
func offer(conn net.Conn, hold time.Duration, request string) string {
	status, err := post(conn, request)
	if err != nil {
		_ = conn.Close()
		return "failed"
	}
	if hold > 0 && status == http.StatusCreated {
		time.AfterFunc(hold, func() { _ = conn.Close() })
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

// exchange posts an offer in somebody's name, from a port of UDP, and returns the answer,
// with the connection that has to stay for the link to live.
func (o Order) exchange(ctx context.Context, as, sdp string, port int) (answer string, _ net.Conn, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.At.String())
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	head := strings.Replace(offerHead(o.Instance, as, len(sdp)), "Port: 7475", fmt.Sprintf("Port: %d", port), 1)
	if _, err := io.WriteString(conn, head+sdp); err != nil {
		return "", nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", nil, err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", nil, fmt.Errorf("hostile: the offer was answered with %s", resp.Status)
	}
	text, err := io.ReadAll(resp.Body)
	_ = conn.SetDeadline(time.Time{})
	return string(text), conn, err
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
