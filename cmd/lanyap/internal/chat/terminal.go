package chat

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

// TerminalConfig is what [NewTerminal] needs.
type TerminalConfig struct {
	In, Out   *os.File
	Paint     io.Writer // to Out; nil: Out itself
	Members   *Room
	Files     Files                                                    // nil: none are moved
	Page      func() []string                                          // see [Config]
	Invite    func() []string                                          // see [Config]
	Ask       func(ctx context.Context, p mesh.Peer) ([]string, error) // see [Verifier]; nil: nobody can be verified
	Self      mesh.Peer
	NoColor   bool
	Interrupt func() // called for Ctrl-C
}

// Terminal is a face and an input: what happens scrolls by, and the line being
// typed stays below it.
//
// Keys are read by Bubble Tea and edited in the text area of Bubbles; what is
// shown is drawn by a [screen.Painter] of our own, see there for why. The terminal of
// golang.org/x/term was tried first: it counts every character as one column,
// so wide ones break the line; a paste of three lines is three messages; and
// Ctrl-C and Ctrl-D are the same to it. The readline packages have no way to
// print above the line, or none that takes a paste as one.
type Terminal struct {
	cfg     TerminalConfig
	files   *movedText
	console *screen.Console
	painter *screen.Painter
	program *tea.Program
	queue   *typed
	unwatch func()
	done    chan struct{} // closed when no more keys are read
}

// NewTerminal takes over the terminal until [Terminal.Close].
func NewTerminal(cfg TerminalConfig) (*Terminal, error) {
	t := &Terminal{cfg: cfg, files: newMovedText(), console: screen.NewConsole(cfg.In, cfg.Out), queue: newTyped(), done: make(chan struct{})}
	if err := t.console.Take(); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	if t.cfg.Paint == nil {
		t.cfg.Paint = cfg.Out
	}
	t.painter = screen.NewPainter(t.cfg.Paint, t.console.Size(), screen.Typing)
	editor := newEditor(t.queue, t.painter)
	editor.interrupt, editor.suspend = cfg.Interrupt, t.suspend
	editor.commands = &interpreter{
		room: cfg.Members, files: cfg.Files, page: cfg.Page, invite: cfg.Invite, draw: t.draw, ask: cfg.Ask,
		tell: t.tell, show: t.show,
	}
	t.program = tea.NewProgram(editor, tea.WithInput(cfg.In), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithoutSignalHandler())
	t.queue.taken = func() { t.program.Send(takenMsg{}) }
	var failed error
	go func() {
		defer close(t.done)
		_, failed = t.program.Run()
		t.queue.end() // a terminal that went away is the end of input
	}()
	select {
	case <-editor.started:
	case <-t.done:
		t.console.Give()
		return nil, failed
	}
	go t.painter.Run()
	t.unwatch = sync.OnceFunc(screen.Watch(t.resized, t.resumed))
	t.resized()
	return t, nil
}

// Close gives the terminal back as it was. It takes a second at most; what a
// terminal does not take in that time is lost.
func (t *Terminal) Close() {
	t.unwatch()
	t.program.Send(closeMsg{})
	<-t.done
	t.painter.Close()
	t.console.Close()
}

// Abandon gives the terminal back at once, whatever waits to be shown. It is
// for a program that ends in the midst of something.
func (t *Terminal) Abandon() {
	t.console.Close()
	screen.Typing.Abandon(t.cfg.Paint)
}

func (t *Terminal) resized() {
	size := t.console.Size()
	t.program.Send(tea.WindowSizeMsg{Width: size.Width, Height: size.Height})
}

// suspend stops the program, as Ctrl-Z does.
func (t *Terminal) suspend() {
	t.painter.Hold()
	t.console.Give()
	screen.Stop()
	if t.painter.Held() { // nothing could stop us
		t.resumed()
	}
}

// resumed takes the terminal again from whoever had it.
func (t *Terminal) resumed() {
	if t.console.Take() == nil {
		t.painter.Release()
	}
}

// Next implements [Input].
func (t *Terminal) Next(ctx context.Context) (Utterance, error) { return t.queue.next(ctx) }

// Ended implements [Input].
func (t *Terminal) Ended() <-chan struct{} { return t.queue.ended }

// Show implements [Face].
func (t *Terminal) Show(ev Event) error {
	if text := t.render(ev); text != "" {
		t.painter.Await()
		t.painter.Print(text)
	}
	return nil
}

// Log shows a line that is not of the chat, and reports whether the terminal is
// still ours. It waits for nobody: what logs may be what has to go on.
func (t *Terminal) Log(line string) bool {
	return t.painter.Print(t.paint(faint, safe.Text(strings.TrimSuffix(line, "\n"))))
}

// tell shows an answer. Its lines are ours, and look like it.
func (t *Terminal) tell(answer string) {
	for line := range strings.SplitSeq(answer, "\n") {
		t.painter.Print(t.paint(faint, line))
	}
}

// draw returns the code of an address, if the terminal is wide enough.
func (t *Terminal) draw(url string) string {
	code, _ := qr.Draw(url, t.console.Size().Width-1, !t.cfg.NoColor)
	return code
}

// show is tell for what has colours of its own.
func (t *Terminal) show(answer string) {
	for line := range strings.SplitSeq(answer, "\n") {
		t.painter.Print(line)
	}
}

// render returns what is shown of ev, "" for nothing. Receipts are not shown:
// that all have a message is what people expect.
func (t *Terminal) render(ev Event) string {
	switch ev := ev.(type) {
	case Message:
		label := t.cfg.Members.Label(ev.From)
		if ev.Private {
			label += " (private)"
		}
		if ev.History {
			return t.said(faint, when(ev), label, ev.Text)
		}
		return t.said(t.style(ev.From), "", label, ev.Text)
	case Sent:
		label := t.cfg.Members.Label(t.cfg.Self)
		if ev.To != nil {
			label += " (private, to " + t.cfg.Members.LabelGone(*ev.To) + ")"
		}
		return t.said(bold, "", label, ev.Text)
	}
	text := notice(ev, t.cfg.Members)
	if moved, ok := ev.(Moved); ok {
		text = t.files.line(moved)
	}
	if strings.HasPrefix(text, "* ") {
		return t.paint(faint, text)
	}
	return text
}

// said returns what a message looks like: `name: text`, or `~ name text` for
// what somebody does.
func (t *Terminal) said(style, time, label, text string) string {
	if what, ok := deed(text); ok {
		return t.paint(style, time+"~ "+label) + " " + what
	}
	return t.paint(style, time+label+":") + " " + safe.Text(text)
}

func (t *Terminal) style(from mesh.Peer) string {
	if from.ID == t.cfg.Self.ID {
		return bold
	}
	return colors[int(from.ID[0])%len(colors)]
}

// SGR sequences (ECMA-48, 8.3.117). Colours only help the eye: names are
// always there, notices start with a star, and what was said earlier with its
// time in brackets.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	reset = "\x1b[0m"
)

// colors are those of the 16 that are legible on light and dark screens.
var colors = []string{"\x1b[1;31m", "\x1b[1;32m", "\x1b[1;34m", "\x1b[1;35m", "\x1b[1;36m"}

func (t *Terminal) paint(style, text string) string {
	if t.cfg.NoColor {
		return text
	}
	return style + text + reset
}
