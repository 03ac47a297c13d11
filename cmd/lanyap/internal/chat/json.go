package chat

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

// The objects, in the order of their keys.
type (
	readyJSON struct {
		output.Head
		output.Person
		Room    string           `json:"room"`
		Private bool             `json:"private,omitempty"`
		Addrs   []netip.AddrPort `json:"addrs"`
		Page    []string         `json:"page,omitempty"`
	}
	joinedJSON struct {
		output.Head
		Peer output.Person  `json:"peer"`
		Via  *output.Person `json:"via,omitempty"`
	}
	reroutedJSON struct {
		output.Head
		Peer output.Person  `json:"peer"`
		Via  *output.Person `json:"via,omitempty"`
	}
	leftJSON struct {
		output.Head
		Peer   output.Person `json:"peer"`
		Reason string        `json:"reason"`
	}
	messageJSON struct {
		output.Head
		From    output.Person `json:"from"`
		Seq     uint64        `json:"seq"`
		Sent    string        `json:"sent"`
		Text    string        `json:"text"`
		Private bool          `json:"private,omitempty"`
		History bool          `json:"history,omitempty"`
	}
	gapJSON struct {
		output.Head
		From  output.Person `json:"from"`
		Count uint64        `json:"count"`
	}
	sentJSON struct {
		output.Head
		Seq  uint64         `json:"seq"`
		Text string         `json:"text"`
		To   *output.Person `json:"to,omitempty"`
		Ref  string         `json:"ref,omitempty"`
	}
	deliveredJSON struct {
		output.Head
		Seq   uint64         `json:"seq"`
		Count int            `json:"count"`
		To    *output.Person `json:"to,omitempty"`
		Ref   string         `json:"ref,omitempty"`
	}
	undeliveredJSON struct {
		output.Head
		Seq   uint64          `json:"seq"`
		Peers []output.Person `json:"peers"`
		To    *output.Person  `json:"to,omitempty"`
		Ref   string          `json:"ref,omitempty"`
	}
	verifyJSON struct {
		output.Head
		Peer  output.Person `json:"peer"`
		Words []string      `json:"words"`
	}
	warningJSON struct {
		output.Head
		Text string `json:"text"`
		Ref  string `json:"ref,omitempty"`
	}
)

// NewJSON returns a face that writes one JSON object a line to out, and the
// error and hint lines of mistakes to mistakes as well.
// Everybody is looked up by judge; nil: nobody.
func NewJSON(out, mistakes io.Writer, judge output.Judge) Face {
	w := output.NewJSONWriter(out)
	return &jsonFace{out: w, mistakes: mistakes, judge: judge, files: transfer.NewJSONOver(w, mistakes, true)}
}

type jsonFace struct {
	out      *output.JSONWriter
	mistakes io.Writer
	judge    output.Judge
	files    transfer.Face
}

func (f *jsonFace) Show(ev Event) error {
	switch ev := ev.(type) {
	case Ready:
		addrs := append([]netip.AddrPort{}, ev.Addrs...)
		return f.out.Write(readyJSON{output.NewHead("ready"), output.NewPerson(ev.Self), ev.Room, ev.Private, addrs, ev.Page})
	case Joined:
		return f.out.Write(joinedJSON{output.NewHead("joined"), f.judge.Person(ev.Peer), f.judge.PersonOrNil(ev.Peer.Via)})
	case Rerouted:
		return f.out.Write(reroutedJSON{output.NewHead("rerouted"), f.judge.Person(ev.Peer), f.judge.PersonOrNil(ev.Peer.Via)})
	case Left:
		reason := ""
		if ev.Reason != nil {
			reason = ev.Reason.Error()
		}
		return f.out.Write(leftJSON{output.NewHead("left"), f.judge.Person(ev.Peer), reason})
	case Message:
		return f.out.Write(messageJSON{output.NewHead("message"), f.judge.Person(ev.From), ev.Seq, output.Time(ev.Sent), ev.Text, ev.Private, ev.History})
	case Gap:
		return f.out.Write(gapJSON{output.NewHead("gap"), f.judge.Person(ev.From), ev.Count})
	case Sent:
		return f.out.Write(sentJSON{output.NewHead("sent"), ev.Seq, ev.Text, f.judge.PersonOrNil(ev.To), ev.Ref})
	case Delivered:
		return f.out.Write(deliveredJSON{output.NewHead("delivered"), ev.Seq, ev.Count, f.judge.PersonOrNil(ev.To), ev.Ref})
	case Undelivered:
		return f.out.Write(undeliveredJSON{output.NewHead("undelivered"), ev.Seq, f.judge.Persons(ev.Peers), f.judge.PersonOrNil(ev.To), ev.Ref})
	case Moved:
		return f.files.Show(ev.What)
	case OtherSecret:
		return f.out.Write(warningJSON{Head: output.NewHead("warning"), Text: output.OtherSecret(ev.Addr, ev.Private)})
	case Asked:
		return f.out.Write(verifyJSON{output.NewHead("verify"), f.judge.Person(ev.Peer), ev.Words})
	case Twice:
		text := fmt.Sprintf("two hosts have the key of %s: %s and %s", ev.Peer.ID, ev.At[0], ev.At[1])
		return f.out.Write(warningJSON{Head: output.NewHead("warning"), Text: text})
	case Answer:
		return f.out.Write(warningJSON{Head: output.NewHead("warning"), Text: ev.Text})
	case Warning:
		if ev.Hint != "" {
			_, _ = fmt.Fprintln(f.mistakes, output.Mistake(ev.Text, ev.Hint))
		}
		return f.out.Write(warningJSON{output.NewHead("warning"), ev.Text, ev.Ref})
	}
	return nil
}
