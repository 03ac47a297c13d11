package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lanyap/lanyap/mesh"
)

// MistakeError is an utterance that was not said, and why.
type MistakeError struct {
	Text string
	Hint string // what to do next
}

func (e *MistakeError) Error() string { return e.Text }

// NewLines returns an input that says every line of r to all. Bytes that are
// not UTF-8 become U+FFFD.
func NewLines(r io.Reader) Input { return &lines{lineReader: newLineReader(r), parse: parseText} }

// NewJSONLines returns an input that reads one object a line from r:
// {"text":"…"} for all, with "to":"NAME or ID" for one.
func NewJSONLines(r io.Reader) Input {
	return &lines{lineReader: newLineReader(r), parse: parseJSON, escaped: true}
}

type lines struct {
	*lineReader
	parse   func([]byte) (Utterance, error)
	escaped bool
	number  int
}

// jsonLimit is the longest line of JSON: each byte of a body may be written as
// six (\u0041), and a name and the keys go with it.
const jsonLimit = 6*mesh.MaxBody + 4<<10

func (l *lines) Ended() <-chan struct{} { return l.ended }

func (l *lines) Next(ctx context.Context) (Utterance, error) {
	limit := mesh.MaxBody + len("\r")
	if l.escaped {
		limit = jsonLimit
	}
	for {
		line, length, err := l.line(ctx, limit)
		if err != nil {
			return Utterance{}, err
		}
		l.number++
		if length > limit {
			return Utterance{}, tooLong(length, l.number)
		}
		if l.escaped && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		u, err := l.parse(bytes.TrimSuffix(line, []byte{'\r'}))
		if err != nil {
			return Utterance{}, &MistakeError{
				Text: fmt.Sprintf("line %d of the input: %v; not sent", l.number, err),
				Hint: `write one object a line, such as {"text":"hello"} or {"text":"hello","to":"bo"}`,
			}
		}
		if len(u.Text) > mesh.MaxBody {
			return Utterance{}, tooLong(len(u.Text), l.number)
		}
		return u, nil
	}
}

func tooLong(length, number int) error {
	return &MistakeError{
		Text: fmt.Sprintf("line %d of the input is %d bytes long, a message at most %d; not sent", number, length, mesh.MaxBody),
		Hint: "split it into several lines",
	}
}

func parseText(line []byte) (Utterance, error) {
	return Utterance{Text: strings.ToValidUTF8(string(line), "\ufffd")}, nil
}

var (
	errNoText   = errors.New(`has no "text"`)
	errTrailing = errors.New("has something after the object")
)

// parseJSON reads one object. Keys that it does not know are refused: "To" or
// "too" must not turn what was meant for one into what is said to all.
func parseJSON(line []byte) (Utterance, error) {
	var in struct {
		Text *string `json:"text"`
		To   *string `json:"to"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Utterance{}, fmt.Errorf("is not an object as expected (%w)", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Utterance{}, errTrailing
	}
	if in.Text == nil {
		return Utterance{}, errNoText
	}
	return Utterance{Text: *in.Text, To: in.To}, nil
}
