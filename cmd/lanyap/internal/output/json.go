package output

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
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
	ID       peer.ID        `json:"id"`
	Instance peer.Instance  `json:"instance"`
	Name     string         `json:"name"`
	Web      bool           `json:"web,omitempty"`   // in a browser
	Known    known.Standing `json:"known,omitempty"` // absent: it was not looked up, or is this node
	Like     *Like          `json:"like,omitempty"`  // with changed
}

// Like is somebody known whose name another bears, or resembles.
type Like struct {
	ID   peer.ID `json:"id"`
	Name string  `json:"name"`
}

// NewPerson returns p for JSON, as somebody whom it is not looked up how well it is
// known.
func NewPerson(p mesh.Peer) Person {
	return Person{ID: p.ID, Instance: p.Instance, Name: p.Name, Web: p.Web}
}

// Judge says how well somebody is known; nil: nobody is looked up.
type Judge func(mesh.Peer) known.Verdict

// Person returns p for JSON.
func (j Judge) Person(p mesh.Peer) Person {
	if j == nil {
		return NewPerson(p)
	}
	return NewPersonKnown(p, j(p))
}

// NewPersonKnown returns p for JSON, who is known so well; the zero verdict says
// nothing of it.
func NewPersonKnown(p mesh.Peer, v known.Verdict) Person {
	person := NewPerson(p)
	person.Known = v.Standing
	if v.Like != nil {
		person.Like = &Like{v.Like.ID, v.Like.Name}
	}
	return person
}

// PersonOrNil returns p for JSON, and nil for nobody.
func (j Judge) PersonOrNil(p *mesh.Peer) *Person {
	if p == nil {
		return nil
	}
	person := j.Person(*p)
	return &person
}

// Persons returns all of them for JSON.
func (j Judge) Persons(peers []mesh.Peer) []Person {
	out := make([]Person, len(peers))
	for i, p := range peers {
		out[i] = j.Person(p)
	}
	return out
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
	_, err := io.WriteString(j.w, safe.JSON(line.String()))
	return err
}
