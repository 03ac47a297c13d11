package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
)

// Service is that of the mesh by which it is asked.
const Service = "verify"

const (
	version = 1
	tagSize = 16

	statusShown = 0
	statusBusy  = 1
	statusLink  = 2

	// answerLimit is how long either side waits for what the other sends: on a
	// machine that is busy that may take a while.
	answerLimit = 15 * time.Second

	// stopLimit is the same for who asks when we are about to leave: somebody who says
	// nothing must not keep us from saying goodbye.
	stopLimit = 200 * time.Millisecond

	// While one link takes the place of another, the two ends may have different
	// ones for a moment.
	linkTries = 10
	linkEvery = 200 * time.Millisecond

	// maxCalls is how many are answered at once. Each is quick, or waits for
	// somebody who says nothing.
	maxCalls = 4
)

// Errors of [Ask], beside those of [mesh.Node.Dial] and [mesh.Node.Binding]; test with
// errors.Is.
var (
	ErrPage    = errors.New("is in a browser, whose key goes with its tab")
	ErrBusy    = errors.New("was asked a moment ago")
	ErrLink    = errors.New("does not have the same link at the other end")
	ErrVersion = errors.New("answers in a way that this version does not know")
)

// Node is the part of [mesh.Node] that this needs.
type Node interface {
	Self() mesh.Peer
	Present() []mesh.Peer
	Dial(ctx context.Context, m mesh.Member, service string) (net.Conn, error)
	Listen(service string) (net.Listener, error)
	Binding(m mesh.Member) ([32]byte, error)
}

// Ask has p be shown the words that the two compare, and returns them. Somebody in
// between makes them differ; an error does not say that there is.
func Ask(ctx context.Context, node Node, p mesh.Peer) ([]string, error) {
	if p.Web {
		return nil, ErrPage
	}
	for range linkTries {
		binding, err := node.Binding(p.Member)
		if err != nil {
			return nil, err
		}
		status, err := ask(ctx, node, p.Member, binding)
		switch {
		case err != nil:
			return nil, err
		case status == statusShown:
			return known.Words(node.Self().ID, p.ID, binding), nil
		case status == statusBusy:
			return nil, ErrBusy
		case status != statusLink:
			return nil, ErrVersion
		}
		select {
		case <-time.After(linkEvery):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, ErrLink
}

func ask(ctx context.Context, node Node, m mesh.Member, binding [32]byte) (status byte, err error) {
	conn, err := node.Dial(ctx, m, Service)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerLimit)) // first, so that it takes nothing back
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if _, err := conn.Write(append([]byte{version}, tag(binding)...)); err != nil {
		return 0, err
	}
	var answer [1]byte
	_, err = io.ReadFull(conn, answer[:])
	return answer[0], err
}

// tag tells links apart, and nothing of their bindings.
func tag(binding [32]byte) []byte {
	sum := sha256.Sum256(append([]byte("lanyap verify link\x00"), binding[:]...))
	return sum[:tagSize]
}

// Serve answers those who ask, until the node is closed: each by show, with whom and
// the words, unless it is unwanted or asks too often. It returns at once. stop waits for
// those who ask at that moment, and not for long.
func Serve(node Node, unwanted func(p mesh.Peer) bool, show func(p mesh.Peer, words []string)) (stop func(), err error) {
	listener, err := node.Listen(Service)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{node: node, unwanted: unwanted, show: show, now: time.Now}
	var calls sync.WaitGroup
	calls.Go(func() {
		busy := make(chan struct{}, maxCalls)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case busy <- struct{}{}:
				calls.Go(func() {
					s.answer(ctx, conn)
					<-busy
				})
			default:
				conn.Close()
			}
		}
	})
	return func() {
		cancel()
		listener.Close()
		calls.Wait()
	}, nil
}

type server struct {
	node     Node
	unwanted func(mesh.Peer) bool
	show     func(mesh.Peer, []string)
	now      func() time.Time

	mu       sync.Mutex // guards patience
	patience Patience
}

// answer answers one call. When ctx ends that takes stopLimit at most.
func (s *server) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerLimit)) // first, so that it takes nothing back
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(stopLimit)) })()
	var call [1 + tagSize]byte
	if _, err := io.ReadFull(conn, call[:]); err != nil || call[0] != version {
		return
	}
	who, ok := conn.RemoteAddr().(mesh.Addr)
	if !ok {
		return
	}
	p, here := s.find(who.Member)
	if p.Web {
		return
	}
	binding, err := s.node.Binding(who.Member)
	if !here || err != nil || string(tag(binding)) != string(call[1:]) {
		_, _ = conn.Write([]byte{statusLink})
		return
	}
	s.mu.Lock()
	allowed := !s.unwanted(p) && s.patience.Allow(s.now(), p.ID)
	s.mu.Unlock()
	if !allowed {
		_, _ = conn.Write([]byte{statusBusy})
		return
	}
	// The words take a while, on both sides at once.
	if _, err := conn.Write([]byte{statusShown}); err == nil {
		s.show(p, known.Words(s.node.Self().ID, p.ID, binding))
	}
}

func (s *server) find(m mesh.Member) (mesh.Peer, bool) {
	for _, p := range s.node.Present() {
		if p.Member == m {
			return p, true
		}
	}
	return mesh.Peer{}, false
}
