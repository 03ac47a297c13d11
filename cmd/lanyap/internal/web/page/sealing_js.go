package main

import (
	"syscall/js"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/sealed"
)

// sealingArg is the argument by which the program does nothing but seal and open, as it
// does in a worker.
const sealingArg = "seal"

// serveSealing offers globalThis.lanyapSeal and lanyapOpener.
func serveSealing() {
	js.Global().Set("lanyapSeal", function(func(args arguments) any {
		key, ok := args.key(0)
		if !ok {
			return nil
		}
		plain := args.bytes(2)
		out := make(buffer, 0, sealed.Size(int64(len(plain))))
		w := sealed.NewWriter(&out, key, args.text(1))
		_, _ = w.Write(plain) // a buffer takes all
		_ = w.Close()
		return jsBytes(out)
	}))
	js.Global().Set("lanyapOpener", function(func(args arguments) any {
		key, ok := args.key(0)
		if !ok {
			return nil
		}
		o := sealed.NewOpener(key, args.text(1))
		var plain []byte // is used again
		open := func(add func() ([]byte, error)) any {
			var err error
			if plain, err = add(); err != nil {
				return nil
			}
			return jsBytes(plain)
		}
		add := function(func(args arguments) any {
			return open(func() ([]byte, error) { return o.Add(plain[:0], args.bytes(0)) })
		})
		var end js.Func
		end = function(func(arguments) any {
			add.Release()
			end.Release()
			return open(func() ([]byte, error) { return o.End(plain[:0]) })
		})
		return map[string]any{"add": add, "end": end}
	}))
	js.Global().Call("lanyapSealing")
}

// buffer is a bytes.Buffer that is all there from the start.
type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// bytes returns an argument that is a Uint8Array.
func (a arguments) bytes(i int) []byte {
	v := a.at(i)
	if !v.InstanceOf(js.Global().Get("Uint8Array")) {
		return nil
	}
	p := make([]byte, v.Length())
	js.CopyBytesToGo(p, v)
	return p
}

func (a arguments) key(i int) (sealed.Key, bool) {
	p := a.bytes(i)
	if len(p) != sealed.KeySize {
		return sealed.Key{}, false
	}
	return sealed.Key(p), true
}

func jsBytes(p []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(p))
	js.CopyBytesToJS(v, p)
	return v
}
