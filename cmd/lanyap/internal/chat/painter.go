package chat

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// painter draws what scrolls by and the block of rows below it in which a line
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
type painter struct {
	out  io.Writer
	wake chan struct{} // one token: there is something to draw
	done chan struct{} // closed when nothing more is drawn

	writing sync.Mutex // held from drawing until that is written

	mu      sync.Mutex // guards the rest
	room    sync.Cond  // of mu: above has shrunk, or the painter is closed
	above   []string   // to be printed, not laid out
	waiting int        // bytes in above
	block   block      // to be drawn
	size    size
	lead    string // control sequences that go before everything else
	held    bool   // somebody else has the terminal
	closed  bool
	row     int // of the drawn block in which the cursor is
}

// block is what stands below everything else.
type block struct {
	rows []string // narrower than the screen
	x, y int      // of the cursor
}

// size is what a terminal says it has, within reason.
type size struct{ width, height int }

// A terminal that says nothing is like most were; one that claims thousands
// (it may claim 65,535 by 65,535) is not believed, since a row costs memory.
const (
	usualWidth, usualHeight = 80, 24
	mostWidth, mostHeight   = 1000, 500
)

func sizeOf(width, height int) size {
	if width <= 0 {
		width = usualWidth
	}
	if height <= 0 {
		height = usualHeight
	}
	return size{width: min(width, mostWidth), height: min(height, mostHeight)}
}

const (
	// printAhead is how many bytes may wait to be printed before Show waits.
	printAhead = 64 << 10

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

func newPainter(out io.Writer, screen size) *painter {
	p := &painter{out: out, wake: make(chan struct{}, 1), done: make(chan struct{}), size: screen}
	p.room.L = &p.mu
	// What the shell wrote last may lack its line feed. As many spaces as a
	// row has go over to the next row then, and stay on an empty one.
	p.lead = strings.Repeat(" ", screen.width) + takeKeys
	return p
}

// run draws until the painter is closed.
func (p *painter) run() {
	defer close(p.done)
	for range p.wake {
		if p.paint() {
			return
		}
	}
}

// print adds text to what scrolls by, and reports whether that is still drawn.
func (p *painter) print(text string) bool {
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

// await returns when there is room for something to print.
func (p *painter) await() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting > printAhead && !p.closed {
		p.room.Wait()
	}
}

// show replaces the block.
func (p *painter) show(b block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.block = b
	signal(p.wake)
}

// resize makes it draw for a screen of another size.
func (p *painter) resize(screen size) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = screen
	signal(p.wake)
}

// wipe clears the screen.
func (p *painter) wipe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lead, p.row = p.lead+clearScreen, 0
	signal(p.wake)
}

// hold takes the block off the screen and draws nothing until release.
func (p *painter) hold() {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.write(p.drawLast())
}

// drawLast returns what leaves the terminal to somebody else.
func (p *painter) drawLast() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held || p.closed {
		return ""
	}
	p.held = true
	return p.drawLocked(block{}) + giveKeys
}

// isHeld reports whether the terminal is somebody else's.
func (p *painter) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// release goes on after hold, or after somebody else wrote to the terminal:
// the cursor is then at the start of a row that is ours.
func (p *painter) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.held, p.row, p.lead = false, 0, takeKeys
	signal(p.wake)
}

// close prints what waits, takes the block off the screen and ends. It takes
// finishLimit at most.
func (p *painter) close() {
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
func (p *painter) paint() (last bool) {
	p.writing.Lock()
	defer p.writing.Unlock()
	text, last := p.draw()
	p.write(text)
	return last
}

func (p *painter) draw() (text string, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.held:
		return "", p.closed
	case p.closed:
		return p.drawLocked(block{}) + giveKeys, true
	}
	return p.drawLocked(p.block), false
}

func (p *painter) write(text string) {
	// A terminal that is gone ends the input; there is nobody to tell.
	_, _ = io.WriteString(p.out, text)
}

// drawLocked returns what draws b below everything that was to be printed.
func (p *painter) drawLocked(b block) string {
	var out strings.Builder
	out.WriteString(p.lead + "\r")
	if p.row > 0 {
		out.WriteString(ansi.CursorUp(p.row))
	}
	out.WriteString(eraseBelow)
	for _, text := range p.above {
		for _, line := range layOut(text, p.size.width) {
			out.WriteString(line + "\r\n")
		}
	}
	p.above, p.waiting, p.lead = nil, 0, ""
	p.room.Broadcast()

	rows, y := b.rows, b.y
	for len(rows) > p.size.height && y > 0 { // going up ends at the top of the screen
		rows, y = rows[1:], y-1
	}
	rows = rows[:min(len(rows), p.size.height)]
	out.WriteString(wrapOff)
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
	if b.x > 0 {
		out.WriteString(ansi.CursorForward(b.x))
	}
	p.row = y
	return out.String()
}

// layOut breaks text into lines that are narrower than the screen, so that
// lines after the first are indented and nobody's text looks like somebody
// else's.
func layOut(text string, width int) []string {
	width = max(width-1, 2*len(continuation))
	text = strings.ReplaceAll(text, "\t", continuation)
	lines := strings.Split(ansi.Wrap(text, width-len(continuation), ""), "\n")
	for i := range lines[1:] {
		lines[i+1] = continuation + lines[i+1]
	}
	return lines
}
