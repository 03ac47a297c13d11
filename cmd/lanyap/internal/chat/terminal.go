package chat

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/mesh"
)

// TerminalConfig is what [NewTerminal] needs.
type TerminalConfig struct {
	In, Out   *os.File
	Members   *Room
	Self      mesh.Peer
	NoColor   bool
	Interrupt func() // called for Ctrl-C
}

// Terminal is a face and an input: what happens scrolls by, and the line being
// typed stays below it.
//
// It is built on Bubble Tea and the text area of Bubbles, as the full-screen
// face will be. The terminal of golang.org/x/term was tried first: it counts
// every character as one column, so wide ones break the line; a paste of
// three lines is three messages; and Ctrl-C and Ctrl-D are the same to it.
// The readline packages have no way to print above the line, or none that
// takes a paste as one.
type Terminal struct {
	cfg     TerminalConfig
	program *tea.Program
	queue   *typed
	done    chan struct{} // closed when the terminal is as it was before

	printing sync.Mutex // held for all parts of one event
	size     *screen
}

// screen is the size that the terminal said last.
type screen struct {
	mu            sync.Mutex // guards the rest
	width, height int
	input         int // rows of the input line
}

func (s *screen) set(width, height, input int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.width, s.height, s.input = width, height, input
}

// fit returns how wide a printed line may be, and how many lines fit above the
// input at once.
func (s *screen) fit() (width, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.width-1, 10), max(s.height-s.input-1, 1)
}

// NewTerminal takes over the terminal until [Terminal.Close].
func NewTerminal(cfg TerminalConfig) (*Terminal, error) {
	t := &Terminal{
		cfg:   cfg,
		queue: newTyped(),
		done:  make(chan struct{}),
		size:  &screen{width: 80, height: 24, input: 1},
	}
	started := make(chan struct{})
	t.program = tea.NewProgram(newEditor(t.queue, t.size, cfg.Interrupt, started),
		tea.WithInput(cfg.In), tea.WithOutput(cfg.Out), tea.WithoutSignalHandler())
	var failed error
	go func() {
		defer close(t.done)
		_, failed = t.program.Run()
		t.queue.end() // a terminal that went away is the end of input
	}()
	select {
	case <-started:
		return t, nil
	case <-t.done:
		return nil, failed
	}
}

// Close gives the terminal back as it was.
func (t *Terminal) Close() {
	t.program.Send(closeMsg{})
	<-t.done
}

// Next implements [Input].
func (t *Terminal) Next(ctx context.Context) (Utterance, error) { return t.queue.next(ctx) }

// Ended implements [Input].
func (t *Terminal) Ended() <-chan struct{} { return t.queue.ended }

// Show implements [Face].
func (t *Terminal) Show(ev Event) error {
	text := t.render(ev)
	if text == "" {
		return nil
	}
	t.printing.Lock()
	defer t.printing.Unlock()
	for _, part := range t.layOut(text) {
		// What Println returns is the message that prints; sent by hand,
		// messages keep their order and a program that has ended is no obstacle.
		t.program.Send(tea.Println(part)())
	}
	return nil
}

// layOut breaks text at the width of the screen and into parts that fit above
// the input. Bubble Tea inserts lines above its own by scrolling, which goes
// wrong for what is longer than the screen, and where the terminal wraps a
// wide character earlier than it computes.
func (t *Terminal) layOut(text string) []string {
	width, rows := t.size.fit()
	text = strings.ReplaceAll(text, "\t", continuation)
	wrapped := ansi.Wrap(text, width-len(continuation), "")
	lines := strings.Split(wrapped, "\n")
	for i := range lines[1:] {
		lines[i+1] = continuation + lines[i+1]
	}
	var parts []string
	for len(lines) > 0 {
		n := min(rows, len(lines))
		parts = append(parts, strings.Join(lines[:n], "\n"))
		lines = lines[n:]
	}
	return parts
}

// render returns what is shown of ev, "" for nothing. Receipts are not shown:
// that all have a message is what people expect.
func (t *Terminal) render(ev Event) string {
	switch ev := ev.(type) {
	case Message:
		if ev.History {
			return t.paint(faint, when(ev)+t.label(ev.From, ev.Private)+":") + " " + output.Text(ev.Text)
		}
		return t.said(ev.From, ev.Text, ev.Private)
	case Sent:
		return t.said(t.cfg.Self, ev.Text, ev.To != nil)
	}
	text := notice(ev, t.cfg.Members)
	if strings.HasPrefix(text, "* ") {
		return t.paint(faint, text)
	}
	return text
}

func (t *Terminal) said(from mesh.Peer, text string, private bool) string {
	style := bold
	if from.ID != t.cfg.Self.ID {
		style = colors[int(from.ID[0])%len(colors)]
	}
	return t.paint(style, t.label(from, private)+":") + " " + output.Text(text)
}

func (t *Terminal) label(from mesh.Peer, private bool) string {
	if private {
		return t.cfg.Members.Label(from) + " (private)"
	}
	return t.cfg.Members.Label(from)
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

// typed is what was entered and is not said yet.
type typed struct {
	arrived chan struct{} // one token: lines has grown
	ended   chan struct{}
	once    sync.Once // closes ended

	mu    sync.Mutex // guards the rest
	lines []string
	bytes int
}

func newTyped() *typed {
	return &typed{arrived: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (q *typed) end() { q.once.Do(func() { close(q.ended) }) }

// add appends text and reports whether there was room for it.
func (q *typed) add(text string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes > 0 && q.bytes+len(text) > ReadAhead {
		return false
	}
	q.bytes += len(text)
	q.lines = append(q.lines, text)
	signal(q.arrived)
	return true
}

// len returns how many lines wait.
func (q *typed) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines)
}

func (q *typed) take() (string, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 {
		return "", false
	}
	text := q.lines[0]
	q.lines = q.lines[1:]
	q.bytes -= len(text)
	return text, true
}

func (q *typed) next(ctx context.Context) (Utterance, error) {
	for {
		if text, ok := q.take(); ok {
			return Utterance{Text: text}, nil
		}
		select {
		case <-q.arrived:
		case <-q.ended:
			// Both may be so at once.
			if text, ok := q.take(); ok {
				return Utterance{Text: text}, nil
			}
			return Utterance{}, io.EOF
		case <-ctx.Done():
			return Utterance{}, ctx.Err()
		}
	}
}
