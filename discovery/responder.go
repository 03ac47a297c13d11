package discovery

import (
	"io"
	"log"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/miekg/dns"
)

const (
	// ticketFor is how long an answer may wait for hashicorp's server to read
	// its copy of the question, and ticketWait is how long that waits for us
	// to read ours.
	ticketFor  = 200 * time.Millisecond
	ticketWait = 100 * time.Millisecond

	// maxTickets are out at once; a question beyond them is asked again.
	maxTickets = 128
)

// quiet is hashicorp's logger: three lines for every packet somebody spoils.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// responder is hashicorp's server, for those who want an answer by unicast.
// It sits on the wildcard address and would answer anybody from anywhere, but
// tells its zone neither who asks nor where. So every answer needs a ticket,
// which we issue on hearing the same question from the link.
type responder struct {
	servers []*mdns.Server
	tickets chan ticket
}

// ticket is a permission to answer once.
type ticket struct {
	at      time.Time
	records []dns.RR
}

// newResponder starts the server; nil when there is none to be had. On Linux
// one hears what all sockets of this machine have joined, and two would both
// answer.
func newResponder(ifaces []Interface) *responder {
	r := &responder{tickets: make(chan ticket, maxTickets)}
	for _, i := range ifaces {
		if runtime.GOOS == "linux" && i.Index != roomiest(ifaces) {
			continue
		}
		server, err := mdns.NewServer(&mdns.Config{
			Zone:   r,
			Iface:  &net.Interface{Index: i.Index, Name: i.Name},
			Logger: quiet(),
		})
		if err == nil {
			r.servers = append(r.servers, server)
		}
	}
	if len(r.servers) == 0 {
		return nil
	}
	return r
}

// roomiest returns the index of the first interface with both families, or
// else of the first: the server serves the families of one interface.
func roomiest(ifaces []Interface) int {
	for _, i := range ifaces {
		if i.has(ip4) && i.has(ip6) {
			return i.Index
		}
	}
	return ifaces[0].Index
}

// Close stops the servers. Their goroutines end by themselves right after.
func (r *responder) Close() {
	for _, s := range r.servers {
		_ = s.Shutdown() // always nil
	}
}

// admit issues a ticket for an answer.
func (r *responder) admit(now time.Time, answer response) {
	b, err := answer.pack()
	if err != nil {
		return
	}
	// The server wants records of another package: it gets those of the
	// packet we would have sent.
	var m dns.Msg
	if err := m.Unpack(b); err != nil {
		return
	}
	select {
	case r.tickets <- ticket{now, append(m.Answer, m.Extra...)}:
	default:
	}
}

// isOurs reports whether a question with that name can be about us at all.
func isOurs(name string) bool {
	instance, _ := instanceOf(name)
	return instance != "" || strings.EqualFold(name, serviceName) || strings.EqualFold(name, typesName)
}

// Records implements mdns.Zone.
func (r *responder) Records(q dns.Question) []dns.RR {
	if q.Qclass&topBit == 0 || !isOurs(q.Name) {
		return nil
	}
	timeout := time.NewTimer(ticketWait)
	defer timeout.Stop()
	for {
		select {
		case t := <-r.tickets:
			if time.Since(t.at) < ticketFor {
				return t.records
			}
		case <-timeout.C:
			return nil
		}
	}
}
