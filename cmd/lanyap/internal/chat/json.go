package chat

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Version is the "v" of every JSON object that the program prints. It changes
// when the meaning of something does; new types and keys may come without.
const Version = 1

// timeLayout is RFC 3339 with all nine digits of the nanoseconds, so that
// times sort as text too.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// Time returns t as JSON output has it: RFC 3339 in UTC.
func Time(t time.Time) string { return t.UTC().Format(timeLayout) }

// Head is what every JSON object starts with.
type Head struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	Time string `json:"time"` // when it happened here
}

// NewHead returns the head of an object of type kind that happens now.
func NewHead(kind string) Head { return Head{V: Version, Type: kind, Time: Time(time.Now())} }

// Person is a member in JSON. The name is the exact one it gave.
type Person struct {
	ID       peer.ID       `json:"id"`
	Instance peer.Instance `json:"instance"`
	Name     string        `json:"name"`
}

// NewPerson returns p for JSON.
func NewPerson(p mesh.Peer) Person {
	return Person{ID: p.ID, Instance: p.Instance, Name: p.Name}
}

func persons(peers []mesh.Peer) []Person {
	out := make([]Person, len(peers))
	for i, p := range peers {
		out[i] = NewPerson(p)
	}
	return out
}

// PersonOrNil returns p for JSON, and nil for nobody.
func PersonOrNil(p *mesh.Peer) *Person {
	if p == nil {
		return nil
	}
	person := NewPerson(*p)
	return &person
}

// The objects, in the order of their keys.
type (
	readyJSON struct {
		Head
		Person
		Room  string           `json:"room"`
		Addrs []netip.AddrPort `json:"addrs"`
	}
	joinedJSON struct {
		Head
		Peer Person  `json:"peer"`
		Via  *Person `json:"via,omitempty"`
	}
	leftJSON struct {
		Head
		Peer   Person `json:"peer"`
		Reason string `json:"reason"`
	}
	messageJSON struct {
		Head
		From    Person `json:"from"`
		Seq     uint64 `json:"seq"`
		Sent    string `json:"sent"`
		Text    string `json:"text"`
		Private bool   `json:"private,omitempty"`
		History bool   `json:"history,omitempty"`
	}
	gapJSON struct {
		Head
		From  Person `json:"from"`
		Count uint64 `json:"count"`
	}
	sentJSON struct {
		Head
		Seq  uint64  `json:"seq"`
		Text string  `json:"text"`
		To   *Person `json:"to,omitempty"`
	}
	deliveredJSON struct {
		Head
		Seq   uint64  `json:"seq"`
		Count int     `json:"count"`
		To    *Person `json:"to,omitempty"`
	}
	undeliveredJSON struct {
		Head
		Seq   uint64   `json:"seq"`
		Peers []Person `json:"peers"`
		To    *Person  `json:"to,omitempty"`
	}
	warningJSON struct {
		Head
		Text string `json:"text"`
	}
)

// NewJSON returns a face that writes one JSON object a line to out, and the
// error and hint lines of mistakes to mistakes as well.
func NewJSON(out, mistakes io.Writer) Face {
	return &jsonFace{out: NewJSONWriter(out), mistakes: mistakes}
}

type jsonFace struct {
	out      *JSONWriter
	mistakes io.Writer
}

func (f *jsonFace) Show(ev Event) error {
	switch ev := ev.(type) {
	case Ready:
		addrs := append([]netip.AddrPort{}, ev.Addrs...)
		return f.out.Write(readyJSON{NewHead("ready"), NewPerson(ev.Self), ev.Room, addrs})
	case Joined:
		return f.out.Write(joinedJSON{NewHead("joined"), NewPerson(ev.Peer), PersonOrNil(ev.Peer.Via)})
	case Left:
		reason := ""
		if ev.Reason != nil {
			reason = ev.Reason.Error()
		}
		return f.out.Write(leftJSON{NewHead("left"), NewPerson(ev.Peer), reason})
	case Message:
		return f.out.Write(messageJSON{NewHead("message"), NewPerson(ev.From), ev.Seq, Time(ev.Sent), ev.Text, ev.Private, ev.History})
	case Gap:
		return f.out.Write(gapJSON{NewHead("gap"), NewPerson(ev.From), ev.Count})
	case Sent:
		return f.out.Write(sentJSON{NewHead("sent"), ev.Seq, ev.Text, PersonOrNil(ev.To)})
	case Delivered:
		return f.out.Write(deliveredJSON{NewHead("delivered"), ev.Seq, ev.Count, PersonOrNil(ev.To)})
	case Undelivered:
		return f.out.Write(undeliveredJSON{NewHead("undelivered"), ev.Seq, persons(ev.Peers), PersonOrNil(ev.To)})
	case Warning:
		if ev.Hint != "" {
			_, _ = fmt.Fprintln(f.mistakes, Mistake(ev.Text, ev.Hint))
		}
		return f.out.Write(warningJSON{NewHead("warning"), ev.Text})
	}
	return nil
}

// JSONWriter writes one JSON object a line. It is safe for concurrent use.
type JSONWriter struct {
	mu sync.Mutex // held while writing, so that lines stay whole
	w  io.Writer
}

// NewJSONWriter returns a writer to w.
func NewJSONWriter(w io.Writer) *JSONWriter { return &JSONWriter{w: w} }

// Write writes v as one line. What could do something to a terminal is
// escaped, as JSON allows for every character: programs read the same text.
func (j *JSONWriter) Write(v any) error {
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := io.WriteString(j.w, escapeInvisible(line.String()))
	return err
}

// escapeInvisible replaces the characters that encoding/json leaves and a
// terminal may obey (delete, C1 controls, bidirectional overrides) by \uXXXX.
// Outside strings JSON is ASCII, so only strings are touched.
func escapeInvisible(line string) string {
	if strings.IndexFunc(line, mustEscape) < 0 {
		return line
	}
	var out strings.Builder
	for _, r := range line {
		switch {
		case !mustEscape(r):
			out.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

func mustEscape(r rune) bool {
	return r == 0x7f || r >= utf8.RuneSelf && invisible(r)
}
