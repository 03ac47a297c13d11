package transfer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

const (
	// maxItemName is how many columns of a name are shown: enough to know it by,
	// and too few to push what follows out of sight.
	maxItemName = 60
	// maxItems is how many items are named.
	maxItems = 3
)

// itemName returns the name of a file or folder as one thing on a line: safe to
// show, cut in its middle, and in quotes if it could pass for more than a name.
func itemName(name string) string {
	name = safe.Line(name)
	if width := ansi.StringWidth(name); width > maxItemName {
		half := (maxItemName - 1) / 2
		name = ansi.Truncate(name, half, "") + "…" + ansi.TruncateLeft(name, width-half, "")
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"(),:;*`, r) }) {
		return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(name) + `"`
	}
	return name
}

// names returns the names of the first items, folders with a slash behind.
func names(items []share.Item, count int) string {
	var list []string
	for _, item := range items[:min(len(items), maxItems)] {
		name := itemName(item.Name)
		if item.Dir {
			name += "/"
		}
		list = append(list, name)
	}
	if more := count - len(list); more > 0 {
		return strings.Join(list, ", ") + " and " + Count(more) + " more"
	}
	return strings.Join(list, ", ")
}

// what returns what a deal is about: `slides/, 12 files, 3.4 MiB`.
func what(d Deal) string {
	if d.Text != "" {
		return "a text of " + plural(len(d.Text), "byte")
	}
	text := names(d.Items, d.Count)
	if d.Files != 1 || d.Count != 1 || len(d.Items) == 1 && d.Items[0].Dir {
		text += ", " + plural(d.Files, "file")
	}
	return text + ", " + Bytes(d.Size)
}

// subject returns what a deal is about in few words, for the start of a row.
func subject(d Deal) string {
	switch {
	case d.Text != "":
		return "text"
	case d.Count == 1 && len(d.Items) == 1:
		return names(d.Items, 1)
	}
	return plural(d.Count, "item")
}

// whom returns the name of somebody with the short form of the ID, since names
// are not unique, and whether the user is sure of it, or the name is another's.
func whom(p mesh.Peer, v known.Verdict) string {
	text := people.Name(p) + " (" + p.ID.Short()
	if v.Standing == known.Verified || v.Standing == known.Changed {
		text += ", " + string(v.Standing)
	}
	return text + ")"
}

// notWho says of somebody that it is not the one who is known by its name.
func notWho(p mesh.Peer, like *known.Person) string {
	name := safe.Name(like.Name)
	if like.Name == p.Name {
		return "it is not the " + name + " (" + like.ID.Short() + ") who is known here"
	}
	return "the name looks like that of " + name + " (" + like.ID.Short() + ")"
}

