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
	Ref  string // of the utterance
}

func (e *MistakeError) Error() string { return e.Text }

// NewLines returns an input that says every line of r to all. Bytes that are
// not UTF-8 become U+FFFD; what is no text at all is refused.
func NewLines(r io.Reader) Input {
	return &lines{
		lineReader: newLineReader(r), parse: parseText,
		hint: textHint,
	}
}

const textHint = "give it text in UTF-8; a file of another kind has to be converted, or encoded as base64(1) does"

// NewJSONLines returns an input that reads one object a line from r:
// {"text":"…"} for all, with "to":"NAME or ID" for one. A "ref" comes back in
// what is shown of it. {"send":"PATH"}, {"get":"OFFER"} and {"decline":"OFFER"}
// are about files, see [NewOrders].
func NewJSONLines(r io.Reader) Input {
	return &lines{
		lineReader: newLineReader(r), parse: parseJSON, escaped: true,
		hint: `write one object a line, such as {"text":"hello"} or {"text":"hello","to":"bo"}`,
	}
}

type lines struct {
	*lineReader
	parse   func([]byte) (Utterance, error)
	hint    string // about what cannot be parsed
	escaped bool
	number  int
	refused bool // it is in another encoding: nothing more is read
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
	for !l.refused {
		line, length, err := l.line(ctx, limit+len(utf8Mark))
		if err != nil {
			return Utterance{}, err
		}
		l.number++
		if l.number == 1 {
			marked := len(line)
			line, err = unmarked(line)
			length -= marked - len(line)
			l.refused = err != nil // or each line would be a mistake of its own
		}
		if l.refused {
			return Utterance{}, err
		}
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
				Hint: l.hint,
				Ref:  u.Ref,
			}
		}
		if len(u.Text) > mesh.MaxBody {
			mistake := tooLong(len(u.Text), l.number)
			mistake.Ref = u.Ref
			return Utterance{}, mistake
		}
		return u, nil
	}
	return Utterance{}, io.EOF
}

// The marks of byte order (Unicode Standard, section 23.8) by which Windows
// begins its files.
var (
	utf8Mark  = []byte{0xef, 0xbb, 0xbf}
	utf16Mark = [][]byte{{0xff, 0xfe}, {0xfe, 0xff}}
)

// unmarked returns the first line of an input without the mark that it is
// UTF-8, and a *MistakeError if it is in another encoding.
func unmarked(line []byte) ([]byte, error) {
	for _, mark := range utf16Mark {
		if bytes.HasPrefix(line, mark) {
			return nil, &MistakeError{
				Text: "the input is UTF-16, not UTF-8; nothing of it was sent",
				Hint: "convert it: iconv -f UTF-16 -t UTF-8, or in PowerShell Get-Content -Encoding Unicode FILE",
			}
		}
	}
	return bytes.TrimPrefix(line, utf8Mark), nil
}

func tooLong(length, number int) *MistakeError {
	return &MistakeError{
		Text: fmt.Sprintf("line %d of the input is %d bytes long, a message at most %d; not sent", number, length, mesh.MaxBody),
		Hint: "split it into several lines",
	}
}

var errBinary = errors.New("has a zero byte, so it is no text")

func parseText(line []byte) (Utterance, error) {
	if bytes.IndexByte(line, 0) >= 0 {
		return Utterance{}, errBinary
	}
	return Utterance{Text: strings.ToValidUTF8(string(line), "\ufffd")}, nil
}

var (
	errNoText   = errors.New(`has no "text", "send", "get" or "decline"`)
	errSeveral  = errors.New(`has more than one of "text", "send", "get" and "decline"`)
	errNotTo    = errors.New(`has a "to" or "dir" that nothing is meant by`)
	errTrailing = errors.New("has something after the object")
	errLongRef  = fmt.Errorf(`has a "ref" of more than %d bytes`, maxRef)
)

// maxRef is the longest "ref". It has to be remembered for as long as somebody
// has not confirmed the message.
const maxRef = 256

func count(given ...bool) int {
	n := 0
	for _, is := range given {
		if is {
			n++
		}
	}
	return n
}

// parseJSON reads one object. Keys that it does not know are refused: "To" or
// "too" must not turn what was meant for one into what is said to all.
func parseJSON(line []byte) (Utterance, error) {
	var in struct {
		Text    *string `json:"text"`
		To      *string `json:"to"`
		Ref     string  `json:"ref"`
		Send    string  `json:"send"`
		Get     string  `json:"get"`
		Dir     string  `json:"dir"`
		Decline string  `json:"decline"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	err := dec.Decode(&in)
	if len(in.Ref) > maxRef {
		return Utterance{}, errLongRef
	}
	u := Utterance{To: in.To, Ref: in.Ref}
	if err != nil {
		return u, fmt.Errorf("is not an object as expected (%w)", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return u, errTrailing
	}
	order := Order{Send: in.Send, Get: in.Get, Dir: in.Dir, Decline: in.Decline}
	switch given := count(in.Text != nil, in.Send != "", in.Get != "", in.Decline != ""); {
	case given == 0:
		return u, errNoText
	case given > 1:
		return u, errSeveral
	case in.To != nil && in.Text == nil && in.Send == "", in.Dir != "" && in.Get == "":
		return u, errNotTo
	case in.Text == nil:
		u.Order = &order
		return u, nil
	}
	u.Text = *in.Text
	return u, nil
}
