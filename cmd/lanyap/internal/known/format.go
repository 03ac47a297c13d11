package known

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

// version is that of the file. Keys may be added without a new one.
const version = 1

// maxFile is how large a file may be; one of this program has a fifth of it.
const maxFile = 8 << 20

// errVersion is that a later version wrote the file.
var errVersion = errors.New("was written by a later version")

// headLine is the first line of the file.
type headLine struct {
	V      int `json:"v"`
	People int `json:"people"` // how many lines follow
}

// personLine is a line for somebody.
type personLine struct {
	ID       peer.ID    `json:"id"`
	Name     string     `json:"name"`
	Since    *time.Time `json:"since,omitempty"`
	First    *time.Time `json:"first,omitempty"`
	Last     *time.Time `json:"last,omitempty"`
	Days     int        `json:"days,omitempty"`
	Verified *time.Time `json:"verified,omitempty"`
	As       string     `json:"as,omitempty"`
	Blocked  bool       `json:"blocked,omitempty"`
}

// appendPeople appends the file of these people to b.
func appendPeople(b []byte, people []Person) ([]byte, error) {
	out := bytes.NewBuffer(b)
	enc := json.NewEncoder(out)
	if err := enc.Encode(headLine{version, len(people)}); err != nil {
		return nil, err
	}
	for _, p := range people {
		line := personLine{p.ID, p.Name, timeOrNil(p.Since), timeOrNil(p.First), timeOrNil(p.Last), p.Days, timeOrNil(p.Verified), p.As, p.Blocked}
		if err := enc.Encode(line); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// parsePeople reads a file. damaged is how many of its lines could not be read, or
// are missing; the others count.
func parsePeople(data []byte) (people []Person, damaged int, err error) {
	if len(data) == 0 {
		return nil, 0, nil
	}
	first, rest, _ := bytes.Cut(data, []byte{'\n'})
	var head headLine
	switch err := json.Unmarshal(first, &head); {
	case err != nil || head.V < 1:
		damaged++
		rest = data // it may be one of the others
		head.People = 0
	case head.V > version:
		return nil, 0, errVersion
	}
	for line := range bytes.Lines(rest) {
		p, err := parsePerson(line)
		if err != nil {
			damaged++
			continue
		}
		people = append(people, p)
	}
	return people, max(damaged, head.People-len(people)), nil
}

var errPerson = errors.New("is nobody")

func parsePerson(line []byte) (Person, error) {
	var in personLine
	if err := json.Unmarshal(line, &in); err != nil {
		return Person{}, err
	}
	if in.ID.IsZero() || in.Days < 0 {
		return Person{}, errPerson
	}
	for _, n := range []string{in.Name, in.As} {
		if err := name.Check(n); err != nil {
			return Person{}, fmt.Errorf("name: %w", err)
		}
	}
	return Person{in.ID, in.Name, orZero(in.Since), orZero(in.First), orZero(in.Last), in.Days, orZero(in.Verified), in.As, in.Blocked}, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
