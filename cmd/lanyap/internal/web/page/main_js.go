package main

import (
	"os"
	"strconv"
	"sync"
	"syscall/js"

	"github.com/lanyap/lanyap/peer"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == sealingArg {
		serveSealing()
		select {}
	}
	p := &page{}
	js.Global().Set("lanyap", js.ValueOf(map[string]any{
		"join": function(func(args arguments) any {
			go p.join(readConfig(args.at(0)))
			return nil
		}),
		"say": function(func(args arguments) any { return p.say(args.text(0), args.text(1)) }),
		"ask": function(func(args arguments) any {
			s := p.current()
			return s != nil && s.keeper.ask(args.text(0))
		}),
		"keeper": function(func(args arguments) any {
			if s := p.current(); s != nil {
				s.keeper.is(args.text(0))
			}
			return nil
		}),
		"tag": function(func(args arguments) any { return peer.RoomTag(args.text(0)) }),
		"leave": function(func(arguments) any {
			go p.leave()
			return nil
		}),
	}))
	select {}
}

func function(f func(arguments) any) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) })
}

// arguments are what a script passes: as many as it likes, of whatever kind.
type arguments []js.Value

func (a arguments) at(i int) js.Value {
	if i < len(a) {
		return a[i]
	}
	return js.Undefined()
}

// text returns an argument that is a string, "" for any other.
func (a arguments) text(i int) string {
	if v := a.at(i); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// show hands an event to the scripts.
func show(e *event) { js.Global().Call("lanyapEvent", e.String()) }

// page is this tab: one session after another.
type page struct {
	turn sync.Mutex // held while joining and leaving

	mu   sync.Mutex // guards the rest
	now  *session   // nil: none
	said int        // references that were given
}

func (p *page) current() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *page) set(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = s
}

// join becomes a member, in place of the one before.
func (p *page) join(cfg config) {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.end()
	s, err := newSession(cfg)
	if err != nil {
		show(newEvent("ended").text("reason", err.Error()))
		return
	}
	p.set(s)
}

func (p *page) leave() {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.end()
}

func (p *page) end() {
	if s := p.current(); s != nil {
		p.set(nil)
		s.end()
	}
}

// say has something said, in its turn, and returns what it is called in events.
func (p *page) say(text, to string) string {
	s := p.current()
	if s == nil {
		return ""
	}
	p.mu.Lock()
	p.said++
	ref := strconv.Itoa(p.said)
	p.mu.Unlock()
	if !s.speech.add(utterance{text: text, to: to, ref: ref}) {
		return ""
	}
	return ref
}
