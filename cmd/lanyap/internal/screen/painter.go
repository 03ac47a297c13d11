package screen

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// Painter draws what scrolls by and the block of rows below it in which a line
// is typed.
//
// Bubble Tea has a renderer of its own. What it prints above its rows it puts
// there by scrolling and inserting, over whatever the shell had on the screen:
// before its first frame it takes the whole screen for its own
// (charmbracelet/bubbletea#1740), later the rows that it drew last and not
// those of the view it is about to draw (#1736). Every cell of the screen that
// a terminal claims to have is kept, and who writes waits for the terminal for
// ever. The painter knows nothing of the screen but the rows that it drew
// itself. It goes up to the first of them, erases them, writes what is to be
// printed and then the block anew: nothing above is ever touched, and the
// terminal scrolls by itself.
type Painter struct {
	out  io.Writer
	mode Mode
	wake chan struct{} // one token: there is something to draw
	done chan struct{} // closed when nothing more is drawn

	writing sync.Mutex // held from drawing until that is written

	mu      sync.Mutex // guards the rest
	room    sync.Cond  // of mu: above has shrunk, or the painter is closed
	above   []string   // to be printed, not laid out
	waiting int        // bytes in above
	block   Block      // to be drawn
	size    Size
	lead    string // control sequences that go before everything else
	held    bool   // somebody else has the terminal
	closed  bool
	row     int // of the drawn block in which the cursor is
}

// Block is what stands below everything else.
type Block struct {
	Rows []string // narrower than the screen
	X, Y int      // of the cursor
}

// Size is what a terminal says it has, within reason.
type Size struct{ Width, Height int }

// A terminal that says nothing is like most were; one that claims thousands
// (it may claim 65,535 by 65,535) is not believed, since a row costs memory.
const (
	usualWidth, usualHeight = 80, 24
	mostWidth, mostHeight   = 1000, 500
)

// SizeOf returns the size of a terminal that says that it has so many columns and
// rows.
func SizeOf(width, height int) Size {
	if width <= 0 {
		width = usualWidth
	}
	if height <= 0 {
		height = usualHeight
	}
	return Size{Width: min(width, mostWidth), Height: min(height, mostHeight)}
}

const (
	// PrintAhead is how many bytes may wait to be printed before [Painter.Await]
	// waits.
	PrintAhead = 64 << 10

	// finishLimit is how long the last of it may take. A terminal that nobody
	// reads takes nothing at all.
	finishLimit = 500 * time.Millisecond
)

// Control sequences of ECMA-48 and of DEC's terminals. Those that a terminal
// does not know it ignores.
const (
	clearScreen = "\x1b[H\x1b[2J" // CUP, ED
	eraseBelow  = "\x1b[J"        // ED, to the end
	wrapOff     = "\x1b[?7l"      // DECAWM: a row stays one, even if it is wider than we computed
	wrapOn      = "\x1b[?7h"      //
	takeKeys    = "\x1b[?2004h" + // pastes come in brackets,
		"\x1b[>4;2m" + "\x1b[>1u" // and Shift-Enter is told from Enter: xterm's modifyOtherKeys, Kitty's flags
	giveKeys = "\x1b[?2004l" + "\x1b[>4m" + "\x1b[<u"
)

// Mode is what a painter tells a terminal when it takes it, and when it gives it
// back.
type Mode struct{ take, give string }

var (
	Typing = Mode{takeKeys, giveKeys} // somebody edits a line in the block

	// Watching: the block is only looked at. Its cursor stays to be seen, since
	// nobody would bring it back who is killed, or stopped by Ctrl-Z.
	Watching = Mode{}
)

// Abandon gives a terminal back at once, wherever its cursor is, for a program
// that ends in the midst of something.
func (m Mode) Abandon(out io.Writer) {
	given := make(chan struct{})
	go func() {
		defer close(given)
		_, _ = io.WriteString(out, m.give+wrapOn+"\r\n")
	}()
	select {
	case <-given:
	case <-time.After(abandonLimit):
	}
}

// abandonLimit is how long a terminal may take to be told that we go.
const abandonLimit = 100 * time.Millisecond

