//go:build linux

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// errGone is what becomes of every call once the browser has ended.
var errGone = errors.New("browser: it has ended")

// pipe is a connection to a browser that speaks the DevTools protocol: messages
// in JSON that end in a zero byte.
type pipe struct {
	event func(session, method string, params json.RawMessage) // of the reading goroutine

	mu      sync.Mutex // guards what follows, and writing
	out     *os.File
	last    int
	waiting map[int]chan<- reply
	err     error
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// message is what comes from the browser, answers and events.
type message struct {
	ID        int
	SessionID string
	reply
	Method string
	Params json.RawMessage
}

// read takes messages until the browser has ended.
func (p *pipe) read(r io.ReadCloser) {
	defer r.Close()
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		data, err := in.ReadBytes(0)
		if err != nil {
			p.end()
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		if m.ID == 0 {
			p.event(m.SessionID, m.Method, m.Params)
			continue
		}
		p.mu.Lock()
		ch := p.waiting[m.ID]
		delete(p.waiting, m.ID)
		p.mu.Unlock()
		if ch != nil {
			ch <- m.reply
		}
	}
}

func (p *pipe) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errGone
	p.out.Close()
	for _, ch := range p.waiting {
		close(ch)
	}
	p.waiting = nil
}

// send begins a call. The answer comes over the channel, which is closed if
// there will be none.
func (p *pipe) send(session, method string, params any) (id int, answer <-chan reply, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, nil, p.err
	}
	p.last++
	data, err := json.Marshal(struct {
		ID        int    `json:"id"`
		SessionID string `json:"sessionId,omitempty"`
		Method    string `json:"method"`
		Params    any    `json:"params,omitempty"`
	}{p.last, session, method, params})
	if err != nil {
		return 0, nil, err
	}
	if _, err := p.out.Write(append(data, 0)); err != nil {
		return 0, nil, errGone
	}
	ch := make(chan reply, 1)
	p.waiting[p.last] = ch
	return p.last, ch, nil
}

// call has the browser, or one of its tabs, do something. result may be nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	id, answer, err := p.send(session, method, params)
	if err != nil {
		return err
	}
	select {
	case r, ok := <-answer:
		switch {
		case !ok:
			return errGone
		case r.Error != nil:
			return fmt.Errorf("browser: %s: %s", method, r.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(r.Result, result)
	case <-ctx.Done():
		p.mu.Lock()
		delete(p.waiting, id)
		p.mu.Unlock()
		return fmt.Errorf("browser: %s: %w", method, ctx.Err())
	}
}
