package chat

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

// NewPlain returns a face that writes `name: text` for each message to out,
// and notices and mistakes to notices.
func NewPlain(out, notices io.Writer, room *Room) Face {
	return &plain{out: out, notices: notices, room: room, files: newMovedText()}
}

type plain struct {
	room  *Room
	files *movedText

	mu           sync.Mutex // held while writing, so that lines stay whole
	out, notices io.Writer
}

func (f *plain) Show(ev Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m, ok := ev.(Message); ok {
		_, err := io.WriteString(f.out, when(m)+said(f.name(m.From), m.Text, m.Private)+"\n")
		return err
	}
	text := notice(ev, f.room)
	if moved, ok := ev.(Moved); ok {
		text = f.files.line(moved)
	}
	if text != "" {
		// Whoever closed standard error does not want to know.
		_, _ = io.WriteString(f.notices, text+"\n")
	}
	return nil
}

// name returns who said something: a name that is somebody else's says so.
func (f *plain) name(p mesh.Peer) string {
	if f.room.book.Judge(p).Standing == known.Changed {
		return people.Name(p) + " (" + string(known.Changed) + ")"
	}
	return people.Name(p)
}

// said returns what a message looks like, without the last line feed.
func said(name, text string, private bool) string {
	if private {
		name += " (private)"
	}
	return name + ": " + strings.ReplaceAll(safe.Text(text), "\n", "\n"+screen.Indent)
}

// when returns what goes before a message that was said earlier: its time, as
// its sender had it. Nothing else on a line begins with a bracket.
func when(m Message) string {
	if !m.History {
		return ""
	}
	return "[" + earlier(m.Sent.Local(), time.Now()) + "] "
}

// earlier returns t for people who read it at now.
func earlier(t, now time.Time) string {
	day, clock := t.Format(time.DateOnly), t.Format("15:04")
	switch day {
	case now.Format(time.DateOnly):
		return clock
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday " + clock
	}
	return day + " " + clock
}

// notice returns the line that tells people of ev, or "" where there is
// nothing to tell.
func notice(ev Event, room *Room) string {
	switch ev := ev.(type) {
	case Ready:
		return fmt.Sprintf("* you are %s in %s; waiting for others", people.Name(ev.Self), output.RoomName(ev.Room, ev.Private))
	case Page:
		return output.Page(ev.URLs)
	case Joined:
		text := fmt.Sprintf("* %s joined%s", room.Label(ev.Peer), browser(ev.Peer))
		if ev.Peer.Via != nil {
			text += fmt.Sprintf(" (through %s)", room.Label(*ev.Peer.Via))
		}
		if ev.Peer.ID == room.self.ID {
			return text // on another terminal
		}
		return text + met(ev)
	case Left:
		if ev.Reason == nil {
			return fmt.Sprintf("* %s left", room.LabelGone(ev.Peer))
		}
		return fmt.Sprintf("* %s left: %s", room.LabelGone(ev.Peer), output.Reason(ev.Reason))
	case Gap:
		if ev.Count == 1 {
			return fmt.Sprintf("* 1 message of %s is missing", room.Label(ev.From))
		}
		return fmt.Sprintf("* %d messages of %s are missing", ev.Count, room.Label(ev.From))
	case Delivered:
		if ev.Count == 0 {
			return "* nobody is here; nobody has this"
		}
	case Undelivered:
		names := make([]string, len(ev.Peers))
		for i, p := range ev.Peers {
			names[i] = room.Label(p)
		}
		return fmt.Sprintf("* %s left without having %q", strings.Join(names, ", "), excerpt(ev.Text))
	case OtherSecret:
		return "warning: " + output.OtherSecret(ev.Addr, ev.Private)
	case Asked:
		who := room.LabelGone(ev.Peer)
		return fmt.Sprintf("* %s asks whether you two know each other\n", who) + toCompare(who, ev.Words, ev.How)
	case Twice:
		return fmt.Sprintf("* two hosts have the key of %s: %s and %s", people.Name(ev.Peer), ev.At[0], ev.At[1])
	case Answer:
		return ev.Text
	case Warning:
		if ev.Hint == "" {
			return "* " + safe.Line(ev.Text)
		}
		return output.Mistake(ev.Text, ev.Hint)
	}
	return ""
}

// met is what there is to say of who has come: nothing as a rule.
func met(ev Joined) string {
	if like := ev.Met.Like; like != nil {
		name := safe.Name(like.Name)
		if like.Name == ev.Peer.Name {
			return fmt.Sprintf(": not the %s (%s) who is known here", name, like.ID.Short())
		}
		return fmt.Sprintf(": the name looks like that of %s (%s)", name, like.ID.Short())
	}
	text := ""
	if ev.Met.Standing == known.Verified {
		text = " (verified)"
	}
	if ev.Met.Was != "" {
		text += ", until now called " + safe.Name(ev.Met.Was)
	}
	return text
}

// standing is what is shown behind the name of who is here: of most nothing, and of
// who has the name of somebody else the name itself says it.
func standing(v known.Verdict) string {
	if v.Standing == known.Verified {
		return " (verified)"
	}
	return ""
}

// browser is what is shown behind the name of who is in one: what protects it is no
// better than the network that its page came over.
func browser(p mesh.Peer) string {
	if p.Web {
		return " (web)"
	}
	return ""
}

// excerptLen is how many characters of a message remind people which it was.
const excerptLen = 40

func excerpt(text string) string {
	text = safe.Line(text)
	if utf8.RuneCountInString(text) <= excerptLen {
		return text
	}
	return string([]rune(text)[:excerptLen-1]) + "…"
}
