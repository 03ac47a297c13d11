package chat

import (
	"errors"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/screen"
	"github.com/lanyap/lanyap/mesh"
)

const (
	promptMark  = "> "
	historySize = 200 // lines entered that can be called back
	inputRows   = 8   // of the screen that a long input takes at most
)

// editor is the input line as Bubble Tea wants it: everything happens in
// Update, which must not block.
type editor struct {
	area      textarea.Model
	queue     *typed
	painter   *screen.Painter
	commands  *interpreter
	interrupt func()        // for Ctrl-C
	suspend   func()        // for Ctrl-Z
	started   chan struct{} // closed when keys are read

	history []string
	recall  int     // index into history of what is shown; len(history) for the line being typed
	draft   string  // the line being typed, while something else is shown
	choice  *choice // what Tab offered, until the next key
	warning string  // under the input, until the next key
	width   int     // of the screen
	closing bool    // nothing is typed any more
}

// closeMsg ends the editor.
type closeMsg struct{}

// takenMsg says that fewer lines wait.
type takenMsg struct{}

// startedMsg is the first message of all.
type startedMsg struct{}

func newEditor(queue *typed, painter *screen.Painter) *editor {
	area := textarea.New()
	area.SetStyles(textarea.Styles{}) // as the terminal shows text
	area.SetPromptFunc(len(promptMark), func(info textarea.PromptInfo) string {
		if info.LineNumber == 0 {
			return promptMark
		}
		return strings.Repeat(" ", len(promptMark))
	})
	area.ShowLineNumbers = false
	area.CharLimit = 0                   // it would cut a paste without a word
	area.MaxContentHeight = mesh.MaxBody // a paste may have as many lines as fit into a message
	area.DynamicHeight = true
	area.MinHeight, area.MaxHeight = 1, inputRows
	area.SetVirtualCursor(false)
	area.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "shift+enter", "ctrl+j"))
	area.KeyMap.Paste = key.NewBinding() // the terminal pastes; no clipboard program is run
	area.Focus()
	return &editor{area: area, queue: queue, painter: painter, started: make(chan struct{})}
}

// Init implements tea.Model.
func (e *editor) Init() tea.Cmd { return func() tea.Msg { return startedMsg{} } }

// Update implements tea.Model.
func (e *editor) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case startedMsg:
		close(e.started)
	case closeMsg:
		e.closing = true
		cmd = tea.Quit
	case tea.WindowSizeMsg:
		if msg.Width <= 0 || msg.Height <= 0 {
			break // from Bubble Tea, which does not know the terminal
		}
		size := screen.SizeOf(msg.Width, msg.Height)
		e.width = size.Width
		e.area.MaxHeight = max(1, min(inputRows, size.Height/2))
		e.area.SetWidth(size.Width - 1) // a row that is full leaves the cursor where terminals do not agree
		e.painter.Resize(size)
	case tea.KeyPressMsg:
		e.warning = ""
		cmd = e.press(msg)
	case tea.PasteMsg:
		e.choice = nil
		msg.Content = strings.ReplaceAll(msg.Content, "\r\n", "\n")
		e.warning = tooLongToPaste(len(e.value()) + len(msg.Content))
		msg.Content = strings.NewReplacer(tab, "", "\t", tab).Replace(msg.Content)
		if e.warning == "" {
			e.area, cmd = e.area.Update(msg)
		}
	default:
		e.area, cmd = e.area.Update(msg)
	}
	e.painter.Show(e.block())
	return e, cmd
}

// tooLongToPaste returns what to say of a message that would be so long. It is
// refused at once: the text area would take minutes for megabytes.
func tooLongToPaste(length int) string {
	if length <= mesh.MaxBody {
		return ""
	}
	return fmt.Sprintf("not pasted: with %d bytes too long, a message has at most %d; paste it in parts", length, mesh.MaxBody)
}

// tab stands for a tabulator in the text area, which would make spaces of it.
// Unicode assigns no character to it: it is for use inside of programs.
const tab = "\ufdd0"

// value returns what is in the line.
func (e *editor) value() string { return strings.ReplaceAll(e.area.Value(), tab, "\t") }

// setValue replaces it.
func (e *editor) setValue(text string) { e.area.SetValue(strings.ReplaceAll(text, "\t", tab)) }

