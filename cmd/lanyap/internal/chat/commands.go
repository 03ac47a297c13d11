package chat

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
)

// interpreter tells commands from what is to be said. It stands above the
// inputs at which people type; what comes from a pipe or as JSON is text.
type interpreter struct {
	room   *Room
	files  Files                                                    // nil: none are moved
	page   func() []string                                          // nil: none is served
	invite func() []string                                          // the same as invites; nil: the room is open
	ask    func(ctx context.Context, p mesh.Peer) ([]string, error) // see [Verifier]; nil: nobody can be verified
	draw   func(url string) string                                  // empty: there is no room for it; nil: nowhere
	tell   func(text string)                                        // answers whoever typed; must not block
	show   func(text string)                                        // the same for what has colours of its own
}

// errQuit is what /quit means.
var errQuit = errors.New("quit")

const commandHelp = `* /who              who is here
* /msg NAME TEXT    tell one alone; a name with spaces goes into double quotes
* /me TEXT          what you do, such as /me waves
* /send PATH [NAME] offer a file or folder to all, or to one
* /get N [DIR]      take what is offered, into DIR or the current directory
* /decline N        turn it down
* /verify NAME      find out with somebody, by words that both read, who that is
* /trust NAME       remember that you are sure who that is
* /block NAME       neither see nor hear that one again; --remove takes it back
* /qr               the page's address, for the camera of a phone
* /invite           the same with the secret of a private room
* /quit             leave, as Ctrl-D does
* //TEXT            say a text that begins with a slash
* Tab completes names, paths and commands, Alt-Enter starts a new line`

// action begins a text that says what its sender does. It travels as it is, so
// that whoever does not know it reads it all the same; XMPP does so, too
// (XEP-0245).
const action = "/me "

// commands are those that Tab completes.
var commands = []string{"/block ", "/decline ", "/get ", "/help", "/invite", "/me ", "/msg ", "/qr", "/quit", "/send ", "/trust ", "/verify ", "/who"}

// enter returns what line says. It returns nil if it was a command that is
// done, errQuit, or a *MistakeError: a line that begins with a slash is never
// said unless it is understood, since it may hold what is for one alone.
func (c *interpreter) enter(line string) (*Utterance, error) {
	rest, isCommand := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "/")
	if !isCommand {
		return &Utterance{Text: line}, nil
	}
	if strings.HasPrefix(rest, "/") {
		return &Utterance{Text: rest}, nil
	}
	name, arg := cutWord(rest)
	switch strings.ToLower(name) {
	case "help":
		c.tell(commandHelp)
		return nil, nil
	case "who":
		c.tell(c.who())
		return nil, nil
	case "qr":
		return nil, c.qr()
	case "invite":
		return nil, c.inviting()
	case "quit":
		return nil, errQuit
	case "me":
		if arg == "" {
			return nil, &MistakeError{Text: "there is nothing that you do", Hint: "write /me waves"}
		}
		return &Utterance{Text: action + arg}, nil
	case "msg":
		return c.message(arg)
	case "send":
		return nil, c.send(arg)
	case "get":
		return nil, c.get(arg)
	case "decline":
		return nil, c.decline(arg)
	case "verify":
		return nil, c.verify(arg)
	case "trust":
		return nil, c.trust(arg)
	case "block":
		return nil, c.block(arg)
	}
	return nil, &MistakeError{
		Text: "there is no command /" + excerpt(name) + "; not sent",
		Hint: "/help lists them; with // before it, it is said as it is",
	}
}

// cutWord returns the first word of s and what follows it.
func cutWord(s string) (word, rest string) {
	i := strings.IndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeftFunc(s[i:], unicode.IsSpace)
}