// NewPainter returns a painter on out, which draws once [Painter.Run] does.
func NewPainter(out io.Writer, screen Size, mode Mode) *Painter {
	p := &Painter{out: out, mode: mode, wake: make(chan struct{}, 1), done: make(chan struct{}), size: screen}
	p.room.L = &p.mu
	// What the shell wrote last may lack its line feed. As many spaces as a
	// row has go over to the next row then, and stay on an empty one.
	p.lead = strings.Repeat(" ", screen.Width) + mode.take
	return p
}

// Run draws until the painter is closed.
func (p *Painter) Run() {
	defer close(p.done)
	for range p.wake {
		if p.paint() {
			return
		}
	}
}

// Print adds text to what scrolls by, and reports whether that is still drawn.
func (p *Painter) Print(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.above = append(p.above, text)
	p.waiting += len(text)
	signal(p.wake)
	return true
}

// Await returns when there is room for something to print.
func (p *Painter) Await() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting > PrintAhead && !p.closed {
		p.room.Wait()
	}
}

// Show replaces the block.
func (p *Painter) Show(b Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.block = b
	signal(p.wake)
}

// Resize makes it draw for a screen of another size.
func (p *Painter) Resize(screen Size) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = screen
	signal(p.wake)
}

// Wipe clears the screen.
func (p *Painter) Wipe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lead, p.row = p.lead+clearScreen, 0
	signal(p.wake)
}

// Hold takes the block off the screen and draws nothing until release.
func (p *Painter) Hold() {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.write(p.drawLast())
}

// drawLast returns what leaves the terminal to somebody else.
func (p *Painter) drawLast() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held || p.closed {
		return ""
	}
	p.held = true
	return p.drawLocked(Block{}) + p.mode.give
}

// Size returns what it draws for.
func (p *Painter) Size() Size {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size
}

// Behind reports whether more waits to be printed than Await lets through.
func (p *Painter) Behind() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting > PrintAhead
}

// Held reports whether the terminal is somebody else's.
func (p *Painter) Held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// Release goes on after hold, or after somebody else wrote to the terminal:
// the cursor is then at the start of a row that is ours.
func (p *Painter) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.held, p.row, p.lead = false, 0, p.mode.take
	signal(p.wake)
}

// Close prints what waits, takes the block off the screen and ends. It takes
// finishLimit at most.
func (p *Painter) Close() {
	p.mu.Lock()
	p.closed = true
	p.room.Broadcast()
	signal(p.wake)
	p.mu.Unlock()
	select {
	case <-p.done:
	case <-time.After(finishLimit):
	}
}

// paint draws what has changed and reports whether that was the last.
func (p *Painter) paint() (last bool) {
	p.writing.Lock()
	defer p.writing.Unlock()
	text, last := p.draw()
	p.write(text)
	return last
}

func (p *Painter) draw() (text string, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.held:
		return "", p.closed
	case p.closed:
		return p.drawLocked(Block{}) + p.mode.give, true
	}
	return p.drawLocked(p.block), false
}

func (p *Painter) write(text string) {
	// A terminal that is gone ends the input; there is nobody to tell.
	_, _ = io.WriteString(p.out, text)
}

// drawLocked returns what draws b below everything that was to be printed.
func (p *Painter) drawLocked(b Block) string {
	var out strings.Builder
	out.WriteString(p.lead + "\r")
	if p.row > 0 {
		out.WriteString(ansi.CursorUp(p.row))
	}
	out.WriteString(eraseBelow + wrapOff)
	for _, text := range p.above {
		for _, line := range LayOut(text, p.size.Width) {
			out.WriteString(line + "\r\n")
		}
	}
	p.above, p.waiting, p.lead = nil, 0, ""
	p.room.Broadcast()

	rows, y := b.Rows, b.Y
	for len(rows) > p.size.Height && y > 0 { // going up ends at the top of the screen
		rows, y = rows[1:], y-1
	}
	rows = rows[:min(len(rows), p.size.Height)]
	for i, row := range rows {
		if i > 0 {
			out.WriteString("\r\n")
		}
		out.WriteString(row)
	}
	out.WriteString(wrapOn)
	if up := len(rows) - 1 - y; up > 0 {
		out.WriteString(ansi.CursorUp(up))
	}
	out.WriteByte('\r')
	if b.X > 0 {
		out.WriteString(ansi.CursorForward(b.X))
	}
	p.row = y
	return out.String()
}

// signal leaves a token in c unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
