package transfer

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
)

// ScreenConfig is what [NewScreen] needs.
type ScreenConfig struct {
	In        *os.File  // where keys come from; nil: nobody is asked
	Out       *os.File  // the terminal
	Paint     io.Writer // to Out; nil: Out itself
	Arrived   io.Writer // paths and texts that have arrived; nil: the terminal
	NoColor   bool
	Quiet     bool   // no notices but mistakes
	Bars      bool   // progress as bars
	Lines     bool   // progress as lines
	Interrupt func() // called for Ctrl-C; keys are read in raw mode
}

// Screen is a face on a terminal: what happens scrolls by, and below it stand a
// row or two for each transfer, and the question that waits for a key.
//
// Bubbles draws the bars, and the painter that holds a chat's input line puts
// them where they belong. mpb was looked at: it owns the lines below what scrolls
// by as well, so a question that waits for a key, or a log, would have to be one
// of its bars; and it would be a second answer to what a terminal does that is
// resized, stopped or not read.
type Screen struct {
	cfg     ScreenConfig
	console *screen.Console
	painter *screen.Painter
	unwatch func()
	keys    chan rune
	plain   *plain // for what scrolls by

	mu    sync.Mutex // guards the rest
	under []Progress // in the order in which they began
	asked string     // the offer that waits for a key; empty: none
}

// NewScreen takes the terminal until [Screen.Close].
func NewScreen(cfg ScreenConfig) (*Screen, error) {
	if cfg.Paint == nil {
		cfg.Paint = cfg.Out
	}
	in := cfg.In
	if in == nil {
		in = cfg.Out
	}
	s := &Screen{cfg: cfg, console: screen.NewConsole(in, cfg.Out)}
	if cfg.In != nil {
		if err := s.console.Take(); err != nil {
			return nil, fmt.Errorf("terminal: %w", err)
		}
		s.keys = make(chan rune, keysAhead)
	}
	s.painter = screen.NewPainter(cfg.Paint, s.console.Size(), screen.Watching)
	arrived := cfg.Arrived
	if arrived == nil {
		arrived = printer{s}
	}
	s.plain = NewPlain(PlainConfig{Out: arrived, Notices: printer{s}, Quiet: cfg.Quiet, Lines: cfg.Lines}).(*plain)
	go s.painter.Run()
	s.unwatch = sync.OnceFunc(screen.Watch(s.resized, s.resumed))
	if cfg.In != nil {
		go s.readKeys() // last: a key may stop all of it
	}
	return s, nil
}

// Keys returns what is typed, or nil if nothing is read.
func (s *Screen) Keys() <-chan rune { return s.keys }

// Output returns what prints lines on the screen, for commands.
func (s *Screen) Output() io.Writer { return printer{s} }

// Close gives the terminal back as it was.
func (s *Screen) Close() {
	s.unwatch()
	s.painter.Close()
	s.console.Close()
}

// Abandon gives the terminal back at once, for a program that ends in the midst
// of something.
func (s *Screen) Abandon() {
	s.console.Close()
	screen.Watching.Abandon(s.cfg.Paint)
}

func (s *Screen) give() {
	if s.cfg.In != nil {
		s.console.Give()
	}
}

// Log shows a line that is not about transfers, and reports whether the terminal
// is still ours.
func (s *Screen) Log(line string) bool {
	return s.painter.Print(safe.Text(strings.TrimSuffix(line, "\n")))
}

// Show implements [Face].
func (s *Screen) Show(ev Event) error {
	s.painter.Await()
	s.note(ev)
	if asked, ok := ev.(Asked); ok {
		s.painter.Print(question(asked))
	} else if err := s.plain.Show(ev); err != nil {
		return err
	}
	s.painter.Show(s.block())
	return nil
}

// note remembers what ev says of what stands below.
func (s *Screen) note(ev Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case Asked:
		s.asked = ev.ID
	case Accepted:
		s.answeredLocked(ev.ID)
	case Refused:
		s.answeredLocked(ev.ID)
		s.overLocked(ev.ID)
	case Withdrawn:
		s.answeredLocked(ev.ID)
	case Progress:
		if i := s.indexLocked(ev.ID); i >= 0 {
			s.under[i] = ev
		} else {
			s.under = append(s.under, ev)
		}
	case Completed:
		s.overLocked(ev.ID)
	case Failed:
		s.overLocked(ev.ID)
	}
}

func (s *Screen) answeredLocked(id string) {
	if s.asked == id {
		s.asked = ""
	}
}

func (s *Screen) indexLocked(id string) int {
	return slices.IndexFunc(s.under, func(ev Progress) bool { return ev.ID == id })
}

func (s *Screen) overLocked(id string) {
	if i := s.indexLocked(id); i >= 0 {
		s.under = slices.Delete(s.under, i, i+1)
	}
}

// block returns what stands below what scrolls by.
func (s *Screen) block() screen.Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := s.painter.Size()
	r := rows{width: size.Width, height: size.Height, color: !s.cfg.NoColor}
	var lines []string
	if s.cfg.Bars {
		lines = r.layOut(s.under)
	}
	x := 0
	if s.asked != "" {
		row := r.cut(choices)
		lines, x = append(lines, row), min(ansi.StringWidth(row)+1, size.Width-1)
	}
	return screen.Block{Rows: lines, X: x, Y: max(0, len(lines)-1)}
}

func (s *Screen) resized() {
	s.painter.Resize(s.console.Size())
	s.painter.Show(s.block())
}

// suspend stops the program, as Ctrl-Z does.
func (s *Screen) suspend() {
	s.painter.Hold()
	s.give()
	screen.Stop()
	if s.painter.Held() { // nothing could stop us
		s.resumed()
	}
}

// resumed takes the terminal again from whoever had it.
func (s *Screen) resumed() {
	if s.cfg.In != nil && s.console.Take() != nil {
		return
	}
	s.painter.Release()
}

// readKeys hands on keys, one at a time, for as long as the terminal gives some.
// More than one at once is a paste or a key that is no letter, and answers
// nothing.
func (s *Screen) readKeys() {
	defer close(s.keys)
	buf := make([]byte, 256)
	for {
		n, err := s.cfg.In.Read(buf)
		if err != nil {
			return
		}
		typed := string(buf[:n])
		switch {
		case strings.Contains(typed, ctrlC):
			s.cfg.Interrupt()
		case typed == ctrlZ:
			s.suspend()
		case n == 1:
			select {
			case s.keys <- rune(buf[0]):
			default: // nobody asks any more; Ctrl-C has to come through
			}
		}
	}
}

// keysAhead is how many keys may wait to be looked at.
const keysAhead = 16

const (
	ctrlC = "\x03"
	ctrlZ = "\x1a"
)

// printer prints lines on a screen.
type printer struct{ s *Screen }

func (p printer) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		p.s.painter.Await()
		p.s.painter.Print(safe.Text(strings.TrimSuffix(line, "\n")))
	}
	return len(text), nil
}