// who lists who is here, each with the start of the ID, by which /msg finds
// one of two that bear one name, and whether it is in a browser.
func (c *interpreter) who() string {
	members := c.room.Members()
	lines := []string{"* " + c.room.Label(c.room.self) + " (you)"}
	for _, p := range members {
		line := "* " + c.room.Label(p)
		if !strings.Contains(line, p.ID.Short()) {
			line += " " + p.ID.Short()
		}
		line += browser(p)
		if p.ID != c.room.self.ID {
			line += standing(c.room.book.Judge(p))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// qr shows where browsers find the page as a code, and below it as text: where there
// is no room for a code, as text alone.
func (c *interpreter) qr() error {
	var urls []string
	if c.page != nil {
		urls = c.page()
	}
	if err := c.drawFirst(urls); err != nil {
		return err
	}
	c.tell(output.Page(urls))
	return nil
}

// inviting shows an invite, as qr does a page. One is enough: it is long.
func (c *interpreter) inviting() error {
	if c.invite == nil {
		return &MistakeError{Text: "this room is open: there is no secret to pass on", Hint: "lanyap invite makes a private one; /qr shows the page of this one"}
	}
	urls := c.invite()
	if err := c.drawFirst(urls); err != nil {
		return err
	}
	c.tell("* invite: " + urls[0])
	return nil
}

// drawFirst shows the first of the addresses as a code, where there is room for it.
func (c *interpreter) drawFirst(urls []string) error {
	if len(urls) == 0 {
		return &MistakeError{Text: "no page is served here", Hint: "leave --no-page out, and connect this machine to a network"}
	}
	if c.draw != nil {
		if code := c.draw(urls[0]); code != "" {
			c.show(code)
		}
	}
	return nil
}

// message returns what /msg says. Whom it is for is settled now: somebody else
// may have that name by the time it is said.
func (c *interpreter) message(arg string) (*Utterance, error) {
	name, text, ok := cutName(arg)
	if !ok || text == "" {
		return nil, &MistakeError{Text: "there is no name or no text; not sent", Hint: `write /msg bo hello, or /msg "Ana B" hello`}
	}
	p, err := c.room.FindShown(name)
	switch {
	case errors.Is(err, people.ErrAmbiguous):
		return nil, &MistakeError{Text: err.Error() + "; not sent", Hint: "name one of these"}
	case err != nil:
		return nil, &MistakeError{Text: err.Error() + "; not sent", Hint: "/who lists who is here; a name with spaces goes into double quotes"}
	}
	to := p.Instance.String()
	return &Utterance{Text: text, To: &to, Whom: c.room.Label(p)}, nil
}

// cutName returns the name with which s begins, in double quotes where it holds
// spaces (as names are shown, see [safe.Name]), and what follows it.
func cutName(s string) (name, rest string, ok bool) {
	quoted, isQuoted := strings.CutPrefix(s, `"`)
	if !isQuoted {
		name, rest = cutWord(s)
		return name, rest, name != ""
	}
	var out strings.Builder
	escaped := false
	for i, r := range quoted {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '"':
			return out.String(), strings.TrimLeftFunc(quoted[i+1:], unicode.IsSpace), true
		}
		out.WriteRune(r)
		escaped = false
	}
	return "", "", false
}

// complete returns the word at the end of before, which is all of a first line
// up to the cursor, and what may stand in its place: commands, and names, those
// who spoke last first.
func (c *interpreter) complete(before string) (word string, candidates []string) {
	if strings.HasPrefix(before, "/") && !strings.Contains(before, " ") {
		for _, name := range commands {
			if strings.HasPrefix(name, strings.ToLower(before)) {
				candidates = append(candidates, name)
			}
		}
		return before, candidates
	}
	if word, candidates, ok := c.completeFile(before); ok {
		return word, candidates
	}
	for _, verb := range []string{"/verify ", "/trust ", "/block "} {
		if arg, ok := strings.CutPrefix(before, verb); ok && (strings.HasPrefix(arg, `"`) || !strings.Contains(arg, " ")) {
			return arg, c.names(arg, "")
		}
	}
	if arg, ok := strings.CutPrefix(before, "/msg "); ok && (strings.HasPrefix(arg, `"`) || !strings.Contains(arg, " ")) {
		return arg, c.names(arg, " ")
	}
	word = before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	switch word {
	case "":
		return "", nil
	case before:
		return word, c.names(word, ": ")
	}
	return word, c.names(word, " ")
}

// names returns the names that begin with word, each with what goes behind it.
func (c *interpreter) names(word, behind string) []string {
	members := c.room.Members()
	start := strings.ToLower(strings.TrimPrefix(word, `"`))
	var list []string
	for _, p := range members {
		if strings.HasPrefix(strings.ToLower(p.Name), start) {
			list = append(list, quoted(p, members)+behind)
		}
	}
	return list
}

// quoted returns how /msg takes p.
func quoted(p mesh.Peer, members []mesh.Peer) string {
	ref := people.Reference(p, members)
	if strings.HasPrefix(ref, `"`) || !strings.ContainsFunc(ref, unicode.IsSpace) {
		return ref
	}
	return `"` + ref + `"`
}

// deed returns what a text says that its sender does.
func deed(text string) (string, bool) {
	what, ok := strings.CutPrefix(text, action)
	return safe.Text(what), ok && what != ""
}
