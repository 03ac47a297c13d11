//go:build linux

package hostile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"

	"github.com/lanyap/lanyap/peer"
)

// double announces As at At, an address of its own, and answers there as if it were
// that one: nothing comes of what it answers. It counts "announced", "asked" and
// "offered".
func double(ctx context.Context, o Order, n *Tally) error {
	sdp, err := anySDP()
	if err != nil {
		return err
	}
	h := answerAs(o.As, strings.Replace(sdp, "a=setup:actpass", "a=setup:active", 1), n)
	return answering(ctx, o.At, h, func() error { return instances(ctx, o, n) })
}

// answering serves HTTP at an address while run runs.
func answering(ctx context.Context, at netip.AddrPort, h http.Handler, run func() error) error {
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() { _ = server.Serve(l) }()
	return run()
}

// answerAs answers questions and offers as an instance does.
func answerAs(instance, sdp string, n *Tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sayWho(w.Header(), instance)
		if r.Method == http.MethodGet {
			n.Add("asked")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		n.Add("offered")
		w.Header().Set("Content-Type", "application/sdp")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, sdp)
	})
}

// sayWho sets the headers by which a node says who it is.
func sayWho(h http.Header, instance string) {
	h.Set("Lanyap-Version", "1")
	h.Set("Lanyap-Instance", instance)
	h.Set("Lanyap-Room", peer.RoomTag(peer.DefaultRoom))
	h.Set("Lanyap-Port", "7475")
}

// isFull reports whether the kernel had no room for a packet.
func isFull(err error) bool { return errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.EAGAIN) }
