// Command linkpage makes the links of a page for a test, which has it do so by
// globalThis.link and reads what became of it there.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"syscall/js"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// page is what the test calls, and what it reads.
type page struct {
	t     *peer.Transport
	js    js.Value
	mu    sync.Mutex // guards what follows
	conns map[string]*peer.Conn
	carry map[string]chan peer.Carried
}

func main() {
	p := &page{js: js.Global().Get("Object").New(), conns: make(map[string]*peer.Conn), carry: make(map[string]chan peer.Carried)}
	for _, list := range []string{"heard", "linked", "ended", "offers", "logged"} {
		p.js.Set(list, js.Global().Get("Array").New())
	}
	log := slog.New(slog.NewTextHandler(logger{p}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	t, err := peer.Listen(peer.Config{Name: "page", Logger: log})
	if err != nil {
		panic(err)
	}
	p.t = t
	p.js.Set("self", t.Self().Instance.String())
	p.export("dial", p.dial)
	p.export("offer", p.offer)
	p.export("answered", p.answered)
	p.export("answer", p.answer)
	p.export("say", p.say)
	p.export("flood", p.flood)
	p.export("echo", p.echo)
	p.export("ping", p.ping)
	p.export("hangUp", p.hangUp)
	p.export("leave", func([]string) (string, error) { return "", t.Close() })
	js.Global().Set("link", p.js)
	for {
		conn, err := t.Accept(context.Background())
		if err != nil {
			return
		}
		p.keep(conn)
	}
}

type logger struct{ p *page }

func (l logger) Write(line []byte) (int, error) {
	l.p.js.Get("logged").Call("push", string(line))
	return len(line), nil
}

// export has JavaScript call f and get a promise of what it returns.
func (p *page) export(name string, f func(args []string) (string, error)) {
	p.js.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any {
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = a.String()
		}
		executor := js.FuncOf(func(_ js.Value, settle []js.Value) any {
			go func() {
				if said, err := f(words); err != nil {
					settle[1].Invoke(err.Error())
				} else {
					settle[0].Invoke(said)
				}
			}()
			return nil
		})
		defer executor.Release()
		return js.Global().Get("Promise").New(executor)
	}))
}

func (p *page) add(list string, values map[string]any) {
	values["at"] = js.Global().Get("Date").Call("now").Float()
	p.js.Get(list).Call("push", values)
}

// keep reads a link until it ends.
func (p *page) keep(conn *peer.Conn) string {
	in := conn.Remote().Instance.String()
	p.mu.Lock()
	p.conns[in] = conn
	p.mu.Unlock()
	p.add("linked", map[string]any{"instance": in, "addr": conn.RemoteAddr().String(), "web": conn.Remote().Web})
	go func() {
		for {
			m, err := conn.ReadMessage()
			if err != nil {
				p.add("ended", map[string]any{"instance": in, "why": err.Error()})
				return
			}
			if len(m) < 1000 {
				p.add("heard", map[string]any{"instance": in, "text": string(m)})
			}
		}
	}()
	go func() {
		for {
			s, err := conn.AcceptChannel(context.Background())
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(s, s)
				_ = s.Close()
			}()
		}
	}()
	return in
}

func (p *page) conn(in string) (*peer.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.conns[in]; c != nil {
		return c, nil
	}
	return nil, errors.New("no link to " + in)
}

// dial ADDR
func (p *page) dial(args []string) (string, error) {
	at, err := netip.ParseAddrPort(args[0])
	if err != nil {
		return "", err
	}
	conn, err := p.t.Dial(context.Background(), peer.Target{Addrs: []netip.AddrPort{at}})
	if err != nil {
		return "", err
	}
	return p.keep(conn), nil
}

// offer INSTANCE; the test reads the offer from offers and brings the answer.
func (p *page) offer(args []string) (string, error) {
	in, err := peer.ParseInstance(args[0])
	if err != nil {
		return "", err
	}
	conn, err := p.t.DialCarried(context.Background(), in, func(ctx context.Context, offer string) (peer.Carried, error) {
		answered := make(chan peer.Carried, 1)
		p.mu.Lock()
		p.carry[args[0]] = answered
		p.mu.Unlock()
		p.add("offers", map[string]any{"to": args[0], "sdp": offer})
		select {
		case c := <-answered:
			return c, nil
		case <-ctx.Done():
			return peer.Carried{}, ctx.Err()
		}
	})
	if err != nil {
		return "", err
	}
	return p.keep(conn), nil
}

// answered INSTANCE SDP FROM
func (p *page) answered(args []string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.carry[args[0]] <- carried(args[1:])
	return "", nil
}

func carried(args []string) peer.Carried {
	c := peer.Carried{SDP: args[0]}
	c.From, _ = netip.ParseAddr(args[1])
	return c
}

// answer INSTANCE SDP FROM
func (p *page) answer(args []string) (string, error) {
	in, err := peer.ParseInstance(args[0])
	if err != nil {
		return "", err
	}
	return p.t.AnswerCarried(context.Background(), in, carried(args[1:]))
}

// say INSTANCE TEXT
func (p *page) say(args []string) (string, error) {
	conn, err := p.conn(args[0])
	if err != nil {
		return "", err
	}
	return "", conn.WriteMessage([]byte(args[1]))
}

// flood INSTANCE COUNT SIZE sends messages and says in how many seconds.
func (p *page) flood(args []string) (string, error) {
	conn, err := p.conn(args[0])
	if err != nil {
		return "", err
	}
	var count, size int
	if _, err := fmt.Sscan(args[1]+" "+args[2], &count, &size); err != nil {
		return "", err
	}
	message, began := make([]byte, size), time.Now()
	for range count {
		if err := conn.WriteMessage(message); err != nil {
			return "", err
		}
	}
	if _, err := conn.Ping(context.Background()); err != nil {
		return "", err
	}
	return fmt.Sprint(time.Since(began).Seconds()), nil
}

// echo INSTANCE SIZE sends so much through a channel whose other end sends it back,
// and says in how many seconds.
func (p *page) echo(args []string) (string, error) {
	conn, err := p.conn(args[0])
	if err != nil {
		return "", err
	}
	var size int64
	if _, err := fmt.Sscan(args[1], &size); err != nil {
		return "", err
	}
	began := time.Now()
	s, err := conn.OpenChannel()
	if err != nil {
		return "", err
	}
	defer s.Close()
	go func() {
		_, _ = io.CopyN(s, zeros{}, size)
		_ = s.CloseWrite()
	}()
	n, err := io.Copy(io.Discard, s)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes came back", n)
	}
	return fmt.Sprint(time.Since(began).Seconds()), err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// ping INSTANCE
func (p *page) ping(args []string) (string, error) {
	conn, err := p.conn(args[0])
	if err != nil {
		return "", err
	}
	took, err := conn.Ping(context.Background())
	return took.String(), err
}

// hangUp INSTANCE
func (p *page) hangUp(args []string) (string, error) {
	conn, err := p.conn(args[0])
	if err != nil {
		return "", err
	}
	return "", conn.Close(nil)
}
