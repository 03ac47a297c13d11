package discovery

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

func startResponder(t *testing.T) *responder {
	t.Helper()
	r := newResponder()
	if r == nil {
		t.Skip("no server of hashicorp's here: the port is another program's, or there is no loopback")
	}
	t.Cleanup(r.Close)
	return r
}

// errandFrom asks for an answer and returns the packet to be sent.
func errandFrom(t *testing.T, r *responder, answer response) (*dns.Msg, bool) {
	t.Helper()
	sent := make(chan []byte, 2)
	if !r.answer(answer, func(b []byte) { sent <- append([]byte(nil), b...) }) {
		return nil, false
	}
	var m dns.Msg
	select {
	case b := <-sent:
		if err := m.Unpack(b); err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was sent")
	}
	return &m, true
}

var soleAnswer = response{self: self, addrs: []netip.Addr{netip.MustParseAddr("10.0.0.7")}, answer: aboutService, ttl: recordTTL, id: 4711}

// Answers by unicast are hashicorp's, to our question; it puts all records
// where ours has the additional ones apart. On a busy machine some are late.
func TestResponderAnswers(t *testing.T) {
	r := startResponder(t)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		m, ok := errandFrom(t, r, soleAnswer)
		if !ok {
			r.mu.Lock()
			r.restsTo = time.Time{}
			r.mu.Unlock()
			continue
		}
		if m.Id != 4711 || !m.Response || len(m.Answer)+len(m.Extra) != 4 {
			t.Fatalf("got %v", m)
		}
		if len(m.Answer) == 4 {
			return
		}
	}
	t.Error("the server never answered in time")
}

// The server has nothing for those who ask it themselves.
func TestResponderIsShut(t *testing.T) {
	r := startResponder(t)
	e := &errand{answer: soleAnswer, records: []dns.RR{&dns.PTR{}}, send: func([]byte) {}}
	if _, ok := r.begin(e); !ok {
		t.Fatal("could not begin")
	}
	for _, name := range []string{serviceName, typesName, self.Instance + "." + serviceName, "", "zzzz", e.name[:4], e.name + ".", "ffff" + e.name[4:]} {
		q := dns.Question{Name: name, Qtype: dns.TypePTR, Qclass: dns.ClassINET | topBit}
		if rr := r.Records(q); rr != nil {
			t.Errorf("%q: %v", name, rr)
		}
	}
	if rr := r.Records(dns.Question{Name: e.name}); len(rr) != 1 {
		t.Errorf("to us: %v", rr)
	}
}

// A server that does not answer is not waited for, and soon not asked.
func TestResponderIsDead(t *testing.T) {
	r := startResponder(t)
	if err := r.server.Shutdown(); err != nil {
		t.Fatal(err)
	}
	for n := range maxMissed {
		m, ok := errandFrom(t, r, soleAnswer)
		if !ok {
			t.Fatalf("not asked any more after %d answers missed", n)
		}
		if len(m.Answer) != 1 || len(m.Extra) != 3 || m.Id != 4711 {
			t.Fatalf("got %v", m)
		}
	}
	if _, ok := errandFrom(t, r, soleAnswer); ok {
		t.Errorf("still asked after %d answers missed", maxMissed)
	}
}

// What is under way when it is closed is answered; afterwards nothing is.
func TestResponderCloses(t *testing.T) {
	r := startResponder(t)
	sent := make(chan bool, maxErrands)
	begun := 0
	for range maxErrands {
		if r.answer(soleAnswer, func([]byte) { sent <- true }) {
			begun++
		}
	}
	r.Close()
	for range begun {
		select {
		case <-sent:
		case <-time.After(10 * time.Second):
			t.Fatal("not all were answered")
		}
	}
	if r.answer(soleAnswer, func([]byte) {}) {
		t.Error("it took an errand when it was closed")
	}
}

// TestNothingIsAnsweredAfterTheGoodbye holds that an answer under way is given up
// before the goodbye: after it, it would bring back who has left.
func TestNothingIsAnsweredAfterTheGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &responder{errands: make(map[uint16]*errand)}
		sent := 0
		e := &errand{answer: response{self: self, answer: aboutService, ttl: recordTTL}, send: func([]byte) { sent++ }}
		if _, ok := r.begin(e); !ok {
			t.Fatal("no errand")
		}
		r.drop()
		if _, ok := r.begin(&errand{send: e.send}); ok {
			t.Error("another errand after the goodbye")
		}
		time.Sleep(time.Second)
		if sent > 0 {
			t.Errorf("%d answers after the goodbye", sent)
		}
	})
}

// TestAnswerUnderWayIsBeforeTheGoodbye holds that an answer which is being sent when
// errands are given up has been sent when they are.
func TestAnswerUnderWayIsBeforeTheGoodbye(t *testing.T) {
	for name, send := range map[string]func(*responder, uint16, *errand){
		"the server's":       func(r *responder, id uint16, _ *errand) { r.pass(binary.BigEndian.AppendUint16(nil, id)) },
		"without the server": func(r *responder, id uint16, e *errand) { r.miss(id, e) },
	} {
		t.Run(name, func(t *testing.T) {
			r := &responder{errands: make(map[uint16]*errand)}
			dropped := make(chan struct{})
			e := &errand{answer: soleAnswer, send: func([]byte) {
				go func() {
					r.drop()
					close(dropped)
				}()
				select {
				case <-dropped:
					t.Error("the goodbye may go out before it")
				case <-time.After(100 * time.Millisecond): // as good as any: it is held up
				}
			}}
			id, ok := r.begin(e)
			if !ok {
				t.Fatal("no errand")
			}
			e.timeout.Stop()
			send(r, id, e)
			<-dropped
		})
	}
}
