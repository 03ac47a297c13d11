package transfer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/mesh/share"
)

// The objects, in the order of their keys.
type (
	readyJSON struct {
		output.Head
		output.Person
		Room    string           `json:"room"`
		Private bool             `json:"private,omitempty"`
		Addrs   []netip.AddrPort `json:"addrs"`
		Dir     string           `json:"dir,omitempty"`
		Page    []string         `json:"page,omitempty"`
	}

	// dealJSON is how each object starts that is about an offer.
	dealJSON struct {
		output.Head
		Offer string         `json:"offer"`
		From  *output.Person `json:"from,omitempty"`
		To    *output.Person `json:"to,omitempty"`
	}
	itemJSON struct {
		Name  string `json:"name"`
		Kind  string `json:"kind"`
		Files int    `json:"files"`
		Size  int64  `json:"size"`
	}
	offerJSON struct {
		dealJSON
		Items []itemJSON `json:"items,omitempty"`
		Count int        `json:"count"`
		Files int        `json:"files"`
		Size  int64      `json:"size"`
		Text  string     `json:"text,omitempty"`
		Here  int64      `json:"here,omitempty"`
	}
	reasonJSON struct {
		dealJSON
		Reason string `json:"reason"`
		Text   string `json:"text"`
	}
	progressJSON struct {
		dealJSON
		Phase     string  `json:"phase"`
		Files     int     `json:"files"`
		FilesDone int     `json:"files_done"`
		Size      int64   `json:"size"`
		Done      int64   `json:"done"`
		Skipped   int64   `json:"skipped"`
		Sent      int64   `json:"sent"`
		Received  int64   `json:"received"`
		Holders   int     `json:"holders,omitempty"`
		Current   string  `json:"current,omitempty"`
		Rate      int64   `json:"rate"`
		Left      float64 `json:"left_s,omitempty"`
	}
	receivedJSON struct {
		dealJSON
		Name    string `json:"name,omitempty"`
		Kind    string `json:"kind"`
		Path    string `json:"path,omitempty"`
		Files   int    `json:"files,omitempty"`
		Size    int64  `json:"size"`
		Root    string `json:"root,omitempty"`
		Skipped bool   `json:"skipped,omitempty"`
		Text    string `json:"text,omitempty"`
	}
	completedJSON struct {
		dealJSON
		Files    int     `json:"files"`
		Size     int64   `json:"size"`
		Skipped  int64   `json:"skipped"`
		Sent     int64   `json:"sent"`
		Received int64   `json:"received"`
		Took     float64 `json:"took_s"`
	}
	failureJSON struct {
		Path   string `json:"path"`
		Reason string `json:"reason"`
	}
	failedJSON struct {
		reasonJSON
		Size     int64         `json:"size"`
		Done     int64         `json:"done"`
		Failed   int           `json:"failed,omitempty"`
		Failures []failureJSON `json:"failures,omitempty"`
	}
	omittedJSON struct {
		output.Head
		Paths []failureJSON `json:"paths"`
	}
	removedJSON struct {
		output.Head
		Key  string `json:"key"`
		Name string `json:"name"`
		Dir  string `json:"dir"`
		Size int64  `json:"size"`
		Here int64  `json:"here"`
	}
	sharedJSON struct {
		output.Head
		Name   string          `json:"name"`
		Path   string          `json:"path"`
		For    []output.Person `json:"for,omitempty"`
		Files  int             `json:"files"`
		Size   int64           `json:"size"`
		Hidden int             `json:"hidden,omitempty"`
		More   bool            `json:"more,omitempty"`
	}
	warningJSON struct {
		output.Head
		Text string `json:"text"`
	}
)

// NewJSON returns a face that writes one JSON object a line to out, and mistakes
// and questions to notices as well. Without progress it leaves that out.
func NewJSON(out, notices io.Writer, progress bool) Face {
	return NewJSONOver(output.NewJSONWriter(out), notices, progress)
}

// NewJSONOver is [NewJSON] for who writes other objects to out as well.
func NewJSONOver(out *output.JSONWriter, notices io.Writer, progress bool) Face {
	return &jsonFace{out: out, notices: notices, progress: progress, last: make(map[string]share.Progress)}
}

type jsonFace struct {
	out      *output.JSONWriter
	notices  io.Writer
	progress bool

	mu   sync.Mutex // guards last
	last map[string]share.Progress
}

