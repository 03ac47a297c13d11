package peer

import (
	"context"
	"io"
	"sync"
	"syscall/js"
)

// dataChannel is a data channel of the browser's, reliable and ordered.
type dataChannel struct {
	js    js.Value
	in    *inbox
	most  int             // bytes that may wait in the browser for a message to be written
	ended context.Context // the session's

	turn sync.Mutex    // held by the one writer that may have to wait
	low  chan struct{} // holds a token when less waits than the threshold
}

// newDataChannel takes a channel over before any of its events are delivered, that
// is in the callback, or call, that it came of.
func (ss *session) newDataChannel(dc js.Value, most, threshold int) *dataChannel {
	d := &dataChannel{js: dc, in: newInbox(), most: most, ended: ss.ended, low: make(chan struct{}, 1)}
	dc.Set("binaryType", "arraybuffer") // a Blob, Firefox' default, is read later and in any order
	dc.Set("bufferedAmountLowThreshold", threshold)
	ss.events.on(dc, "message", func(event js.Value) {
		if err := d.in.put(contents(event.Get("data"))); err != nil {
			ss.end(err)
		}
	})
	ss.events.on(dc, "bufferedamountlow", func(js.Value) {
		select {
		case d.low <- struct{}{}:
		default:
		}
	})
	ss.events.on(dc, "close", func(js.Value) { ss.end(io.EOF) })
	context.AfterFunc(ss.ended, func() { d.in.end(context.Cause(ss.ended)) })
	return d
}

// contents copies a message out of the browser.
func contents(data js.Value) (p []byte, text bool) {
	if data.Type() == js.TypeString {
		return []byte(data.String()), true
	}
	array := uint8Array.New(data)
	p = make([]byte, array.Length())
	js.CopyBytesToGo(p, array)
	return p, false
}

var (
	uint8Array = js.Global().Get("Uint8Array")

	// outgoing is where each message passes on its way out. send takes what it
	// needs of it at once, and nothing else runs meanwhile.
	outgoing = uint8Array.New(MaxMessage)
)

// write sends p when little enough waits.
func (d *dataChannel) write(p []byte, text bool) error {
	d.turn.Lock()
	defer d.turn.Unlock()
	for d.ended.Err() == nil {
		if before := d.buffered(); before == 0 || before+len(p) <= d.most {
			return d.send(p, text)
		}
		select {
		case <-d.low:
		case <-d.ended.Done():
		}
	}
	return context.Cause(d.ended)
}

// send does not wait.
func (d *dataChannel) send(p []byte, text bool) error {
	return try(func() {
		if text {
			d.js.Call("send", string(p))
			return
		}
		js.CopyBytesToJS(outgoing, p)
		d.js.Call("send", outgoing.Call("subarray", 0, len(p)))
	})
}

// buffered is how many bytes wait in the browser. Those are not counted that SCTP
// has sent and the other side has not confirmed.
func (d *dataChannel) buffered() int { return d.js.Get("bufferedAmount").Int() }
