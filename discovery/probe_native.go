//go:build !js

package discovery

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// probeFor is how long a probe listens: the answers to its question are
	// due within half a second (RFC 6762 section 6).
	probeFor = time.Second

	maxOthers = 64
)

// Report is what [Probe] found on one interface in one version of IP.
type Report struct {
	Interface Interface
	Family    string       // "IPv4" or "IPv6"
	Err       error        // why the group could not be joined or a packet not sent
	Heard     bool         // the packet we sent came back to us
	Others    []netip.Addr // who else was heard to speak multicast DNS, at most 64
}

// Probe finds out what multicast does on every used interface, in each version
// of IP it has an address of. It sends one question that every speaker of
// multicast DNS answers (RFC 6763 section 9) and listens for a second, or
// until ctx is done.
//
// A packet of ours that does not come back was not sent, or something on this
// machine, such as a firewall, keeps UDP port 5353 out. Nobody else heard, on
// a network where there must be others, speaks of a network that keeps
// multicast or its clients apart.
func Probe(ctx context.Context, names []string) ([]Report, error) {
	ifaces, err := Interfaces(names)
	if err != nil {
		return nil, err
	}
	var reports []Report
	for _, i := range ifaces {
		for _, f := range families {
			if i.speaks(f) {
				reports = append(reports, Report{Interface: i, Family: f.String()})
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	var probes sync.WaitGroup
	for n := range reports {
		probes.Go(func() { reports[n].probe(ctx, ifaces) })
	}
	probes.Wait()
	return reports, nil
}

func (r *Report) probe(ctx context.Context, ifaces []Interface) {
	f := ip4
	if r.Family == ip6.String() {
		f = ip6
	}
	socket, err := listenGroup(r.Interface, f)
	if err != nil {
		r.Err = err
		return
	}
	defer socket.Close()
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	defer stop()
	question, err := probeQuestion()
	if err == nil {
		err = socket.write(question, f.group(r.Interface))
	}
	r.Err = err
	r.listen(socket, question, ifaces)
}

// listen hears whoever speaks until the socket is closed.
func (r *Report) listen(socket socket, question []byte, ifaces []Interface) {
	buf := make([]byte, maxPacket+1)
	limit := newLimiter()
	for {
		n, from, err := socket.read(buf)
		if err != nil {
			return
		}
		if !limit.allow(time.Now(), from.Addr()) {
			continue
		}
		if bytes.Equal(buf[:n], question) {
			r.Heard = true
			continue
		}
		addr := from.Addr()
		if len(r.Others) < maxOthers && !isOwn(addr, ifaces) && !slices.Contains(r.Others, addr) {
			r.Others = append(r.Others, addr)
		}
	}
}

func isOwn(addr netip.Addr, ifaces []Interface) bool {
	return slices.ContainsFunc(ifaces, func(i Interface) bool { return slices.Contains(i.Addrs, addr) })
}

// probeQuestion asks for the types of service there are. Its ID, which others
// ignore, tells our packet from that of a second probe on this machine.
func probeQuestion() ([]byte, error) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: uint16(rand.N(1 << 16))})
	name, err := dnsmessage.NewName(typesName)
	err = errors.Join(err, b.StartQuestions(),
		b.Question(dnsmessage.Question{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}))
	if err != nil {
		return nil, err
	}
	return b.Finish()
}
