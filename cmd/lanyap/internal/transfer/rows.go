package transfer

import (
	"fmt"
	"image/color"
	"strings"

	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh/share"
)

const (
	maxLabel = 30 // columns of whom or what a row is about
	maxBar   = 30
	minBar   = 8  // a shorter bar says nothing
	maxRows  = 10 // of the screen that transfers take, half of it at most
)

// rows lays out transfers for a screen. The bar itself is that of Bubbles.
type rows struct {
	width, height int
	color         bool
}

// layOut returns rows for what is under way, one or two for each, narrower than
// the screen.
func (r rows) layOut(under []Progress) []string {
	var out []string
	label := 0
	for _, ev := range under {
		label = max(label, ansi.StringWidth(r.label(ev)))
	}
	most := max(1, min(maxRows, r.height/2))
	for i, ev := range under {
		add := r.transfer(ev, label)
		if rest := len(under) - i; len(out)+len(add) > most && i > 0 || rest > 1 && len(out)+len(add) >= most && i > 0 {
			return append(out, r.cut(fmt.Sprintf("and %d more", rest)))
		}
		out = append(out, add[:min(len(add), most)]...)
	}
	return out
}

// label returns what tells one row from the others: to whom, or what from whom.
func (r rows) label(ev Progress) string {
	text := people.Name(ev.Peer)
	if ev.Incoming {
		text = subject(ev.Deal) + " from " + text
	}
	return ansi.Truncate(text, min(maxLabel, r.width/4), "…")
}

// transfer returns the rows of one.
func (r rows) transfer(ev Progress, label int) []string {
	head := r.label(ev)
	head += strings.Repeat(" ", max(0, label-ansi.StringWidth(head))) + "  "
	if ev.At.Phase != share.Moving && ev.At.Phase != share.Verifying {
		return []string{r.cut(head + state(ev))}
	}
	text := fmt.Sprintf(" %3d %%  %s", percent(ev.At.BytesDone, ev.At.Bytes), r.detail(ev))
	row := head + strings.TrimPrefix(text, " ")
	if room := r.width - 1 - ansi.StringWidth(head) - ansi.StringWidth(text); room >= minBar {
		row = head + r.bar(ev, min(room, maxBar)) + text
	}
	out := []string{r.cut(row)}
	if ev.At.Files > 1 {
		out = append(out, r.cut(fmt.Sprintf("  %s of %s files  %s", Count(ev.At.FilesDone), Count(ev.At.Files), r.current(ev))))
	}
	return out
}

func (r rows) detail(ev Progress) string {
	text := Bytes(ev.At.BytesDone) + " of " + Bytes(ev.At.Bytes)
	if ev.At.Phase == share.Verifying {
		return text + "  verifying"
	}
	if ev.Rate > 0 {
		text += "  " + rate(ev.Rate)
	}
	if ev.Left > 0 {
		text += "  " + duration(ev.Left) + " left"
	}
	return text
}

func (r rows) current(ev Progress) string {
	if ev.At.Current == "" {
		return ""
	}
	return itemName(ev.At.Current)
}

// bar returns a bar of so many columns.
func (r rows) bar(ev Progress, width int) string {
	full, empty := color.Color(lipgloss.NoColor{}), color.Color(lipgloss.NoColor{})
	if r.color {
		full, empty = lipgloss.Green, lipgloss.BrightBlack
	}
	bar := progress.New(progress.WithWidth(width), progress.WithoutPercentage(), progress.WithFillCharacters('█', '░'), progress.WithColors(full))
	bar.EmptyColor = empty
	done := 1.0
	if ev.At.Bytes > 0 {
		done = float64(ev.At.BytesDone) / float64(ev.At.Bytes)
	}
	return bar.ViewAs(done)
}

// cut makes a row narrower than the screen.
func (r rows) cut(row string) string { return ansi.Truncate(row, max(r.width-1, 1), "…") }
