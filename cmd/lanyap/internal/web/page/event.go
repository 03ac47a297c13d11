package main

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh"
)

// event is one JSON object for the scripts of the page, of the types and keys that
// `lanyap chat --json` has, and a few more; see package doc. Package encoding/json
// would be a tenth of the program, and takes several times as long.
type event struct{ buf []byte }

// version is the "v" of every event, that of the program's JSON.
const version = 1

// timeLayout is that of the program's JSON.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

func newEvent(kind string) *event {
	e := &event{append(make([]byte, 0, 512), `{"v":`...)}
	e.buf = strconv.AppendInt(e.buf, version, 10)
	return e.text("type", kind).time("time", time.Now())
}

// String returns the whole object.
func (e *event) String() string { return string(e.buf) + "}" }

func (e *event) key(key string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(appendQuoted(e.buf, key), ':')
}

func (e *event) text(key, value string) *event {
	e.key(key)
	e.buf = appendQuoted(e.buf, value)
	return e
}

func (e *event) number(key string, n int64) *event {
	e.key(key)
	e.buf = strconv.AppendInt(e.buf, n, 10)
	return e
}

// flag writes a key that is there if it is true.
func (e *event) flag(key string, on bool) *event {
	if on {
		e.key(key)
		e.buf = append(e.buf, "true"...)
	}
	return e
}

func (e *event) time(key string, t time.Time) *event {
	e.key(key)
	e.buf = append(e.buf, '"')
	e.buf = t.UTC().AppendFormat(e.buf, timeLayout)
	e.buf = append(e.buf, '"')
	return e
}

// person writes who somebody is; for nil nothing.
func (e *event) person(key string, p *mesh.Peer) *event {
	if p == nil {
		return e
	}
	e.key(key)
	e.buf = append(e.buf, '{')
	e.self(*p)
	e.buf = append(e.buf, '}')
	return e
}

// self writes the keys of a person.
func (e *event) self(p mesh.Peer) *event {
	e.text("id", p.ID.String()).text("instance", p.Instance.String()).text("name", p.Name).flag("web", p.Web)
	if p.Addr.IsValid() && p.Addr.Port() != 0 {
		e.text("addr", p.Addr.String())
	}
	return e
}

func (e *event) people(key string, list []mesh.Peer) *event {
	e.key(key)
	e.buf = append(e.buf, '[')
	for i := range list {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = append(e.buf, '{')
		e.self(list[i])
		e.buf = append(e.buf, '}')
	}
	e.buf = append(e.buf, ']')
	return e
}

const digits = "0123456789abcdef"

// appendQuoted appends s as a string of JSON (RFC 8259 §7). What is not UTF-8
// becomes U+FFFD.
func appendQuoted(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			buf = append(buf, s[start:i]...)
			buf = appendEscaped(buf, c)
			start = i + 1
		}
		i++
	}
	return append(append(buf, s[start:]...), '"')
}

func appendEscaped(buf []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(buf, '\\', c)
	case '\n':
		return append(buf, `\n`...)
	}
	return append(buf, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
