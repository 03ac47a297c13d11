package peer

import (
	"context"
	"sync"
	"syscall/js"
)

// callbacks are the Go functions that JavaScript may call. All go through one
// js.Func, bound to a number for each: what JavaScript holds of a callback is then
// its own garbage, and one that is forgotten does nothing when it is called late,
// as a promise may for which nobody waits any more.
var callbacks struct {
	once  sync.Once
	entry js.Func

	mu   sync.Mutex // guards what follows
	last int
	byID map[int]func(js.Value)
}

// callback returns a JavaScript function that calls f with its first argument until
// it is forgotten. f must not wait: no other event is delivered until it returns.
func callback(f func(js.Value)) (fn js.Value, forget func()) {
	c := &callbacks
	c.once.Do(func() {
		c.byID = make(map[int]func(js.Value))
		c.entry = js.FuncOf(enter)
	})
	c.mu.Lock()
	c.last++
	id := c.last
	c.byID[id] = f
	c.mu.Unlock()
	return c.entry.Call("bind", js.Null(), id), func() {
		c.mu.Lock()
		delete(c.byID, id)
		c.mu.Unlock()
	}
}

func enter(_ js.Value, args []js.Value) any {
	c := &callbacks
	c.mu.Lock()
	f := c.byID[args[0].Int()]
	c.mu.Unlock()
	if f == nil {
		return nil
	}
	arg := js.Undefined()
	if len(args) > 1 {
		arg = args[1]
	}
	f(arg)
	return nil
}

// listeners are callbacks that are forgotten together.
type listeners struct {
	off []func()
}

// on has f called for an event of an object, such as "message".
func (l *listeners) on(target js.Value, event string, f func(event js.Value)) {
	fn, forget := callback(f)
	target.Call("addEventListener", event, fn)
	l.off = append(l.off, func() {
		target.Call("removeEventListener", event, fn)
		forget()
	})
}

func (l *listeners) forget() {
	for _, off := range l.off {
		off()
	}
	l.off = nil
}

// await waits for what a promise becomes.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	then, forgetThen := callback(func(v js.Value) { done <- settled{value: v} })
	defer forgetThen()
	otherwise, forgetOtherwise := callback(func(v js.Value) { done <- settled{err: js.Error{Value: v}} })
	defer forgetOtherwise()
	promise.Call("then", then, otherwise)
	select {
	case s := <-done:
		return s.value, s.err
	case <-ctx.Done():
		return js.Undefined(), context.Cause(ctx)
	}
}

// try calls into JavaScript and returns what that throws.
func try(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			thrown, ok := r.(js.Error)
			if !ok {
				panic(r)
			}
			err = thrown
		}
	}()
	f()
	return nil
}