func (f *jsonFace) Show(ev Event) error {
	switch ev := ev.(type) {
	case Ready:
		addrs := append([]netip.AddrPort{}, ev.Addrs...)
		return f.out.Write(readyJSON{output.NewHead("ready"), output.NewPerson(ev.Self), ev.Room, ev.Private, addrs, ev.Dir, ev.Page})
	case OtherSecret:
		return f.out.Write(warningJSON{output.NewHead("warning"), output.OtherSecret(ev.Addr, ev.Private)})
	case Offered:
		return f.out.Write(newOffer(ev))
	case Asked:
		_, _ = fmt.Fprintf(f.notices, "%s\n%s\n", question(ev), choices)
		return nil
	case Accepted:
		return f.out.Write(newDeal("accepted", ev.Deal))
	case Refused:
		return f.out.Write(reasonJSON{newDeal("refused", ev.Deal), code(ev.Reason), because(ev.Reason)})
	case Withdrawn:
		return f.out.Write(reasonJSON{newDeal("withdrawn", ev.Deal), code(ev.Reason), because(ev.Reason)})
	case Progress:
		if !f.progress || !f.news(ev) {
			return nil
		}
		return f.out.Write(newProgress(ev))
	case Received:
		return f.out.Write(newReceived(ev))
	case Completed:
		at := ev.At
		return f.out.Write(completedJSON{newDeal("completed", ev.Deal), at.Files, at.Bytes, at.Skipped, at.Sent, at.Received, ev.Took.Seconds()})
	case Failed:
		return f.out.Write(newFailed(ev))
	case Omitted:
		paths := make([]failureJSON, len(ev.What))
		for i, o := range ev.What {
			paths[i] = failureJSON{o.Path, o.Reason}
		}
		return f.out.Write(omittedJSON{output.NewHead("omitted"), paths})
	case Removed:
		for _, p := range ev.What {
			if err := f.out.Write(removedJSON{output.NewHead("removed"), p.Key, p.Name, p.Dir, p.Size, p.Have}); err != nil {
				return err
			}
		}
	case Shared:
		return f.out.Write(newShared(ev))
	case Warning:
		if ev.Hint != "" {
			_, _ = fmt.Fprintln(f.notices, output.Mistake(ev.Text, ev.Hint))
		}
		return f.out.Write(warningJSON{output.NewHead("warning"), ev.Text})
	}
	return nil
}

// news reports whether something has changed since the last time: who waits for
// an answer for an hour need not be told so four times a second.
func (f *jsonFace) news(ev Progress) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := ev.At
	at.Peer.Topics, at.Peer.Via = nil, nil
	before, known := f.last[ev.ID]
	f.last[ev.ID] = at
	return !known || before.Phase != at.Phase || before.BytesDone != at.BytesDone || before.FilesDone != at.FilesDone ||
		before.Sent != at.Sent || before.Received != at.Received
}

func newDeal(kind string, d Deal) dealJSON {
	out := dealJSON{Head: output.NewHead(kind), Offer: d.ID}
	person := output.NewPersonKnown(d.Peer, d.Known)
	if d.Incoming {
		out.From = &person
	} else {
		out.To = &person
	}
	return out
}

func newOffer(ev Offered) offerJSON {
	out := offerJSON{dealJSON: newDeal("offer", ev.Deal), Count: ev.Count, Files: ev.Files, Size: ev.Size, Text: ev.Text}
	for _, item := range ev.Items {
		out.Items = append(out.Items, itemJSON{item.Name, kind(item), item.Files, item.Size})
	}
	if ev.Partial != nil {
		out.Here = ev.Partial.Have
	}
	return out
}

func newProgress(ev Progress) progressJSON {
	at := ev.At
	return progressJSON{
		newDeal("progress", ev.Deal), at.Phase.String(), at.Files, at.FilesDone, at.Bytes, at.BytesDone, at.Skipped,
		at.Sent, at.Received, at.Holders, at.Current, int64(ev.Rate), float64(ev.Left.Milliseconds()) / 1000,
	}
}

func newReceived(ev Received) receivedJSON {
	out := receivedJSON{dealJSON: newDeal("received", ev.Deal)}
	if ev.Text != "" {
		out.Kind, out.Size, out.Text = "text", ev.Size, ev.Text
		return out
	}
	item := ev.Item
	out.Name, out.Kind, out.Path, out.Files, out.Size, out.Skipped = item.Name, kind(item.Item), item.Path, item.Files, item.Size, item.Skipped
	if !item.Dir {
		out.Root = hex.EncodeToString(item.Root[:])
	}
	return out
}

func newFailed(ev Failed) failedJSON {
	out := failedJSON{reasonJSON: reasonJSON{newDeal("failed", ev.Deal), code(ev.Err), because(ev.Err)}, Size: ev.Size, Done: ev.At.BytesDone}
	if part := (*share.IncompleteError)(nil); errors.As(ev.Err, &part) {
		out.Failed = part.Failed
		for _, f := range part.Failures {
			out.Failures = append(out.Failures, failureJSON{f.Path, code(f.Err)})
		}
	}
	return out
}

func newShared(ev Shared) sharedJSON {
	out := sharedJSON{output.NewHead("shared"), ev.Name, ev.Path, nil, ev.Files, ev.Size, ev.Hidden, ev.More}
	for _, p := range ev.For {
		out.For = append(out.For, output.NewPerson(p))
	}
	return out
}

// kind returns what an item is, as commands are told as well.
func kind(item share.Item) string {
	if item.Dir {
		return "folder"
	}
	return "file"
}