func plural[T int | int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// notice returns the line that tells people of ev, or "" where there is nothing
// to tell.
func notice(ev Event) string {
	switch ev := ev.(type) {
	case Ready:
		if ev.Dir == "" {
			return ""
		}
		return fmt.Sprintf("* you are %s in %s; what is sent to you lands in %s", people.Name(ev.Self), output.RoomName(ev.Room, ev.Private), safe.Line(ev.Dir))
	case OtherSecret:
		return "warning: " + output.OtherSecret(ev.Addr, ev.Private)
	case Page:
		return output.Page(ev.URLs)
	case Offered:
		if ev.Incoming {
			return "" // it is asked about, taken or declined
		}
		return fmt.Sprintf("* offered to %s: %s", people.Name(ev.Peer), what(ev.Deal))
	case Accepted:
		if !ev.Incoming {
			return fmt.Sprintf("* %s takes it", people.Name(ev.Peer))
		}
		return fmt.Sprintf("* taking %s, from %s", what(ev.Deal), whom(ev.Peer, ev.Known))
	case Refused:
		if !ev.Incoming {
			return fmt.Sprintf("* %s %s", people.Name(ev.Peer), because(ev.Reason))
		}
		return fmt.Sprintf("* declined %s, from %s%s", what(ev.Deal), whom(ev.Peer, ev.Known), declinedBecause(ev.Reason))
	case Withdrawn:
		return fmt.Sprintf("* %s from %s %s", subject(ev.Deal), whom(ev.Peer, ev.Known), because(ev.Reason))
	case Completed:
		return completed(ev)
	case Failed:
		return failed(ev)
	case Omitted:
		return omitted(ev.What)
	case Removed:
		return removed(ev.What)
	case Shared:
		return shared(ev)
	case Warning:
		if ev.Hint == "" {
			return "* " + safe.Line(ev.Text)
		}
		return output.Mistake(ev.Text, ev.Hint)
	}
	return ""
}

func declinedBecause(err error) string {
	if code(err) == "declined" {
		return "" // by whoever reads this
	}
	return ": " + because(err)
}

func completed(ev Completed) string {
	moved := ev.At.Bytes - ev.At.Skipped
	text := Bytes(ev.At.Bytes)
	if ev.At.Files > 1 {
		text += ", " + plural(ev.At.Files, "file")
	}
	text += fmt.Sprintf(", verified, in %s", duration(ev.Took))
	if seconds := ev.Took.Seconds(); seconds > 0 && moved > 0 {
		text += " (" + rate(float64(moved)/seconds) + ")"
	}
	if ev.At.Skipped > 0 {
		text += "; " + Bytes(ev.At.Skipped) + " of it was there already"
	}
	switch {
	case ev.Incoming:
		return fmt.Sprintf("* received %s from %s: %s", subject(ev.Deal), people.Name(ev.Peer), text)
	case ev.Text != "":
		return fmt.Sprintf("* %s has the text", people.Name(ev.Peer))
	}
	return fmt.Sprintf("* %s has %s: %s", people.Name(ev.Peer), subject(ev.Deal), text)
}

func failed(ev Failed) string {
	part := Bytes(ev.At.BytesDone) + " of " + Bytes(ev.Size)
	if ev.Incoming && ev.Lost {
		return fmt.Sprintf("* %s from %s: %s; %s had come", subject(ev.Deal), people.Name(ev.Peer), because(ev.Err), part)
	}
	if ev.Incoming {
		return fmt.Sprintf("* %s from %s: %s; %s is kept, and goes on when it is sent again", subject(ev.Deal), people.Name(ev.Peer), because(ev.Err), part)
	}
	return fmt.Sprintf("* %s to %s: %s; %s is there, and the same command again goes on", subject(ev.Deal), people.Name(ev.Peer), because(ev.Err), part)
}

// maxOmitted is how many are named that are left out.
const maxOmitted = 5

func omitted(list []share.Omission) string {
	var parts []string
	for _, o := range list[:min(len(list), maxOmitted)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", itemName(o.Path), safe.Line(o.Reason)))
	}
	text := fmt.Sprintf("* %s left out: %s", Count(len(list)), strings.Join(parts, ", "))
	if more := len(list) - len(parts); more > 0 {
		text += " and " + Count(more) + " more"
	}
	return text
}

func shared(ev Shared) string {
	who := "everybody in room " + safe.Line(ev.Room)
	if len(ev.For) > 0 {
		var names []string
		for _, p := range ev.For {
			names = append(names, whom(p, known.Verdict{}))
		}
		who = strings.Join(names, ", ")
	}
	files := plural(ev.Files, "file") + ", " + Bytes(ev.Size)
	if ev.More {
		files = "more than " + files
	}
	text := fmt.Sprintf("* %s can read all of %s: %s, in %s", who, itemName(ev.Name)+"/", files, safe.Line(ev.Path))
	if ev.Hidden > 0 {
		text += fmt.Sprintf("\n* %s of it hidden, such as %s", plural(ev.Hidden, "file"), itemName(ev.Such))
	}
	return text
}

func removed(list []share.Partial) string {
	if len(list) == 0 {
		return "* there is nothing to remove"
	}
	lines := make([]string, len(list))
	for i, p := range list {
		name := safe.Name(p.Name)
		if name == "" {
			name = p.From.Short()
		}
		lines[i] = fmt.Sprintf("* removed %s from %s: %s of %s, in %s", names(p.Items, len(p.Items)), name, Bytes(p.Have), Bytes(p.Size), safe.Line(p.Dir))
	}
	return strings.Join(lines, "\n")
}