// choice is what Tab may put in the place of a word.
type choice struct {
	candidates []string
	next       int
	shown      string // in the line now
}

// complete puts the next candidate into the place of the word before the
// cursor.
func (e *editor) complete() {
	if e.choice == nil {
		line := []rune(strings.Split(e.area.Value(), "\n")[e.area.Line()])
		word, candidates := e.commands.complete(string(line[:min(e.area.Column(), len(line))]))
		e.choice = &choice{candidates: candidates, shown: word}
	}
	c := e.choice
	if len(c.candidates) == 0 {
		return
	}
	for range []rune(c.shown) {
		e.area, _ = e.area.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	c.shown = c.candidates[c.next%len(c.candidates)]
	c.next++
	e.area.InsertString(c.shown)
}

// press handles one key. What it does not know is the text area's.
func (e *editor) press(msg tea.KeyPressMsg) tea.Cmd {
	if msg.String() == "tab" {
		e.complete()
		return nil
	}
	e.choice = nil
	switch msg.String() {
	case "enter":
		e.enter()
		return nil
	case "ctrl+c":
		e.closing = true
		e.interrupt()
		return nil
	case "ctrl+d":
		if e.area.Length() == 0 {
			e.closing = true
			e.queue.end()
			return nil
		}
	case "ctrl+l":
		e.painter.Wipe()
		return nil
	case "ctrl+z":
		return func() tea.Msg { e.suspend(); return nil }
	case "up", "ctrl+p":
		if e.area.Line() == 0 && e.area.LineInfo().RowOffset == 0 {
			e.show(e.recall - 1)
			return nil
		}
	case "down", "ctrl+n":
		info := e.area.LineInfo()
		if e.area.Line() == e.area.LineCount()-1 && info.RowOffset == info.Height-1 {
			e.show(e.recall + 1)
			return nil
		}
	}
	var cmd tea.Cmd
	e.area, cmd = e.area.Update(msg)
	return cmd
}

// enter hands over what was typed. What cannot be said stays in the line.
func (e *editor) enter() {
	text := strings.TrimRight(e.value(), "\n") // a paste of lines ends with one
	if strings.TrimSpace(text) == "" {
		e.area.Reset()
		return
	}
	u, err := e.commands.enter(text)
	var mistake *MistakeError
	switch {
	case errors.Is(err, errQuit):
		e.closing = true
		e.queue.end()
		return
	case errors.As(err, &mistake):
		e.warning = mistake.Text + "; " + mistake.Hint
		return
	case u != nil && len(u.Text) > mesh.MaxBody:
		e.warning = fmt.Sprintf("too long: %d bytes, a message has at most %d; shorten it or send it in parts", len(u.Text), mesh.MaxBody)
		return
	case u != nil && !e.queue.add(*u):
		e.warning = "too much is waiting to be said; try again when somebody is here"
		return
	}
	e.history = append(e.history, text)
	if len(e.history) > historySize {
		e.history = e.history[1:]
	}
	e.recall, e.draft = len(e.history), ""
	e.area.Reset()
}

// show replaces what is in the line by entry i of the history.
func (e *editor) show(i int) {
	if i < 0 || i > len(e.history) {
		return
	}
	if e.recall == len(e.history) {
		e.draft = e.value()
	}
	e.recall = i
	if i == len(e.history) {
		e.setValue(e.draft)
		return
	}
	e.setValue(e.history[i])
}

// View implements tea.Model. The painter draws; Bubble Tea draws nothing.
func (e *editor) View() tea.View { return tea.View{} }

// block returns what is to be seen of the editor.
func (e *editor) block() screen.Block {
	if e.closing {
		return screen.Block{}
	}
	text := strings.ReplaceAll(e.area.View(), tab, "␉")
	below := e.warning
	if n := e.queue.len(); n > 0 && below == "" {
		below = fmt.Sprintf("(%d waiting until somebody is here)", n)
	}
	if below != "" {
		text += "\n" + ansi.Wrap(below, max(e.width-1, 10), "")
	}
	rows := strings.Split(text, "\n")
	for i, row := range rows {
		rows[i] = strings.TrimRight(row, " ") // the text area fills rows up
	}
	cursor := e.area.Cursor()
	return screen.Block{Rows: rows, X: cursor.X, Y: cursor.Y}
}
